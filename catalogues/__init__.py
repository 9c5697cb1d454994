"""Nouns: the names, units, schemas and files of galaxies and their bars. No torch, no ray."""
