"""`ansae calibrate`: choose how saliency maps are read, on galaxies whose bars are known."""
