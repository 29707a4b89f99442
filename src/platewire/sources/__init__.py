"""The outside world -> frames: one file per way in."""
