"""`ansae compare`: saliency methods compared on one set of images."""
