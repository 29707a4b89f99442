"""Every decoder survives bytes of any kind, for a while; `decoders.py` goes on."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("decoders.py").read_text("utf-8")
NAMES = re.findall(r'(?m)^    "(\w+)": Target\(', SOURCE)
RUNS = int(os.environ.get("PLATEWIRE_FUZZ_RUNS", "4000"))
MEGABYTES_MAX = 1024
"""Of the whole process, by which growth shows."""
BY_A_SMALL_PARENT = ("sh", "-c", '"$@"; exit $?', "sh")
"""Linux counts what a process was forked from as its peak of memory, and pytest is large."""
SECONDS_MAX = 10
"""For one input; a longer one is a hang."""


@pytest.mark.parametrize("name", NAMES)
def test_a_decoder_refuses_and_never_breaks(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris has no build for this Python or machine")
    limits = f"-runs={RUNS} -seed=20261122 -max_len=4096 -timeout={SECONDS_MAX} "
    limits += f"-rss_limit_mb={MEGABYTES_MAX} -artifact_prefix={tmp_path}/"
    fuzzer = [sys.executable, "-m", "tests.fuzz.decoders", name, *limits.split()]
    done = subprocess.run(
        [*BY_A_SMALL_PARENT, *fuzzer],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    found = [path.read_bytes() for path in tmp_path.iterdir()]
    assert done.returncode == 0, f"{found}: {done.stderr[-3000:]}"
    assert f"Done {RUNS} runs" in done.stderr


def test_every_target_is_named() -> None:
    assert len(NAMES) >= 11
