"""The delivery book: what the log keeps for each output."""
