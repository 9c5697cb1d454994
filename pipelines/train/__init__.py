"""`ansae train`: train an ensemble on image shards with votes, lengths or classes."""
