"""What platewire uses tells its maker nothing."""

import os
import subprocess
import sys
from pathlib import Path

OPEN_A_MODEL = """
from platewire.recognition.networks.models import RECOGNIZER, model_folder, open_session
open_session(model_folder() / RECOGNIZER, 1)
"""


def test_opening_a_model_leaves_no_trace_of_telemetry(tmp_path: Path) -> None:
    """ONNX Runtime makes a device id and a store for its reports in the home folder."""
    unset = {key: value for key, value in os.environ.items() if not key.startswith("ORT_")}
    done = subprocess.run(
        [sys.executable, "-c", OPEN_A_MODEL],
        env={**unset, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
