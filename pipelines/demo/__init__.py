"""`ansae demo`: a mock survey with known bars, measured and reported on."""
