"""Measure how faithful a saliency map is: metrics, curves, randomisation checks and rankings."""
