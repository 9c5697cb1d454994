"""Published layouts of galaxy images, one file each."""
