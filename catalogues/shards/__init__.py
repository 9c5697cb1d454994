"""Image shards, the input of every command: reading, writing, rows, ids, splits and votes."""
