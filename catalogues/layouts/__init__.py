"""Published layouts, one file each: how their files become manifest rows."""
