"""Progress bars: one process draws them, and starts no other for it."""

import subprocess
import sys

BARS = """
import psutil
from platewire.cli.terminal.progress import bar
with bar(2, "reading", "frames") as progress:
    progress.update(1)
    print(psutil.Process().children())
"""


def test_a_bar_starts_no_process() -> None:
    done = subprocess.run([sys.executable, "-c", BARS], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr == "", "nobody looks"
