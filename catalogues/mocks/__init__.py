"""Mock galaxies with known bars: population, light, spirals, optics and votes."""
