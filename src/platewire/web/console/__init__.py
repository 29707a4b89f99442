"""The console: HTML pages for people."""
