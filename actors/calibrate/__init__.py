"""Actors of `ansae calibrate`: maps of known bars, and the trials of the two grids."""
