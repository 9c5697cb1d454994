"""The networks: their architectures, weights, outputs, and the ensemble they form."""
