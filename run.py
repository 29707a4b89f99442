#!/usr/bin/env python3
"""Sets platewire up and runs it: demo | setup | test | check | docs | bench | lock | release.

    python3 run.py demo              watch a sample clip being read; --once plays it to its end
    python3 run.py setup             create .venv; --dev also installs the development tools
    python3 run.py test [TESTS]      run the tests, or one of them; --coverage measures coverage
    python3 run.py check [STEPS]     formatter, linter, types, import layers, dependencies, audit,
                                     changelog fragments; --fix formats and fixes
    python3 run.py docs              regenerate the generated documents; --check only compares
    python3 run.py bench [NAME]      run the benchmarks, write docs/benchmarks.md
    python3 run.py lock              regenerate the lock files; --upgrade takes the newest versions
    python3 run.py release VERSION   build, check and tag a release; --dry-run only builds it

`python3 run.py COMMAND --help` explains a command; CONTRIBUTING.md explains when to use which.

The first run creates `.venv` beside this file and installs what the lock file names, by hash, from
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
