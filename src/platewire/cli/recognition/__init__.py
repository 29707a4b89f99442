"""Commands that run recognition on files, without a server."""
