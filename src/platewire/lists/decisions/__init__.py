"""What relays did and why: kept over restarts, the newest of each output."""
