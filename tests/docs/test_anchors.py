"""A link to a heading leads to a heading that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#:\s]*)#([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)">')
"""Keeps an older address of a heading alive."""


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub spells their addresses, and its explicit anchors."""
    text = without_code(page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    spelled = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}
    return spelled | set(ANCHOR.findall(text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_a_heading(page: Path) -> None:
    broken = [
        f"{path}#{anchor}"
        for path, anchor in LINK.findall(without_code(page.read_text("utf-8")))
        if anchor not in anchors(page.parent / path if path else page)
    ]
    assert broken == []
