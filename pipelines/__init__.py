"""Sentences: one file per command, one stage per line."""
