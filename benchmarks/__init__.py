"""Benchmarks: `python3 run.py bench [NAME]`; results are written to docs/benchmarks.md."""
