"""The audit of what is installed: what it refuses, and that it says where it could not look."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import audit
from scripts.audit import Package

ROOT = Path(__file__).resolve().parents[1]
HASH = "--hash=sha256:" + "0" * 64
GOOD = Package("gate", "1.0", "MIT", "")
LOCK = {"gate": {"1.0": 1}}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_each_package_of_the_locks_has_a_hash(name: str) -> None:
    lock = audit.locked((ROOT / name).read_text("utf-8"))
    assert len(lock) > 30
    assert not list(audit.not_as_locked([], lock))


def test_the_lock_for_running_is_part_of_the_other() -> None:
    run = audit.locked((ROOT / "requirements.lock").read_text("utf-8"))
    both = audit.locked((ROOT / "requirements-dev.lock").read_text("utf-8"))
    assert {name: set(run[name]) for name in run} == {name: set(both[name]) for name in run}


def test_a_lock_is_read_with_markers_and_other_spellings() -> None:
    first = f"Gate_Way==1.0 \\\n    {HASH} \\\n    {HASH}\n"
    rest = f"b[x]==2 ; os_name == 'nt' \\\n    {HASH}\nc==3\n"
    assert audit.locked(first + rest) == {"gate-way": {"1.0": 2}, "b": {"2": 1}, "c": {"3": 0}}


@pytest.mark.parametrize(
    ("package", "said"),
    [
        (GOOD, ""),
        (GOOD._replace(version="1.1"), "the lock names 1.0"),
        (GOOD._replace(name="other"), "the lock names nothing of it"),
        (GOOD._replace(from_elsewhere="file:///x"), "installed from file:///x"),
    ],
)
def test_what_is_not_as_locked_is_told(package: Package, said: str) -> None:
    problems = list(audit.not_as_locked([package], LOCK))
    assert bool(problems) == bool(said)
    assert all(said in each for each in problems)


@pytest.mark.parametrize(
    ("licence", "good"),
    [
        *((each, True) for each in ("MIT", "Apache 2.0", "BSD License", "3-Clause BSD License")),
        *((each, True) for each in ("MPL-2.0 AND MIT", "GPL-3.0 OR MIT", "PSF-2.0", "MIT-CMU")),
        *((each, False) for each in ("", "GPL-3.0", "MIT AND GPL-3.0", "Proprietary", "LGPLv3")),
        *((each, False) for each in ("AGPL-3.0-only", "GPL-3.0 OR Proprietary")),
        ("(MIT OR GPL-3.0) AND AGPL-3.0", False),
    ],
)
def test_licences(licence: str, good: bool) -> None:
    assert audit.usable(licence) == good
    assert bool(list(audit.licences_unknown([GOOD._replace(licence=licence)]))) != good


def test_what_is_installed_here_may_be_used() -> None:
    lock = audit.locked(audit.LOCK.read_text("utf-8"))
    packages = [each for each in audit.installed() if each.name in lock]
    assert {"aiohttp", "msgspec", "pytest"} <= {each.name for each in packages}
    assert not list(audit.licences_unknown(packages))


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ((ROOT / "LICENSE").read_text("utf-8"), "Apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE\nVersion 3", ""),
        ("", ""),
    ],
)
def test_a_licence_is_known_by_its_text(text: str, licence: str) -> None:
    assert audit.of_text(text) == licence


def test_advisories_are_told_unless_they_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def ask(body: bytes) -> bytes:
        asked.append(json.loads(body))
        return json.dumps({"results": [{}, {"vulns": [{"id": "PYSEC-1"}]}]}).encode()

    bad = GOOD._replace(name="bad", version="0.1")
    found, note = audit.advisories([GOOD, bad], ask)
    assert asked[0]["queries"][0] == {
        "package": {"name": "gate", "ecosystem": "PyPI"},
        "version": "1.0",
    }
    assert found == ["bad 0.1 has PYSEC-1; see https://osv.dev/PYSEC-1"]
    assert note == "advisories of osv.dev: 1"
    monkeypatch.setattr(audit, "ACCEPTED", {"PYSEC-1": "only on another system"})
    assert audit.advisories([GOOD, bad], ask) == ([], "advisories of osv.dev: none")


def test_without_a_network_it_says_so_and_goes_on() -> None:
    def ask(_: bytes) -> bytes:
        raise OSError("no route")

    found, note = audit.advisories([GOOD], ask)
    assert found == []
    assert "advisories not reachable" in note
    assert "no route" in note


@given(st.binary())
def test_any_answer_is_understood_or_skipped(answer: bytes) -> None:
    found, note = audit.advisories([GOOD], lambda _: answer)
    assert found == []
    assert note
