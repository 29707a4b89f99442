"""Console page, JSON API, live stream, metrics."""
