"""Ray actors and tasks: thin classes that load once and call `models` on every batch."""
