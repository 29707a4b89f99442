"""Looks at what is installed: is it what the lock names, may we use it, is it known to be bad?

    .venv/bin/python -m scripts.audit                  as two steps of `python run.py check`
    .venv/bin/python -m scripts.audit --advisories

Ends with 1 where a package is not in the lock with its hash, has a license that is not among those
below, or brings a library along that NOTICE does not tell of; with `--advisories` where one has a
known vulnerability. That question goes to osv.dev with the names and versions of the packages;
where it cannot be reached the answer is `SKIPPED`.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from packaging.utils import canonicalize_name

from scripts import bundled
from scripts.commands import SKIPPED
from scripts.environment import LOCKS
from scripts.locks import Pin, read

OSV = "https://api.osv.dev/v1/querybatch"
OSV_SECONDS = 10.0
ANSWER_BYTES_MAX = 16 << 20
NOT_LOCKED = frozenset({"platewire", "pip", "setuptools", "wheel"})
"""This project, and what a virtual environment brings along."""

LICENSES = re.compile(
    r"0BSD|Apache\b.*|any-OSI|BSD\b.*|\d-Clause BSD.*|CC0-1.0|EPL-2.0|HPND|ISC\b.*|MIT\b.*|MPL-2.0|"
    r"Mozilla Public License 2.0.*|PSF-2.0|PSFL|Python Software Foundation License|Unlicense|Zlib",
    re.IGNORECASE,
)
"""Permissive ones, and those whose duties end at their own files."""

TEXTS = (
    ("Apache License Version 2.0", "Apache-2.0"),
    ("Permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"),
    ("Redistribution and use in source and binary forms", "BSD-3-Clause"),
)
"""By which a license's own text is known."""

ACCEPTED: Mapping[str, str] = {}
"""Advisories that do not concern us: id, and why not."""


class Package(NamedTuple):
    name: str
    version: str
    license: str
    """An SPDX expression, or what its metadata says in words; empty where they say nothing."""
    from_elsewhere: str
    """The address, where it was not installed from a registry."""


def main(arguments: Sequence[str]) -> int:
    packages = installed()
    if "--advisories" in arguments:
        return _look_up(packages)
    # The lock names some packages for other Pythons or systems only.
    here = {(each.name, each.version) for each in packages}
    problems = [
        *not_as_locked(packages, read(LOCKS["dev"])),
        *licenses_unknown(packages),
        *bundled.problems(
            pin.name for pin in read(LOCKS["run"]) if (pin.name, pin.version) in here
        ),
    ]
    return _told(problems, f"{len(packages)} packages checked")


def _look_up(packages: list[Package]) -> int:
    try:
        found = advisories(packages)
    except NotReachable as error:
        print(f"audit: {error}")
        return SKIPPED
    return _told(found, f"{len(packages)} packages looked up at osv.dev")


def _told(problems: Sequence[str], note: str) -> int:
    for problem in problems:
        print(f"audit: {problem}")
    print(f"audit: {note}; problems: {len(problems) or 'none'}")
    return 1 if problems else 0


# --- what is installed ---------------------------------------------------------------------------


def installed() -> list[Package]:
    found = (_package(each) for each in importlib.metadata.distributions())
    return sorted(each for each in found if each.name not in NOT_LOCKED)


def _package(distribution: importlib.metadata.Distribution) -> Package:
    about = distribution.metadata
    direct = distribution.read_text("direct_url.json")
    return Package(
        name=canonicalize_name(about["Name"]),
        version=distribution.version,
        license=_license(distribution),
        from_elsewhere=json.loads(direct)["url"] if direct else "",
    )


def _license(distribution: importlib.metadata.Distribution) -> str:
    """The expression, else the words, else the classifiers, else what the license file is."""
    about = distribution.metadata
    classes = [
        each.rpartition(" :: ")[2]
        for each in about.get_all("Classifier") or ()
        if each.startswith("License :: OSI Approved :: ")
    ]
    words = [
        each
        for name in ("License-Expression", "License")
        for each in about.get_all(name) or ()
        if "\n" not in each and each != "UNKNOWN"
    ]
    return next(iter(words), "") or " OR ".join(classes) or _of_files(distribution)


def _of_files(distribution: importlib.metadata.Distribution) -> str:
    """Of all license files together; a file that is none of the known ones is its name."""
    files = [each for each in distribution.files or () if re.match("LICEN[CS]E|COPYING", each.name)]
    return " AND ".join(of_text(each.read_text()) or each.name for each in files)


def of_text(text: str) -> str:
    """Which license the text is; empty for others."""
    plain = " ".join(text[:3000].split())
    return next((name for sign, name in TEXTS if sign in plain), "")


# --- the lock ------------------------------------------------------------------------------------


def not_as_locked(packages: Iterable[Package], lock: Sequence[Pin]) -> Iterable[str]:
    for pin in lock:
        if not pin.hashes:
            yield f"{pin.name} {pin.version} has no hash in the lock; run `python3 run.py lock`"
    for each in packages:
        versions = [pin.version for pin in lock if pin.name == each.name]
        if each.version not in versions:
            wanted = " or ".join(versions) or "nothing of it"
            yield (
                f"{each.name} {each.version} is installed, and the lock names {wanted}; delete "
                ".venv, or add it to pyproject.toml and lock it"
            )
        elif each.from_elsewhere:
            yield f"{each.name} was installed from {each.from_elsewhere}, not by the lock's hash"


# --- licenses ------------------------------------------------------------------------------------


def licenses_unknown(packages: Iterable[Package]) -> Iterable[str]:
    for each in packages:
        if not usable(each.license):
            said = each.license or "nothing"
            yield f"{each.name} {each.version}: its license says {said!r}, not one that may be used"


def usable(expression: str) -> bool:
    """One of the choices of an expression, and all parts of that one."""
    choices = re.split(r"\s+OR\s+", expression.replace("(", " ").replace(")", " "))
    if "(" in expression and " AND " in expression:
        choices = [" AND ".join(choices)]  # nothing of it may be left out
    return any(
        all(LICENSES.fullmatch(part.strip()) for part in re.split(r"\s+AND\s+", choice))
        for choice in choices
    )


# --- advisories ----------------------------------------------------------------------------------


class NotReachable(Exception):
    """Nothing is known about vulnerabilities, neither good nor bad."""


def advisories(packages: list[Package], ask: Callable[[bytes], bytes] | None = None) -> list[str]:
    """What is known to be bad. Raises NotReachable where nobody could be asked."""
    queries = [
        {"package": {"name": each.name, "ecosystem": "PyPI"}, "version": each.version}
        for each in packages
    ]
    try:
        answer = json.loads((ask or _osv)(json.dumps({"queries": queries}).encode()))
        results = [[str(each["id"]) for each in one.get("vulns", ())] for one in answer["results"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotReachable(f"advisories not reachable ({OSV}: {error}), skipped") from error
    return [
        f"{package.name} {package.version} has {', '.join(bad)}; see https://osv.dev/{bad[0]}"
        for package, ids in zip(packages, results, strict=False)
        if (bad := [each for each in ids if each not in ACCEPTED])
    ]


def _osv(body: bytes) -> bytes:
    request = urllib.request.Request(OSV, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=OSV_SECONDS) as answer:
        told: bytes = answer.read(ANSWER_BYTES_MAX)
        return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
