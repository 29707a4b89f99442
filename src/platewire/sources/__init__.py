"""Sources: frames from cameras, clip files and folders; one file per source."""
