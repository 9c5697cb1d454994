"""What a run leaves in its output folder: run.json, checkpoint, lease, heartbeat, pictures."""
