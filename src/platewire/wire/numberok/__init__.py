"""The wire formats of NumberOk."""
