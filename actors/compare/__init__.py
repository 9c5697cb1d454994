"""Actors of `ansae compare`: the images that are explained, and the methods that explain them."""
