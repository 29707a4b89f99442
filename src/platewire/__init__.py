"""Reads number plates from cameras and hands every vehicle passage to other systems."""

import os

__version__ = "0.2.0"

# Newer versions of ONNX Runtime report to their maker, and keep a device id in the home folder for
# it, unless this is set before their first import. Nothing leaves the machine unasked.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
