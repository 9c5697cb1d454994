"""Publish a finished catalogue as a HATS collection or one flat file, with VOParquet metadata."""
