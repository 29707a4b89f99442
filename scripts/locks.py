"""The lock files: made by uv from pyproject.toml, and what has to hold in them.

    python3 run.py lock              adds what pyproject.toml names anew, keeps all other versions
    python3 run.py lock --upgrade    takes the newest version of everything

One version of a package serves every supported Python wherever there is one: what only one of them
runs is what nobody has tried. `differences` finds packages for which that does not hold;
`PER_PYTHON` says why some may differ.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker
from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts.environment import LOCKS, ROOT

HOLDS: Mapping[str, Sequence[str]] = {
    "run": ("--group", "build"),
    "dev": ("--group", "dev", "--all-extras"),
}
"""What each lock holds beside the dependencies themselves; the group `build` is part of `dev`."""

PER_PYTHON: Mapping[str, str] = {
    "atheris": "fuzzes on 3.11 alone: no release has builds for 3.11 and for newer ones",
}
"""Packages whose version, or whose presence, depends on the Python; and why that must be."""

SYSTEMS: Sequence[Mapping[str, str]] = (
    {"sys_platform": "linux", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"},
    {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"},
)


class Pin(NamedTuple):
    name: str
    """As PEP 503 compares names."""
    version: str
    marker: str
    """The environments that it is for, as PEP 508 writes them; empty for all."""
    hashes: int


def main(arguments: Sequence[str]) -> int:
    oldest = supported()[0]
    for kind, lock in LOCKS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", *HOLDS[kind]]
        command += ["--universal", "--fork-strategy", "fewest", "--python-version", oldest]
        command += ["--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
        subprocess.run([*command, *arguments, "--output-file", lock.name], cwd=ROOT, check=True)
    problems = [
        f"{lock.name}: {each}" for lock in LOCKS.values() for each in differences(read(lock))
    ]
    print("\n".join(problems) or "both locks written; one version for every Python")
    return 1 if problems else 0


def supported() -> list[str]:
    """The minor versions of Python that pyproject.toml lists, oldest first."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        classifiers = tomllib.load(file)["project"]["classifiers"]
    listed = r"Programming Language :: Python :: (3\.\d+)"
    return [match[1] for each in classifiers if (match := re.fullmatch(listed, each))]


# --- what a lock says ----------------------------------------------------------------------------


def read(lock: Path) -> list[Pin]:
    return list(pins(lock.read_text("utf-8")))


def pins(text: str) -> Iterator[Pin]:
    """Each line `name==version ; marker`, with the number of hashes that follow it."""
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if match := re.match(r"([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", block):
            hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block))
            yield Pin(canonicalize_name(match[1]), match[2], (match[3] or "").strip(), hashes)


# --- one version for every Python ----------------------------------------------------------------


def differences(lock: Sequence[Pin], allowed: Mapping[str, str] = PER_PYTHON) -> Iterator[str]:
    """A sentence for each package that is not the same for every supported Python.

    `allowed` excuses another version, or none, but never another major version.
    """
    pythons = supported()
    for name in sorted({pin.name for pin in lock}):
        found = versions(lock, name, pythons)
        if len({Version(one).major for per in found for one in per.values() if one}) > 1:
            yield f"{name} has another major version for some Pythons: {told(found)}; bound it"
        elif name not in allowed and any(len(set(per.values())) > 1 for per in found):
            yield (
                f"{name} is not the same for every Python: {told(found)}; bound it in "
                "pyproject.toml, or say in PER_PYTHON why it must differ"
            )


def versions(lock: Iterable[Pin], name: str, pythons: Sequence[str]) -> list[dict[str, str]]:
    """For each system: Python -> version of this package there, empty for none."""
    mine = [pin for pin in lock if pin.name == name]
    return [
        {
            python: next((pin.version for pin in mine if applies(pin, system, python)), "")
            for python in pythons
        }
        for system in SYSTEMS
    ]


def applies(pin: Pin, system: Mapping[str, str], python: str) -> bool:
    here = {**system, "python_version": python, "python_full_version": f"{python}.2"}
    return not pin.marker or Marker(pin.marker).evaluate(here)


def told(found: Iterable[Mapping[str, str]]) -> str:
    """Of the first system on which they differ."""
    per = next((each for each in found if len(set(each.values())) > 1), {})
    return ", ".join(f"{version or 'none'} on {python}" for python, version in per.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
