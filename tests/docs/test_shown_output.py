"""A command that a page shows with its output prints just that.

Held where no server, camera or receiver is needed: the `sh` block that a `text` block follows, run
in the order of the page. `platewire.toml` is the page's first TOML block, `staff.csv` its first
CSV block.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LINES = r"((?:(?!```).*\n)*)"
SHOWN = re.compile(rf"^```sh.*\n{LINES}```\n+```text\n{LINES}```$", re.MULTILINE)


def block(page: str, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def printed(line: str, folder: Path) -> str:
    words = shlex.split(line, comments=True)
    assert words[0] == "platewire"
    command = [sys.executable, "-m", "platewire.cli", *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.stderr + done.stdout


@pytest.mark.parametrize(("name", "count"), [("lists.md", 2), ("quickstart.md", 1)])
def test_what_a_page_shows_is_printed(name: str, count: int, tmp_path: Path) -> None:
    page = (DOCS / name).read_text("utf-8")
    if name == "lists.md":
        (tmp_path / "platewire.toml").write_text(block(page, "toml"), "utf-8")
        (tmp_path / "staff.csv").write_text(block(page, "csv"), "utf-8")
    shown = SHOWN.findall(page)[:count]
    assert len(shown) == count
    for commands, output in shown:
        lines = commands.splitlines()
        assert (
            "".join(printed(line, tmp_path) for line in lines).splitlines() == output.splitlines()
        )
