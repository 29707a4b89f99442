"""The page of receivers names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "compatibility.md").read_text("utf-8")


def named() -> list[tuple[str, str]]:
    """Files, each with one of its functions or without."""
    found: list[tuple[str, str]] = []
    for text in re.findall(r"`((?:tests/[\w/.]+)?(?:::\w+)?)`", PAGE):
        path, _, function = text.partition("::")
        found.append((path or found[-1][0], function))
    return [each for each in found if each[0]]


@pytest.mark.parametrize(("path", "function"), sorted(set(named())))
def test_each_test_that_the_page_names_is_there(path: str, function: str) -> None:
    file = ROOT / path
    assert file.exists(), path
    if function:
        tree = ast.parse(file.read_text("utf-8"))
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        assert function in {each.name for each in ast.walk(tree) if isinstance(each, functions)}


def test_the_page_names_many() -> None:
    assert len(named()) > 50
