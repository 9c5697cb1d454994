"""Actors of `ansae train`: examples from shards, trials that train, and their evaluation."""
