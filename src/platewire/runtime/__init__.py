"""What every part runs on: clock, status board, supervision, identity, secrets, TLS."""
