"""The commands of `run.py`; each first makes the environment it needs. Standard library only."""

from __future__ import annotations

import argparse
import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.environment import BIN, PYTHON, ROOT, SetupError, prepare

SKIPPED = 77
"""The exit code of a step that could not be done here; the customary one, as in Automake."""


def main(arguments: list[str], usage: str) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print(usage)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except SetupError as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


def options(command: Callable[[list[str]], int]) -> argparse.ArgumentParser:
    """For this command; its docstring is its help."""
    return argparse.ArgumentParser(
        prog=f"run.py {command.__name__}",
        description=inspect.cleandoc(str(command.__doc__)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def demo(arguments: list[str]) -> int:
    prepare("run")
    return become([PYTHON, "-m", "examples.demo", *arguments])


def setup(arguments: list[str]) -> int:
    """Create .venv and install platewire in it, as the lock file says.

    Later runs return at once, unless the lock file or pyproject.toml has changed. The other
    commands of run.py do this by themselves.
    """
    parser = options(setup)
    parser.add_argument(
        "--dev", action="store_true", help="also install the tools for tests, checks and releases"
    )
    prepare("dev" if parser.parse_args(arguments).dev else "run")
    print(f"ready: {BIN / 'platewire'}")
    return 0


def test(arguments: list[str]) -> int:
    """Run the tests. All other arguments go to pytest.

    python3 run.py test tests/wire                              the tests of one folder
    python3 run.py test tests/wire/test_native.py               one file
    python3 run.py test tests/wire/test_native.py::test_NAME    one test
    python3 run.py test -k relay -x                             by name; stop at the first failure
    python3 run.py test -- --help                               pytest's own options

    Tests whose counterpart (broker, browser, database) is missing are skipped; the end of the run
    says how to install it.
    """
    parser = options(test)
    parser.add_argument(
        "--coverage",
        action="store_true",
        help="measure which lines and branches of src/ the tests run, those in processes that "
        "they start included; slower",
    )
    at = arguments.index("--") if "--" in arguments else len(arguments)
    chosen, rest = parser.parse_known_args(arguments[:at])
    rest += arguments[at + 1 :]
    prepare("dev")
    if chosen.coverage:
        return covered(rest)
    return become([PYTHON, "-m", "pytest", *rest])


def covered(arguments: list[str]) -> int:
    """The exit code is that of the tests."""
    coverage: list[str | Path] = [PYTHON, "-m", "coverage"]
    (ROOT / ".coverage").mkdir(exist_ok=True)
    run([*coverage, "erase"])
    ended = run([*coverage, "run", "-m", "pytest", *arguments])
    for step in ("combine", "report", "html"):
        run([*coverage, step])
    return ended


def check(arguments: list[str]) -> int:
    """Check the whole tree, or run some steps of the check."""
    parser = options(check)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(steps())}")
    parser.add_argument(
        "--fix", action="store_true", help="format, and fix what the linter can fix by itself"
    )
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.steps) - set(steps()):
        parser.error(f"unknown step {min(unknown)!r}: use some of {', '.join(steps())}")
    prepare("dev")
    wanted = {
        name: command
        for name, command in steps(fix=chosen.fix).items()
        if not chosen.steps or name in chosen.steps
    }
    ended = {name: announced(name, command) for name, command in wanted.items()}
    print(f"check: {summary(ended)}")
    return 1 if any(code not in (0, SKIPPED) for code in ended.values()) else 0


def steps(fix: bool = False) -> dict[str, list[str | Path]]:
    """In their order: what the linter has fixed is then formatted."""
    return {
        "lint": [PYTHON, "-m", "ruff", "check", *(["--fix"] if fix else []), "."],
        "format": [PYTHON, "-m", "ruff", "format", *([] if fix else ["--check"]), "."],
        "types": [PYTHON, "-m", "mypy"],
        "layers": [BIN / "lint-imports", "--no-cache"],
        "changelog": [PYTHON, "-m", "scripts.changelog"],
        "dependencies": [PYTHON, "-m", "pip", "check"],
        "audit": [PYTHON, "-m", "scripts.audit"],
        "advisories": [PYTHON, "-m", "scripts.audit", "--advisories"],
    }


def summary(ended: dict[str, int]) -> str:
    """Of the steps with their exit codes. What was not looked at is not called good."""
    failed = [name for name, code in ended.items() if code not in (0, SKIPPED)]
    skipped = [name for name, code in ended.items() if code == SKIPPED]
    said = "failed: " + ", ".join(failed) if failed else "all passed"
    if skipped and not failed:
        said = "passed"
    return f"{said}; skipped: {', '.join(skipped)} (see above)" if skipped else said


def docs(arguments: list[str]) -> int:
    prepare("dev")
    return become([PYTHON, "-m", "scripts.documents", *arguments])


def bench(arguments: list[str]) -> int:
    prepare("dev")
    return become([PYTHON, "-m", "benchmarks", *arguments])


def lock(arguments: list[str]) -> int:
    """Regenerate requirements.lock and requirements-dev.lock from pyproject.toml.

    Versions that are locked stay as they are, unless pyproject.toml no longer allows them. Each
    package gets one version for all supported Pythons, with the hash of each of its files. This
    needs the package registry.
    """
    parser = options(lock)
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest version of every package"
    )
    parser.add_argument(
        "--upgrade-package", action="append", default=[], metavar="NAME", help="only of this one"
    )
    chosen = parser.parse_args(arguments)
    prepare("dev")
    flags = [f"--upgrade-package={name}" for name in chosen.upgrade_package]
    flags += ["--upgrade"] if chosen.upgrade else []
    return become([PYTHON, "-m", "scripts.locks", *flags])


def release(arguments: list[str]) -> int:
    prepare("dev")
    return become([PYTHON, "-m", "scripts.release", *arguments])


COMMANDS = {each.__name__: each for each in (demo, setup, test, check, docs, bench, lock, release)}


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
