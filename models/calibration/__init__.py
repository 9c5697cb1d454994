"""Choose and calibrate the reading of maps on galaxies whose bars are known."""
