"""`ansae measure`: the main job, image shards to bar catalogue."""
