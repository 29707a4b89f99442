"""Reads number plates from cameras and hands every vehicle passage to other systems."""

__version__ = "0.1.0"
