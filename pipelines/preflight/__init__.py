"""`ansae preflight`: check a run and estimate its cost before it starts."""
