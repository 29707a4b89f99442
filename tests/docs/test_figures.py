"""The pictures of docs/figures are well-formed, shown with a description, and tell the truth.

What a picture claims is compared with what it claims it of: defaults, ports, panels, columns, and
the events that the passages really make of the reads drawn.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from platewire.model import Box, Read
from platewire.passage.frame import FrameView
from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities
from tests.docs.test_blocks import PAGES, ROOT

FIGURES = sorted((ROOT / "docs" / "figures").glob("*.svg"))
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)#\s]+)\)")
SVG = "{http://www.w3.org/2000/svg}"
WIDTH_MAX = 900
"""Pixels: about what a page of documents has."""
ALT_CHARACTERS_MIN = 20
FONTS = {"sans-serif", "monospace"}
"""Every viewer has them; others would be replaced by wider ones, and texts would not fit."""


def root_of(figure: str | Path) -> ElementTree.Element:
    return ElementTree.parse(ROOT / "docs" / "figures" / figure).getroot()


def texts(figure: str | Path) -> list[str]:
    return ["".join(each.itertext()) for each in root_of(figure).iter(f"{SVG}text")]


def shown() -> dict[Path, list[str]]:
    """Every picture that a page shows, with its alt texts."""
    found: dict[Path, list[str]] = {}
    for page in PAGES:
        for alt, link in IMAGE.findall(page.read_text("utf-8")):
            found.setdefault((page.parent / link).resolve(), []).append(alt)
    return found


def defaults(setting: str) -> set[str]:
    """What the configuration reference gives as defaults of a setting, in all its tables."""
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    return set(re.findall(rf"^\| `{setting}` \|.*?\| `\"?([^`\"]+)\"?` \|", page, re.MULTILINE))


def test_there_are_figures() -> None:
    assert len(FIGURES) >= 7


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figure_says_what_it_shows(figure: Path) -> None:
    root = root_of(figure)
    for name in ("title", "desc"):
        element = root.find(f"{SVG}{name}")
        assert element is not None, name
        assert (element.text or "").strip(), name
        assert element.get("id") in root.get("aria-labelledby", "").split()
    assert root.get("role") == "img"


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figure_fits_any_page(figure: Path) -> None:
    """It has a light background of its own, generic fonts, and needs nothing from elsewhere."""
    root, source = root_of(figure), figure.read_text("utf-8")
    _, _, width, height = (float(part) for part in root.get("viewBox", "").split())
    assert width <= WIDTH_MAX
    panel = next(root.iter(f"{SVG}rect"))
    assert panel.get("class") == "panel"
    assert float(panel.get("width", "0")) >= width - 1
    assert float(panel.get("height", "0")) >= height - 1
    assert set(re.findall(r"font(?:-family)?:\s*(?:\d+px )?([^;]+);", source)) <= FONTS
    assert not re.search(r"<(script|image|foreignObject)|href=|url\((?!#)|@import", source)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figure_is_shown_with_an_alt_text(figure: Path) -> None:
    alts = shown().get(figure.resolve(), [])
    assert alts, "no page shows it"
    assert min(map(len, alts)) >= ALT_CHARACTERS_MIN


def test_the_time_line_is_what_the_passages_say() -> None:
    """The reads that are drawn, a fifth of a second apart, make the events that are drawn."""
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    passages = Passages(PassageSettings(direction_in=90), Identities(SystemClock()).passage)
    events = []
    for number, text in enumerate(["6385B08"] * 2 + ["6385BDB"] * 9):
        at = start + timedelta(milliseconds=200 * number)
        read = Read(
            at=at,
            text=text,
            raw=text,
            display=text,
            unicode=text,
            confidence=0.7 if number < 2 else 0.9,
            characters=(0.7 if number < 2 else 0.9,) * len(text),
            box=Box(600, 200 + 10 * number, 100, 25),
        )
        events += passages.update([read], FrameView(at, 1280, 720))
    events += passages.tick(start + timedelta(seconds=20))
    told = [
        ((each.occurred_at - start).total_seconds(), str(each.kind), each.plate.text)
        for each in events
    ]
    assert told == [
        (0.2, "new", "6385B08"),
        (0.8, "updated", "6385BDB"),
        (1.2, "updated", "6385BDB"),
        (7.0, "lost", "6385BDB"),
    ]
    assert [str(each.direction) for each in events] == ["unknown", "unknown", "in", "in"]
    drawn = texts("passage_timeline.svg")
    assert {f"{seconds} s" for seconds, _, _ in told} <= set(drawn)
    assert [text for text in drawn if text in ("new", "updated", "lost")] == [e[1] for e in told]


def test_the_time_line_names_the_defaults() -> None:
    assert defaults("lost_after_seconds") == {"5.0"}
    assert "no read for 5 s" in texts("passage_timeline.svg")
    assert "defaults: hold_back = 1, lost_after_seconds = 5" in texts("passage_timeline.svg")


def test_the_network_plan_has_every_default_port() -> None:
    drawn = " ".join(texts("network_plan.svg"))
    ports = {each.rpartition(":")[2] for each in defaults("listen")}
    ports |= {each for each in defaults("port") if each.isdigit()}
    assert {"8080", "7700", "7701", "35555", "502", "21"} <= ports
    assert [port for port in ports if not re.search(rf"\b{port}\b", drawn)] == []


def test_the_camera_picture_has_the_limits_of_recognition() -> None:
    drawn = texts("camera_placement.svg")
    assert defaults("min_plate_width") == {"28"}
    assert "28 px" in drawn
    assert "768" in defaults("detector_side")
    assert any("768 pixels" in text for text in drawn)
    for frame in (1280, 1920, 2560, 3840):
        for plate in (0.52, 0.305):
            assert f"{frame * plate / 100:.1f} m" in drawn


def test_the_drawing_of_grafana_has_the_panels_of_the_dashboard() -> None:
    path = ROOT / "src" / "platewire" / "bi" / "grafana" / "dashboard.json"
    dashboard = json.loads(path.read_text("utf-8"))
    drawn = texts("grafana_dashboard.svg")
    assert dashboard["title"] in drawn
    assert [panel["title"] for panel in dashboard["panels"] if panel["title"] not in drawn] == []


def test_the_drawing_of_power_bi_has_columns_of_the_queries() -> None:
    queries = ROOT / "src" / "platewire" / "bi" / "power_bi"
    drawn = " ".join(texts("power_bi_model.svg"))
    for table, after in (("cameras", "passages"), ("passages", "calendar")):
        query = (queries / f"{table}.pq").read_text("utf-8")
        _, _, columns = drawn.partition(f"{table}.pq ")
        columns, _, _ = columns.partition(f" {after} ")
        assert len(columns.split()) > 3
        unknown = [name for name in re.split("[, ]+", columns) if f'"{name}"' not in query]
        assert unknown == []
