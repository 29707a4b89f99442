"""From bytes to frames: decoding, time stamps, thinning, hand-over between threads."""
