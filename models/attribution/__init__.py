"""Saliency methods for any classifier (paper 2), one interface for all."""
