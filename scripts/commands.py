"""The commands of `run.py`; each first makes the environment it needs. Standard library only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts.environment import BIN, PYTHON, ROOT, SetupError, prepare


def main(arguments: list[str], usage: str) -> int:
    commands = {
        "demo": demo,
        "test": test,
        "check": check,
        "bench": bench,
        "setup": setup,
        "lock": lock,
    }
    if not arguments or arguments[0] not in commands:
        print(usage)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        return commands[arguments[0]](arguments[1:])
    except SetupError as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


def demo(arguments: list[str]) -> int:
    prepare("run")
    return become([PYTHON, "-m", "examples.demo", *arguments])


def test(arguments: list[str]) -> int:
    prepare("dev")
    return become([PYTHON, "-m", "pytest", *arguments])


def check(arguments: list[str]) -> int:
    prepare("dev")
    fix = "--fix" in arguments
    steps: list[tuple[str, list[str | Path]]] = [
        ("format", [PYTHON, "-m", "ruff", "format", *([] if fix else ["--check"]), "."]),
        ("lint", [PYTHON, "-m", "ruff", "check", *(["--fix"] if fix else []), "."]),
        ("types", [PYTHON, "-m", "mypy"]),
        ("layers", [BIN / "lint-imports", "--no-cache"]),
        ("dependencies", [PYTHON, "-m", "pip", "check"]),
        ("audit", [PYTHON, "-m", "scripts.audit"]),
    ]
    failed = [name for name, command in steps if announced(name, command) != 0]
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all good'}")
    return 1 if failed else 0


def bench(arguments: list[str]) -> int:
    prepare("dev")
    return become([PYTHON, "-m", "benchmarks", *arguments])


def setup(arguments: list[str]) -> int:
    prepare("dev" if "--dev" in arguments else "run")
    print(f"ready: {BIN / 'platewire'}")
    return 0


def lock(arguments: list[str]) -> int:
    prepare("dev")
    return become([PYTHON, "-m", "scripts.locks", *arguments])


def announced(name: str, command: list[str | Path]) -> int:
    print(f"== {name}", flush=True)
    return run(command)


def become(command: list[str | Path]) -> int:
    """Goes on as this program. As its parent, one would kill it a quarter of a second after Ctrl-C,
    and what it has started would run on. Windows cannot do so; there it is waited for."""
    if os.name != "nt":
        os.chdir(ROOT)
        sys.stdout.flush()
        os.execv(command[0], [str(part) for part in command])
    return run(command)


def run(command: list[str | Path]) -> int:
    return subprocess.call([str(part) for part in command], cwd=ROOT)
