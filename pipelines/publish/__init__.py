"""`ansae publish`: a finished catalogue as HATS, or as one flat file."""
