"""Train networks: examples, augmentation, the training loop and its parameters."""
