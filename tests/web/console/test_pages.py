"""The pages as a browser without scripts sees them."""

import html
import os
from pathlib import Path

import aiohttp

from platewire.config.load import parse
from platewire.model import Direction, Kind
from platewire.runtime.status import State
from tests.web.world import World, after, event


async def test_the_list_shows_passages_newest_first(
    world: World, client: aiohttp.ClientSession
) -> None:
    first, second = event("B AB 1234"), event("M XY 99")
    await world.add(first, second, after(first, Kind.LOST))
    text = await (await client.get("/")).text()
    assert text.index("M XY 99") < text.index("B AB 1234")
    assert f'data-passage="{first.passage}" data-seq="3" data-state="lost"' in text
    assert ">2026-05-04 08:30:00</time>" in text


async def test_an_empty_list_says_what_to_do(world: World, client: aiohttp.ClientSession) -> None:
    text = await (await client.get("/")).text()
    assert "No passages yet" in text
    assert "platewire.toml" in text


async def test_names_of_others_are_text(world: World, client: aiohttp.ClientSession) -> None:
    await world.add(event("<b>\"X' 1", camera="<img src=x onerror=alert(1)>"))
    world.board.line("camera", "<script>alert(1)</script>")
    text = await (await client.get("/")).text()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


async def test_a_passage_shows_what_changed(world: World, client: aiohttp.ClientSession) -> None:
    first = event("B AB 1Z34", direction=Direction.UNKNOWN)
    second = after(first, Kind.UPDATED, "B AB 1234", direction=Direction.OUT)
    await world.add(first, second, after(second, Kind.LOST))
    text = await (await client.get(f"/passages/{first.passage}")).text()
    assert "<del>B AB 1Z34</del>" in text
    assert "<ins>B AB 1234</ins>" in text
    assert "<del>unknown</del>" in text


async def test_an_unknown_passage_is_a_page_that_says_so(
    world: World, client: aiohttp.ClientSession
) -> None:
    for name in ("0198c4a2-0000-7000-8000-000000000000", "nonsense"):
        answer = await client.get(f"/passages/{name}", headers={"Accept": "text/html"})
        assert answer.status == 404
        assert "Passage not found" in await answer.text()


async def test_the_api_page_lists_every_operation(
    world: World, client: aiohttp.ClientSession
) -> None:
    described = await (await client.get("/api/v1/openapi.json")).json()
    text = await (await client.get("/api")).text()
    assert all(f"<code>{path}</code>" in text for path in described["paths"])


async def test_nothing_is_fetched_from_elsewhere(
    world: World, client: aiohttp.ClientSession
) -> None:
    await world.add(event())
    for path in ("/", "/api", "/static/console.css", "/static/console.js"):
        text = await (await client.get(path)).text()
        assert "http://" not in text
        assert "https://" not in text


async def test_the_example_for_the_first_camera_is_accepted(
    world: World, client: aiohttp.ClientSession
) -> None:
    text = await (await client.get("/")).text()
    example = html.unescape(text.partition("<pre>")[2].partition("</pre>")[0])
    (camera,) = parse(example, Path("platewire.toml")).camera
    assert camera.name == "gate"


async def test_names_that_are_no_utf8_are_shown_and_end_nothing(
    world: World, client: aiohttp.ClientSession
) -> None:
    """As an FTP client gives them to files."""
    name = os.fsdecode(b"car\xff\x1b.jpg")
    world.board.fail("camera", "gate", State.FAILED, f"camera gate: {name} is skipped")
    world.board.note("camera", "yard", name)
    for path in ("/", "/api/v1/status", "/api/v1/cameras", "/healthz", "/metrics"):
        answer = await client.get(path)
        assert answer.status == (503 if path == "/healthz" else 200)
        assert "\x1b" not in await answer.text()
    assert r"car\xff\x1b.jpg is skipped" in await (await client.get("/")).text()
