"""Image shards, the input of every command: read, write, rows, ids, splits, votes."""
