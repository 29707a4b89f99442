#!/usr/bin/env python3
"""Sets platewire up and runs it: demo | test | check | bench | setup | lock.

    python3 run.py demo            watch a sample clip being read; --once plays it to its end
    python3 run.py test            run the tests (further arguments go to pytest)
    python3 run.py check           formatter, linter, types, import layers, dependencies, audit
    python3 run.py bench [NAME]    run the benchmarks, write docs/benchmarks.md
    python3 run.py setup           only make the environment; --dev with the tools for tests
    python3 run.py lock            make the lock files anew; --upgrade takes the newest of all

The first run makes `.venv` beside this file and installs what the lock file names, by hash, from
pip's package registry; later runs start at once. Nothing outside this folder is changed.
"""

import sys

# This file alone is also read by Pythons that are too old for the rest, 2.7 among them, so that
# they answer in a sentence: no annotations here, and no f-strings.
OLDEST, NEWEST = (3, 11), (3, 14)
"""Pythons that the tests are run with; as in pyproject.toml."""

if not OLDEST <= sys.version_info[:2] <= NEWEST:
    sys.stderr.write(
        "platewire runs on Python {0}.{1} to {2}.{3}, and this is {4}.{5}: install one of those "
        "and start run.py with it, for example `python{2}.{3} run.py demo`.\n".format(
            *(OLDEST + NEWEST + tuple(sys.version_info[:2]))
        )
    )
    sys.exit(2)

from scripts.commands import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], str(__doc__)))
