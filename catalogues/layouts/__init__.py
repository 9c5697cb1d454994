"""Layouts of published data sets: how their files become rows of the manifest."""
