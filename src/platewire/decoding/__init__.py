"""Encoded pictures -> pixels: one decoder for files, cameras and whoever sends pictures."""
