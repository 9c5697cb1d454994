"""`ansae report`: a run's catalogue as one HTML page."""
