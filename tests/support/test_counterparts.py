"""Tests without their counterpart: skipped with the remedy, failed on CI, listed at the end."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import counterparts
from tests.support.counterparts import ALL, Counterpart, need, untried

ROOT = Path(__file__).resolve().parents[2]
HERE = Counterpart("here", ["here-package"], lambda: True)
GONE = Counterpart("gone", ["gone-package", "its-library"], lambda: False)


def test_what_is_here_may_be_talked_to() -> None:
    need(HERE)


def test_what_is_missing_skips_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install gone-package its-library"):
        need(HERE, GONE)


def test_what_is_missing_fails_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="gone is not installed"):
        need(HERE, GONE)


def test_the_end_counts_what_was_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counterparts, "ALL", [HERE, GONE])
    counts, packages = untried(["only root may mount", GONE.reason, GONE.reason])
    assert list(counts.items()) == [(GONE.reason, 2), ("only root may mount", 1)]
    assert packages == ["gone-package", "its-library"]


def test_ci_installs_every_counterpart() -> None:
    lines = (ROOT / ".ci" / "apt-packages").read_text("utf-8").splitlines()
    installed = {line for line in lines if line and not line.startswith("#")}
    assert {package for each in ALL for package in each.packages} <= installed


IGNORED = """
import signal, subprocess, sys
from tests import conftest
for each in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(each, signal.SIG_IGN)
{given}
code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
subprocess.run([sys.executable, "-c", code], check=True)
"""


@pytest.mark.parametrize(
    ("given", "heeds"), [("", "False"), ("conftest.pytest_configure()", "True")]
)
def test_programs_that_tests_start_heed_signals_that_the_tests_ignore(
    given: str, heeds: str
) -> None:
    """As in a background job of a shell without job control, and below `nohup`."""
    command = [sys.executable, "-c", IGNORED.format(given=given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{heeds}\n"
