"""Every example says in plain words what it is, and imports nothing of platewire's."""

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.examples.conftest import Run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(file.name for file in EXAMPLES.glob("*.py") if file.name != "__init__.py")


@pytest.mark.parametrize("script", SCRIPTS)
async def test_help_explains_the_example(run: "Run", script: str) -> None:
    code, printed = await (await run(script, "--help")).ended()
    source = ast.get_docstring(ast.parse((EXAMPLES / script).read_text()))
    assert code == 0
    assert source
    assert source.splitlines()[0] in printed
    assert f"python examples/{script}" in printed


@pytest.mark.parametrize("script", SCRIPTS)
def test_examples_need_nothing_but_python(script: str) -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse((EXAMPLES / script).read_text()))
        for name in names_of(node)
    }
    assert imported <= sys.stdlib_module_names


def names_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
