"""The Ray cluster a command runs on: resources, actor pools, monitoring and failures."""
