"""What arrives from outside is bounded here: descriptors, connections, bytes and time."""
