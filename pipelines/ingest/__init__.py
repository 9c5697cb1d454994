"""`ansae ingest`: copy images of a published layout into image shards."""
