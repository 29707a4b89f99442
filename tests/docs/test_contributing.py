"""CONTRIBUTING.md names files, folders, tests and commands that are there."""

import ast
import re

import pytest

from scripts import changelog, commands, documents, release
from scripts.environment import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PATHS = sorted(set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|toml|md|lock))`", PAGE)))
PLACEHOLDERS = ("ROOM", "NAME", "VERSION")
NOT_IN_GIT = (".venv/", ".coverage/", "dist/")


@pytest.mark.parametrize("path", [each for each in PATHS if not each.startswith(NOT_IN_GIT)])
def test_a_named_file_is_there(path: str) -> None:
    """Of a file that the reader is to add, the folder; a module's bare name is beside another."""
    if any(word in path for word in PLACEHOLDERS):
        path = re.split("|".join(PLACEHOLDERS), path)[0].rpartition("/")[0]
    places = (ROOT, ROOT / "src/platewire/country", ROOT / "src/platewire/outputs")
    assert any((place / path).exists() for place in places), path


def test_the_page_names_many_files() -> None:
    assert len(PATHS) > 25


def test_a_named_test_is_there() -> None:
    for path, name in re.findall(r"(tests/[\w/]+\.py)::(\w+)", PAGE):
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_every_command_step_and_generated_document_is_named() -> None:
    for command in {*commands.COMMANDS} - {"demo"}:
        assert f"run.py {command}" in PAGE
    assert [step for step in commands.steps() if f"`{step}`" not in PAGE] == []
    assert [name for name in documents.DOCUMENTS if f"]({name})" not in PAGE] == []


def test_the_changelog_can_take_the_next_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert text.count(release.MARK) == 1
    assert "## Unreleased" not in text, f"entries belong into {changelog.FOLDER}"
