"""The code blocks of README and docs are true: Python runs, TOML loads, JSON parses, links lead on.

A block whose info string ends in `no-run` needs what a test has not (a camera, a running server);
it is still checked for its form. SQL blocks are run by the database's tests.
"""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from platewire.cli.main import parser
from platewire.config.load import parse

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "changelog.d" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


class Block(NamedTuple):
    page: Path
    language: str
    info: str
    text: str
    line: int

    @property
    def runs(self) -> bool:
        return "no-run" not in self.info

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page) if block.language == language]


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for match in FENCE.finditer(text):
        line = text[: match.start()].count("\n") + 1
        yield Block(page, match[1], match[2].strip(), match[3], line)


@pytest.mark.parametrize("block", [b for b in blocks("python") if b.runs], ids=str)
def test_python_runs(block: Block, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_is_python(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", [b for b in blocks("toml") if b.runs], ids=str)
def test_toml_is_a_configuration(block: Block) -> None:
    parse(block.text, ROOT / "platewire.toml")


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_toml_is_toml(block: Block) -> None:
    tomllib.loads(block.text)


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_commands_exist(block: Block) -> None:
    """platewire's own commands are ones that it knows; scripts named are there."""
    for line in block.text.splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue  # a line of a longer command
        for word in words:
            if word == "run.py" or word.startswith("examples/"):
                assert (ROOT / word).exists(), word
        if words and Path(words[0]).name == "platewire" and "--version" not in words:
            known = {c for a in parser()._actions if isinstance(a.choices, dict) for c in a.choices}
            assert words[1] in known


@pytest.mark.parametrize("block", [b for b in blocks("sh") if b.runs], ids=str)
def test_shell_runs(block: Block, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["sh", "-eu", "-c", block.text],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": path, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    broken = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert broken == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8")))
    assert listed == {page.name for page in folder.glob("*.md")} - {"README.md"}
