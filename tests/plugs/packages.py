"""Packages of others, installed in a folder: modules, and the metadata that names their plugs."""

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "write_an_output.md"
NAMED = re.compile(r"`(\w+\.py)`[^\n]*\n(?:[^`]+\n)?\n```python[^\n]*\n(.*?)^```$", re.M | re.S)


def modules_of_the_page() -> dict[str, str]:
    """The files that docs/write_an_output.md writes, by name."""
    return {match[1]: match[2] for match in NAMED.finditer(PAGE.read_text("utf-8"))}


def install(
    folder: Path,
    name: str,
    modules: Mapping[str, str],
    entry_points: Mapping[str, Mapping[str, str]],
) -> None:
    """As an installer does. `entry_points`: by group, values by name."""
    for module, text in modules.items():
        (folder / module).write_text(text, "utf-8")
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for group, points in entry_points.items():
        lines += [f"[{group}]", *(f"{point} = {value}" for point, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
