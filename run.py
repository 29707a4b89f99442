#!/usr/bin/env python3
"""Sets platewire up and runs it: demo | test | check | bench. Standard library only.

    python3 run.py demo            watch a sample clip being read; --once plays it to its end
    python3 run.py test            run the tests (further arguments go to pytest)
    python3 run.py check           formatter, linter, types, import layers, dependencies, audit
    python3 run.py bench [NAME]    run the benchmarks, write docs/benchmarks.md
    python3 run.py setup           only make the environment

The first run makes `.venv` beside this file and installs what the lock file names, by hash, from
pip's package registry; later runs start at once. Nothing outside this folder is changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
OLDEST_PYTHON = (3, 11)
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST_PYTHON:
        print(f"platewire needs Python 3.11 or later; this is {sys.version.split()[0]}.")
        return 2
    commands = {"demo": demo, "test": test, "check": check, "bench": bench, "setup": setup}
    if not arguments or arguments[0] not in commands:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        return commands[arguments[0]](arguments[1:])
    except SetupError as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


class SetupError(Exception):
    """The environment cannot be made; the text says what to do."""


# --- the commands --------------------------------------------------------------------------------


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
        ("audit", [PYTHON, ROOT / "scripts" / "audit.py"]),
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


# --- the environment -----------------------------------------------------------------------------


def prepare(kind: str) -> None:
    """Makes or renews `.venv`; returns at once when it already holds what the lock says."""
    good_enough = ["run", "dev"] if kind == "run" else ["dev"]
    if PYTHON.exists() and any(installed(name) for name in good_enough):
        return
    if not PYTHON.exists():
        make_venv()
    title = {"run": "installing what platewire needs", "dev": "installing the test tools too"}
    pip(title[kind], ["install", "--require-hashes", "--no-deps", "-r", str(LOCKS[kind])])
    editable = ["install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    pip("installing platewire itself", editable)
    stamp(kind).write_text(fingerprint(kind))


def stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def installed(kind: str) -> bool:
    return stamp(kind).exists() and stamp(kind).read_text() == fingerprint(kind)


def fingerprint(kind: str) -> str:
    parts = [LOCKS[kind].read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    return hashlib.sha256(b"\0".join([*parts, sys.version.encode()])).hexdigest()


def make_venv() -> None:
    """A virtual environment with pip in it, also where Debian left `ensurepip` out."""
    step("making .venv", [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("ensurepip._bundled"):
        step("adding pip", [str(PYTHON), "-m", "ensurepip", "--default-pip"])
    else:
        wheel = fetch_pip()
        install = [str(PYTHON), str(wheel / "pip"), "install", "--no-index", str(wheel)]
        step("adding pip", install)


def fetch_pip() -> Path:
    """Downloads the pinned pip from the registry that pip itself would use."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    request = urllib.request.Request(f"{index}/pip/", headers={"Accept": "text/html"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            page, base = answer.read().decode(), answer.url
        links = [link for link in re.findall(r'href="([^"]+)"', page) if PIP_WHEEL in link]
        if not links:
            raise SetupError(f"{index} does not offer {PIP_WHEEL}. Remedy: install python3-venv.")
        with urllib.request.urlopen(urllib.parse.urljoin(base, links[0]), timeout=60) as answer:
            data = answer.read()
    except OSError as error:
        raise SetupError(
            f"pip cannot be fetched from {index}: {error}. Remedy: install python3-venv, or set "
            "PIP_INDEX_URL to a registry that can be reached."
        ) from error
    if hashlib.sha256(data).hexdigest() != PIP_SHA256:
        raise SetupError(
            f"{PIP_WHEEL} from {index} is not the one expected; nothing was installed."
        )
    wheel = VENV / PIP_WHEEL
    wheel.write_bytes(data)
    return wheel


def pip(title: str, arguments: list[str]) -> None:
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    step(title, [str(PYTHON), "-m", "pip", *arguments, *quiet])


def step(title: str, command: list[str]) -> None:
    """Runs one command with a line that counts packages and seconds; its output only on failure."""
    started = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )
    said: list[str] = []

    def listen() -> None:
        assert process.stdout is not None
        said.extend(process.stdout)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    live = sys.stdout.isatty()
    while listener.is_alive():
        listener.join(0.5)
        if live:
            packages = sum(line.startswith("Collecting") for line in said)
            count = f", {packages} packages" if packages else ""
            print(f"\r{title} ... {time.monotonic() - started:.0f} s{count}", end="", flush=True)
    code = process.wait()
    end = "\r" if live else ""
    print(f"{end}{title} ... {time.monotonic() - started:.0f} s            ", flush=True)
    if code != 0:
        tail = "".join(said[-25:])
        raise SetupError(
            f"{title} ended with {code}:\n{tail}\n"
            "Remedy: check that the package registry can be reached (pip's index-url, proxy, "
            "certificate), delete .venv and run the same command again."
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
