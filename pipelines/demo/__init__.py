"""`ansae demo`: measure a mock survey with known bars and report the results."""
