"""`ansae calibrate`: choose how saliency maps are measured, on galaxies with known bars."""
