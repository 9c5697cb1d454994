"""The Ray cluster on which a command runs: resources, actor pools, monitoring and failures."""
