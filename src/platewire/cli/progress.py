"""A progress bar on the terminal for anything that may take longer than two seconds."""

import sys
from typing import Any

from tqdm import tqdm


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
