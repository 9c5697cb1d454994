"""`ansae status`: show what a run is doing, read from its output."""
