"""A finished catalogue as a HATS collection, or as one flat file, with VOParquet metadata."""
