"""`ansae mocks`: draw galaxies with known bars, or lay known bars into real images."""
