"""`ansae compare`: compare saliency methods on one set of images."""
