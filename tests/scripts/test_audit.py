"""The audit of what is installed: what it refuses, and that it says where it could not look."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import audit, commands
from scripts.audit import Package
from scripts.environment import LOCKS, ROOT
from scripts.locks import Pin, read

GOOD = Package("gate", "1.0", "MIT", "")
LOCK = [Pin("gate", "1.0", "", 1)]


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
    ("expression", "good"),
    [
        *((each, True) for each in ("MIT", "Apache 2.0", "BSD License", "3-Clause BSD License")),
        *((each, True) for each in ("MPL-2.0 AND MIT", "GPL-3.0 OR MIT", "PSF-2.0", "MIT-CMU")),
        *((each, False) for each in ("", "GPL-3.0", "MIT AND GPL-3.0", "Proprietary", "LGPLv3")),
        *((each, False) for each in ("AGPL-3.0-only", "GPL-3.0 OR Proprietary")),
        ("(MIT OR GPL-3.0) AND AGPL-3.0", False),
    ],
)
def test_licenses(expression: str, good: bool) -> None:
    assert audit.usable(expression) == good
    assert bool(list(audit.licenses_unknown([GOOD._replace(license=expression)]))) != good


def test_what_is_installed_here_may_be_used() -> None:
    locked = {pin.name for pin in read(LOCKS["dev"])}
    packages = [each for each in audit.installed() if each.name in locked]
    assert {"aiohttp", "msgspec", "pytest"} <= {each.name for each in packages}
    assert not list(audit.licenses_unknown(packages))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ((ROOT / "LICENSE").read_text("utf-8"), "Apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE\nVersion 3", ""),
        ("", ""),
    ],
)
def test_a_license_is_known_by_its_text(text: str, expression: str) -> None:
    assert audit.of_text(text) == expression


def test_advisories_are_told_unless_they_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def ask(body: bytes) -> bytes:
        asked.append(json.loads(body))
        return json.dumps({"results": [{}, {"vulns": [{"id": "PYSEC-1"}]}]}).encode()

    bad = GOOD._replace(name="bad", version="0.1")
    found = audit.advisories([GOOD, bad], ask)
    assert asked[0]["queries"][0] == {
        "package": {"name": "gate", "ecosystem": "PyPI"},
        "version": "1.0",
    }
    assert found == ["bad 0.1 has PYSEC-1; see https://osv.dev/PYSEC-1"]
    monkeypatch.setattr(audit, "ACCEPTED", {"PYSEC-1": "only on another system"})
    assert audit.advisories([GOOD, bad], ask) == []


def test_without_a_network_nothing_is_called_good() -> None:
    def ask(_: bytes) -> bytes:
        raise OSError("no route")

    with pytest.raises(audit.NotReachable, match=r"advisories not reachable .*no route"):
        audit.advisories([GOOD], ask)


def test_the_step_that_could_not_ask_ends_as_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_: object) -> list[str]:
        raise audit.NotReachable("no route")

    monkeypatch.setattr(audit, "advisories", unreachable)
    assert audit.main(["--advisories"]) == commands.SKIPPED


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"lint": 0, "audit": 0}, "all passed"),
        ({"lint": 0, "audit": 77}, "passed; skipped: audit (see above)"),
        ({"lint": 1, "audit": 0}, "failed: lint"),
        ({"lint": 1, "audit": 77}, "failed: lint; skipped: audit (see above)"),
    ],
)
def test_the_last_line_names_what_was_skipped(ended: dict[str, int], said: str) -> None:
    assert commands.summary(ended) == said


@given(st.binary())
def test_any_answer_is_understood_or_skipped(answer: bytes) -> None:
    found: list[str] = []
    with contextlib.suppress(audit.NotReachable):
        found = audit.advisories([GOOD], lambda _: answer)
    assert found == []
