"""Data of the project: names, units, schemas and files of galaxies and bars. No torch, no ray."""
