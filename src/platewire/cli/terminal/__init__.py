"""What the commands share: options, progress, the running server."""
