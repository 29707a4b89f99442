"""Runs the benchmarks named on the command line, or all but the long ones; writes their page.

Each benchmark is a module bench_NAME.py with `run() -> Table`. A table states what was measured,
the ratio within the run, and the spread over its rounds, as machines differ and are noisy.
"""

import importlib
import sys
from pathlib import Path

from benchmarks.report import Table, rewrite

HERE = Path(__file__).parent
LONG = frozenset({"kills", "limits", "node_red", "partial", "queries", "soak", "soak_outputs"})
"""Take from ten minutes to hours, or what is no part of a machine for Python; run when named."""
PAGE = HERE.parent / "docs" / "benchmarks.md"


def main(arguments: list[str]) -> int:
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    wanted = arguments or [name for name in known if name not in LONG]
    if unknown := set(wanted) - set(known):
        print(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    for name in wanted:
        print(f"== {name}", flush=True)
        table: Table = importlib.import_module(f"benchmarks.bench_{name}").run()
        rewrite(PAGE, name, table)
        print(table.text(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
