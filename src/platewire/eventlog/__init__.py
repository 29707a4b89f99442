"""The append-only, durable log of events, with cursors."""
