"""The formats of video management systems and cameras."""
