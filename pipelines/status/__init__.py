"""`ansae status`: what a run is doing, read from its output."""
