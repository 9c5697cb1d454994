"""Stages of `ansae measure`, in order: shard source, decoder, explainer, measurer, writer."""
