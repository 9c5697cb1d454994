"""Choose and calibrate how maps are measured, on galaxies with known bars."""
