"""Actors of `ansae compare`: prepare images and networks, run saliency methods, time them."""
