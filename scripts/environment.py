"""`.venv`: made from a lock file with nothing but Python and pip's registry. Standard library only.

It is made anew when another Python starts `run.py` than the one it was made with, or when making
it was cut off; it is added to when the lock has changed.
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

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
MADE_WITH = VENV / ".made-with"
"""Written last: which Python the environment was made with."""
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


class SetupError(Exception):
    """The environment cannot be made; the text says what to do."""


def prepare(kind: str) -> None:
    """Makes or renews `.venv`; returns at once when it already holds what the lock says.

    `kind` is `run` for what platewire needs, or `dev` for the tools of the tests too.
    """
    if not made_with_this_python():
        make_venv()
    good_enough = ["run", "dev"] if kind == "run" else ["dev"]
    if any(installed(name) for name in good_enough):
        return
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
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def this_python() -> str:
    return f"{sys.version} in {sys.base_prefix}"


def made_with_this_python() -> bool:
    """False also where the Python that the environment points to is gone."""
    return PYTHON.exists() and MADE_WITH.exists() and MADE_WITH.read_text() == this_python()


def make_venv() -> None:
    """A virtual environment with pip in it, also where Debian left `ensurepip` out."""
    step("making .venv", [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("ensurepip._bundled"):
        step("adding pip", [str(PYTHON), "-m", "ensurepip", "--default-pip"])
    else:
        wheel = fetch_pip()
        install = [str(PYTHON), str(wheel / "pip"), "install", "--no-index", str(wheel)]
        step("adding pip", install)
    MADE_WITH.write_text(this_python())


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
    """Runs one command under one line of text; its output only on failure.

    On a terminal the line counts packages and seconds; in a file it holds the title and the end.
    """
    started = time.monotonic()
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        listener = threading.Thread(target=said.extend, args=(process.stdout,), daemon=True)
        listener.start()
        show_progress(title, started, said, listener)
    if process.returncode != 0:
        tail = "".join(said[-25:])
        raise SetupError(
            f"{title} ended with {process.returncode}:\n{tail}\n"
            "Remedy: check that the package registry can be reached (pip's index-url, proxy, "
            "certificate), delete .venv and run the same command again."
        )


def show_progress(title: str, started: float, said: list[str], listener: threading.Thread) -> None:
    live = sys.stdout.isatty()
    if not live:
        print(f"{title} ...", end="", flush=True)
    while listener.is_alive():
        listener.join(0.5)
        if live:
            packages = sum(line.startswith("Collecting") for line in said)
            count = f", {packages} packages" if packages else ""
            print(f"\r{title} ... {time.monotonic() - started:.0f} s{count}", end="", flush=True)
    seconds = f"{time.monotonic() - started:.0f} s"
    print(f"\r{title} ... {seconds:<20}" if live else f" {seconds}", flush=True)
