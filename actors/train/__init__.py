"""Actors of `ansae train`: read examples from shards, train members, evaluate the result."""
