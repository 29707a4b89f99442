"""Which reads belong to the same vehicle."""
