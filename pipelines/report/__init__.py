"""`ansae report`: show a run's catalogue on one HTML page."""
