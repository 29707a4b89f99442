"""Recognition: finds and reads the plates of a frame."""
