"""Layouts of published sets of galaxy images, one file each."""
