"""Files of a run's output folder: run.json, checkpoint, lease, heartbeat, pictures, caches."""
