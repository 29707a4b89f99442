"""Fragments of the changelog: what is accepted, what is refused, and the section they become."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import changelog
from scripts.environment import ROOT

GOOD = "Relay: `timeout_seconds` also limits the connection,\nnot only the answer.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project without fragments."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    folder = tmp_path / changelog.FOLDER
    folder.mkdir()
    for name in changelog.NOT_FRAGMENTS:
        shutil.copy(ROOT / changelog.FOLDER / name, folder)
    return tmp_path


def add(root: Path, name: str, text: str = GOOD) -> None:
    (root / changelog.FOLDER / name).write_text(text, "utf-8")


def test_the_fragments_of_this_tree_are_well_formed() -> None:
    assert list(changelog.problems(ROOT)) == []


def test_every_kind_is_explained() -> None:
    page = (ROOT / changelog.FOLDER / "README.md").read_text("utf-8")
    assert [kind for kind in changelog.kinds(ROOT) if f"| `{kind}` |" not in page] == []
    assert len(changelog.kinds(ROOT)) == 6


@pytest.mark.parametrize("text", [GOOD, "`check` names the port.", "2N units are found again."])
def test_a_well_formed_fragment(root: Path, text: str) -> None:
    for kind in changelog.kinds(root):
        add(root, f"relay-timeout.{kind}.md", text)
    assert list(changelog.problems(root)) == []
    assert changelog.main(root) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("relay.md", "KIND of security, added, changed"),
        ("relay.improved.md", "KIND of security, added, changed"),
        ("relay.fixed.txt", "is not SUBJECT.KIND.md"),
        ("relay.fixed", "is not SUBJECT.KIND.md"),
        ("Relay_Timeout.fixed.md", "subject 'Relay_Timeout' is not lowercase words"),
    ],
)
def test_a_wrong_name_is_refused(root: Path, name: str, said: str) -> None:
    add(root, name)
    (problem,) = changelog.problems(root)
    assert problem.startswith(f"changelog.d/{name}: ")
    assert said in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \n", "it is empty"),
        ("One.\n\nTwo.", "several paragraphs"),
        ("- Relay.", "begins with '- Relay.'"),
        ("relay is slow.", "begins with 'relay is slow.'"),
        ("Relay", "end with a full stop"),
        (f"R{'e' * 100}.", "a line has 102 characters"),
    ],
)
def test_a_wrong_text_is_refused(root: Path, text: str, said: str) -> None:
    add(root, "relay.fixed.md", text)
    (problem,) = changelog.problems(root)
    assert said in problem
    assert changelog.main(root) == 1


def test_fragments_become_a_section_by_kind_and_name(root: Path) -> None:
    add(root, "b.added.md", "Beta.")
    add(root, "a.added.md", "Zeta.")
    add(root, "relay.fixed.md")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "towncrier",
            "build",
            "--draft",
            "--version=1.2",
            "--date=2026-01-31",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == (
        "## 1.2 - 2026-01-31\n\n### Added\n\n- Zeta.\n- Beta.\n\n### Fixed\n\n"
        "- Relay: `timeout_seconds` also limits the connection,\n  not only the answer."
    )
