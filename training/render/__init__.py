"""Number plates drawn by us: texts, layouts of many countries, and a camera's faults."""
