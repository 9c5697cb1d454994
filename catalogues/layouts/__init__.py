"""Published layouts of galaxy images, one file per layout, each a stream of manifest rows."""
