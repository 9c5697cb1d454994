"""Verbs on a cluster: thin classes that load once and call `models` on every batch."""
