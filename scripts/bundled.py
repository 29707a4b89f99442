"""The libraries that wheels bring along: those that are installed against the table in NOTICE.

Tools that repair wheels lay the libraries into folders of their own and put a hash into each name:
`av.libs/libx264-d6533a8d.so.165` on Linux (auditwheel). NOTICE tells of Linux on x86-64; elsewhere
nothing is compared.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from packaging.utils import canonicalize_name

from scripts.environment import ROOT

NOTICE = ROOT / "NOTICE"
HASHED = re.compile(r"(?P<name>.+?)(-[0-9a-f]{8})+(?=[.-])")
"""The name before auditwheel's hashes; a wheel repaired twice has two."""


def is_told_of() -> bool:
    return sys.platform == "linux" and platform.machine() == "x86_64"


def listed(text: str) -> dict[str, set[str]]:
    """By wheel, the libraries that the table names."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(" | ")]
        if len(cells) == 4 and cells[0] != "wheel":
            found.setdefault(cells[0], set()).update(cells[1].split())
    return found


def installed(names: Iterable[str]) -> dict[str, set[str]]:
    """The same of what is installed, for these packages."""
    return {name: found for name in names if (found := _libraries(name))}


def _libraries(package: str) -> set[str]:
    files = importlib.metadata.distribution(package).files or ()
    return {name for file in files if (name := library(file))}


def library(file: PurePath) -> str:
    """The library's name without hash and version; empty for a file that is none."""
    if not file.parts[0].endswith(".libs"):
        return ""
    hashed = HASHED.match(file.name)
    return hashed["name"] if hashed else file.name.partition(".so")[0]


def differences(notice: Mapping[str, set[str]], there: Mapping[str, set[str]]) -> Iterable[str]:
    for wheel in sorted(notice.keys() | there.keys()):
        named, found = notice.get(wheel, set()), there.get(wheel, set())
        for each in sorted(found - named):
            yield f"{wheel} brings {each} along; say in NOTICE what it is and under which license"
        for each in sorted(named - found):
            yield f"NOTICE says that {wheel} brings {each} along, which it no longer does"


def problems(packages: Iterable[str]) -> list[str]:
    """What NOTICE says wrongly about these packages, as they are installed here."""
    if not is_told_of():
        return []
    names = [canonicalize_name(each) for each in packages]
    return list(differences(listed(NOTICE.read_text("utf-8")), installed(names)))
