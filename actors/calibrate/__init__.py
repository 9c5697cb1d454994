"""Actors of `ansae calibrate`: make maps of known bars, and run the trials of the two grids."""
