"""The shape of the tree: small folders; one name for a type, its module, its page and its test."""

from collections import Counter
from pathlib import Path

import pytest

from platewire.outputs import builtin as outputs
from platewire.recognition import builtin as engines
from platewire.sources import builtin as sources

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "platewire"
MODULES_MAX = 16
"""In one folder beside `__init__`: what a newcomer takes in at a glance, and one more."""
LINES_MAX = 450
"""In one file. The longest today has 427."""


def test_no_folder_has_more_modules_than_a_newcomer_takes_in() -> None:
    folders = Counter(
        path.parent.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if path.name != "__init__.py"
    )
    large = {name: count for name, count in folders.items() if count > MODULES_MAX}
    assert not large, f"give what is private a folder of its own: {large}"


def test_no_file_is_longer_than_a_few_screens() -> None:
    long = {
        str(path.relative_to(SRC)): lines
        for path in SRC.rglob("*.py")
        if (lines := path.read_text("utf-8").count("\n")) > LINES_MAX
    }
    assert not long, f"split by what changes for one reason: {long}"


def types(*rooms: object) -> list[str]:
    return [settings.__struct_config__.tag for room in rooms for settings in room.BUILTIN]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", types(outputs, sources, engines))
def test_the_type_names_the_module_and_its_test(kind: str) -> None:
    assert len([*SRC.rglob(f"{kind}.py")]) >= 1, f"no module {kind}.py"
    assert [*(ROOT / "tests").rglob(f"test_{kind}.py")], f"no test_{kind}.py"


@pytest.mark.parametrize("kind", types(outputs))
def test_the_type_of_an_output_names_its_page(kind: str) -> None:
    pages = {"milestone_generic": "milestone"}  # two ways into one program
    assert (ROOT / "docs" / "outputs" / f"{pages.get(kind, kind)}.md").exists()
