"""A progress bar on the terminal for anything that may take longer than two seconds."""

import sys
import threading
from typing import Any

from tqdm import tqdm

# Bars are drawn by one process. tqdm's own lock is one for several, for which Python starts a
# process of its own (from 3.14 on in any case) that outlives the command by a moment.
tqdm.set_lock(threading.RLock())


def bar(total: int | None, what: str, unit: str) -> "tqdm[Any]":
    """Appears after two seconds, on stderr, with speed and time left; never where no one looks."""
    return tqdm(
        total=total,
        desc=what,
        unit=f" {unit}",
        delay=2,
        leave=False,
        disable=not sys.stderr.isatty(),
        dynamic_ncols=True,
    )
