"""What is written by hand about outputs, sources and engines is complete: a test names what is
missing, and where."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import fields

from platewire.config.plugs import OUTPUTS, ROOMS, kind_of
from platewire.config.reference import Row, Section, sections, structs_of
from platewire.config.reference_page import anchor, page
from platewire.outputs.http.egress import Egress
from tests.app.test_start_refused import WRONG

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
EGRESS = (ROOT / "docs" / "outputs" / "egress.md").read_text("utf-8")
TOGETHER = {"milestone_generic": "milestone"}
"""Types that share a page with another one."""


def kinds(*rooms: str) -> list[tuple[str, str]]:
    chosen = [room for room in ROOMS if room.name in rooms]
    return [(room.name, kind_of(each)) for room in chosen for each in room.builtin]


def reached(struct: type[Struct]) -> Iterator[type[Struct]]:
    """The tables inside this one."""
    for field in fields(struct):
        for inner in structs_of(field.type):
            yield inner
            yield from reached(inner)


def page_of(room: str, kind: str) -> str:
    """Path below docs."""
    return "engines.md" if room == "engine" else f"{room}s/{TOGETHER.get(kind, kind)}.md"


@pytest.mark.parametrize(("room", "kind"), kinds("output", "source", "engine"))
def test_each_has_a_page_that_shows_its_configuration(room: str, kind: str) -> None:
    file = ROOT / "docs" / page_of(room, kind)
    assert file.exists(), f"write docs/{page_of(room, kind)}"
    text = file.read_text("utf-8")
    assert f'type = "{kind}"' in text or f"`{kind}`" in text, (
        f'docs/{page_of(room, kind)} does not show `type = "{kind}"`'
    )


@pytest.mark.parametrize(("room", "kind"), kinds("output", "source"))
def test_the_readme_links_each(room: str, kind: str) -> None:
    link = f"(docs/{page_of(room, kind)})"
    assert link in README, f"README.md lists the {room}s; add a link to {link}"


@pytest.mark.parametrize(("room", "kind"), kinds("output"))
def test_the_quickstart_says_when_to_use_each_output(room: str, kind: str) -> None:
    link = f"({page_of(room, kind)}"
    assert link in QUICKSTART, f"docs/quickstart.md, Connect your own system: add {link})"


@pytest.mark.parametrize(
    "kind", [kind_of(each) for each in OUTPUTS.builtin if Egress in set(reached(each))]
)
def test_the_page_about_egress_names_each_output_that_has_it(kind: str) -> None:
    assert f"`{kind}`" in EGRESS, f"docs/outputs/egress.md: name `{kind}` in its first paragraph"


@pytest.mark.parametrize(("room", "kind"), kinds("output"))
def test_wrong_settings_of_each_output_end_the_start(room: str, kind: str) -> None:
    assert any(f'type = "{kind}"' in text for text in WRONG.values()), (
        f"tests/app/test_start_refused.py: add a setting of `{kind}` that cannot be used to WRONG"
    )


@pytest.mark.parametrize(
    ("section", "row"),
    [
        pytest.param(section, row, id=f"{section.header} {section.tag} {row.setting}")
        for section in sections()
        for row in section.rows
        if row.default == "required" and row.kind != "secret" and row.setting != "name"
    ],
)
def test_each_setting_without_default_has_an_example(section: Section, row: Row) -> None:
    assert row.example, (
        f"{section.header} with type {section.tag}: state Meta(examples=[...]) for `{row.setting}`"
    )


def test_links_of_the_reference_lead_to_its_headings() -> None:
    text = page()
    headings = [anchor(title) for title in re.findall(r"(?m)^## (.*)$", text)]
    assert sorted({*headings}) == sorted(headings)
    assert {*re.findall(r"\]\(#([^)]*)\)", text)} <= {*headings}


def test_the_reference_documents_each_table_once() -> None:
    text = page()
    assert text.count("| `redirect_hosts` |") == 1
    assert text.count("| `order_wait_seconds` |") == 1
