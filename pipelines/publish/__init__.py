"""`ansae publish`: publish a finished catalogue as HATS collection, or also as one file."""
