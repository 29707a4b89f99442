"""Fixtures that all tests share, and what the end of a run says of tests that were not tried."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.certificates import authority, by_hand, expired, stranger
from tests.support.counterparts import untried

__all__ = ["authority", "by_hand", "expired", "stranger"]

# No deadline: how long an example takes says more of the machine than of the code. Where CI runs,
# the same examples come each time, so that a failure there is one of the change under test.
settings.register_profile("platewire", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("platewire")


def pytest_configure() -> None:
    """Signals end what the tests start, also where whoever started the tests ignores them.

    A shell without job control lets its background jobs ignore SIGINT, `nohup` lets them ignore
    SIGHUP, and whatever they start inherits that. A handler is not inherited: what is handled here,
    if only by doing nothing, has its default meaning in a new program.
    """
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP.
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped and why; for missing counterparts, how to get them."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons, packages = untried(reason(report) for report in skipped)
    if not reasons:
        return
    terminalreporter.section("not tried here")
    for why, count in reasons.items():
        terminalreporter.write_line(f"{count:5} test{'s' if count > 1 else ' '}  {why}")
    if packages:
        terminalreporter.write_line(f"To try them on Debian: apt-get install {' '.join(packages)}")


def reason(report: pytest.TestReport) -> str:
    place = report.longrepr
    said = place[2] if isinstance(place, tuple) else str(place)
    return said.removeprefix("Skipped: ")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real pictures and clips; skips, saying why, where it is missing."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PLATEWIRE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real pictures: {folder} is missing (set PLATEWIRE_DATA)")
    return folder
