"""Actors of `ansae measure`: shard source, decoder, explainer, measurer, writer (in that order)."""
