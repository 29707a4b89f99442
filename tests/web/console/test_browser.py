"""The pages in a real browser: Debian's chromium, headless, driven by selenium."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from msgspec import structs
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from platewire.model import Images, Kind
from platewire.runtime.site_time import print_time
from platewire.runtime.status import State
from platewire.web.api import stream as live_stream
from tests.support.counterparts import BROWSER, need, program
from tests.web.world import (
    World,
    after,
    at_rest,
    event,
    jpeg_picture,
    picture,
    running,
    serving,
)

T = TypeVar("T")

TOKEN = "an-access-token-of-29-letters"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NASTY = "<img src=x onerror=\"document.title='owned'\"><b>"


class Browser:
    """One browser; every call runs off the event loop, which serves the page meanwhile."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    async def do(self, work: Callable[[webdriver.Chrome], T]) -> T:
        return await asyncio.to_thread(work, self.driver)

    async def run(self, script: str) -> Any:
        return await self.do(lambda driver: driver.execute_script(script))

    async def until(self, script: str) -> None:
        """Waits until the expression is true."""

        def wait(driver: webdriver.Chrome) -> None:
            check = f"return Boolean({script})"
            WebDriverWait(driver, 20, 0.05).until(lambda it: it.execute_script(check), script)

        await self.do(wait)

    async def open(self, url: str) -> None:
        """Opens the page and waits until it is live."""
        await self.do(lambda driver: driver.get(url))
        await self.until("document.querySelector('#connection')?.dataset.state === 'live'")

    async def screen(self, width: int, height: int, scheme: str = "light") -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}

        def set_up(driver: webdriver.Chrome) -> None:
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

        await self.do(set_up)

    async def complaints(self) -> list[dict[str, Any]]:
        return list(await self.do(lambda driver: driver.get_log("browser")))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    need(BROWSER)
    options = webdriver.ChromeOptions()
    options.binary_location = str(program("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    yield started
    started.quit()


@pytest.fixture
async def browser(driver: webdriver.Chrome) -> AsyncIterator[Browser]:
    browser = Browser(driver)
    await browser.screen(1440, 900)
    yield browser
    assert await browser.complaints() == []
    await browser.do(lambda it: it.get("about:blank"))


def row(passage: object) -> str:
    return f"document.querySelector('[data-passage=\"{passage}\"]')"


async def test_a_passage_appears_and_changes_in_place(world: World, browser: Browser) -> None:
    await browser.open(world.url)
    assert "No passages yet" in await browser.run("return document.body.innerText")
    await browser.run("window.stayed = true")
    made = picture("B AB 1Z34")
    first = event("B AB 1Z34", images=Images(plate=made.image))
    await world.add(first, pictures=[made])
    await browser.until(f"{row(first.passage)}?.dataset.state === 'new'")
    await browser.until(f"{row(first.passage)}.querySelector('img').naturalWidth === 176")
    await browser.run(f"window.row = {row(first.passage)}")

    second = after(first, Kind.UPDATED, "B AB 1234")
    await world.add(second)
    await browser.until("row.dataset.state === 'updated'")
    assert await browser.run("return row.querySelector('.text').textContent") == "B AB 1234"

    await world.add(after(second, Kind.LOST))
    await browser.until("row.dataset.state === 'lost'")
    assert await browser.run("return document.querySelectorAll('#rows > li').length") == 1
    assert await browser.run("return window.stayed && row.isConnected")
    assert await browser.run("return document.querySelector('#empty').hidden")


async def test_newest_stand_on_top_and_the_list_has_an_end(world: World, browser: Browser) -> None:
    await world.add(*(event(f"OLD {number}") for number in range(199)))
    await browser.open(world.url)
    await world.add(event("YOUNG 1"), event("YOUNG 2"))
    await browser.until("document.querySelector('#rows .text').textContent === 'YOUNG 2'")
    texts = await browser.run(
        "return [...document.querySelectorAll('#rows .text')].map((it) => it.textContent)"
    )
    assert texts == ["YOUNG 2", "YOUNG 1", *(f"OLD {number}" for number in range(198, 0, -1))]


async def test_served_and_scripted_rows_say_the_same(world: World, browser: Browser) -> None:
    """The server and the script each fill rows; a reload must not change a word."""
    await browser.open(world.url)
    made = picture("M XY 99")
    full = event("M XY 99", images=Images(plate=made.image), zone="lane 1")
    bare = event("???", color=None, country=None, reads=1)
    bare = structs.replace(bare, plate=structs.replace(bare.plate, partial=True))
    await world.add(full, bare, pictures=[made])
    await browser.until("document.querySelectorAll('#rows > li').length === 2")
    both = (
        "return [...document.querySelectorAll('#rows > li')].map((row) => [row.innerText, "
        "row.querySelector('.swatch').dataset.color, row.querySelector('meter').value, "
        "row.querySelector('a').href, row.querySelector('img').src, row.dataset.seq])"
    )
    scripted = await browser.run(both)
    assert ["partial" in row[0] for row in scripted] == [True, False]
    await browser.open(world.url)
    assert await browser.run(both) == scripted


@pytest.mark.parametrize("when", ["before", "after"])
async def test_markup_of_others_is_shown_as_text(world: World, browser: Browser, when: str) -> None:
    if when == "after":
        await browser.open(world.url)
    it = event(NASTY, camera=NASTY, country="<i>", zone=NASTY, color=NASTY)
    await world.add(it)
    world.board.fail("camera", NASTY, State.WAITING, NASTY)
    world.board.fail("output", NASTY, State.PAUSED, NASTY)
    if when == "before":
        await browser.open(world.url)
    await browser.until(row(it.passage))
    await browser.until("document.querySelector('#outputs li .error')?.textContent")
    await browser.until("document.querySelectorAll('#banner li').length === 2")
    assert (
        await browser.run(f"return {row(it.passage)}.querySelector('.text').textContent") == NASTY
    )
    assert await browser.run("return document.querySelectorAll('b, i, [onerror]').length") == 0
    await browser.do(lambda driver: driver.get(f"{world.url}/passages/{it.passage}"))
    assert await browser.run("return document.querySelector('h1 .text').textContent") == NASTY
    assert await browser.run("return document.title") == f"{NASTY} · platewire"


async def test_cameras_and_outputs_follow_the_board(world: World, browser: Browser) -> None:
    world.board.say("camera", "gate", State.RUNNING)
    world.snapshots["gate"] = jpeg_picture(np.zeros((90, 160, 3), np.uint8)).jpeg
    await world.add(event(), event())
    await browser.open(world.url)
    await browser.until("document.querySelector('#cameras img').naturalWidth === 160")
    world.board.fail("camera", "gate", State.WAITING, "camera gate: no answer, check the cable")
    world.board.fail("output", "parking", State.WAITING, "answered 503")
    world.board.gauge("output", "parking", cursor=1)
    await browser.until("document.querySelector('#banner').innerText.includes('check the cable')")
    await browser.until("document.querySelector('#outputs')?.innerText.includes('1 waiting')")
    assert "answered 503" in await browser.run(
        "return document.querySelector('#outputs').innerText"
    )
    await browser.do(lambda driver: driver.find_element(By.CSS_SELECTOR, "#outputs button").click())
    await browser.until("document.querySelector('#outputs .badge').textContent === 'paused'")


async def test_a_red_output_is_resumed_by_who_has_looked(world: World, browser: Browser) -> None:
    await browser.open(world.url)
    world.board.fail("output", "parking", State.FAILED, "may have opened; look at the gate")
    await browser.until("document.querySelector('#outputs .badge')?.textContent === 'failed'")
    assert (
        await browser.run("return document.querySelector('#outputs button').textContent")
        == "Resume"
    )
    await browser.do(lambda driver: driver.find_element(By.CSS_SELECTOR, "#outputs button").click())
    await browser.until("document.querySelector('#outputs .badge').textContent === 'running'")


async def test_a_full_log_is_told_loudly(world: World, browser: Browser) -> None:
    await browser.open(world.url)
    world.board.fail("log", "log", State.WAITING, "no space left; free some")
    await browser.until("document.querySelector('#banner .bad')?.innerText.includes('no space')")
    world.board.say("log", "log", State.RUNNING)
    await browser.until("document.querySelector('#banner').childElementCount === 0")


async def test_a_paused_list_catches_up_when_it_resumes(world: World, browser: Browser) -> None:
    first, brief = event("B AB 1234"), event("M XY 99")
    await world.add(*(event(f"OLD {number}") for number in range(199)), first)
    await browser.open(world.url)
    await browser.do(lambda driver: driver.find_element(By.ID, "pause").click())
    await world.add(after(first, Kind.LOST), brief, after(brief, Kind.LOST))
    await browser.until("document.querySelector('#pause').textContent.includes('2 waiting')")
    assert (
        await browser.run("return document.querySelector('#rows .text').textContent") != "M XY 99"
    )
    await browser.do(lambda driver: driver.find_element(By.ID, "pause").click())
    await browser.until("document.querySelector('#rows .text').textContent === 'M XY 99'")
    await browser.until(f"{row(first.passage)}.dataset.state === 'lost'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_both_schemes_can_be_read(world: World, browser: Browser, scheme: str) -> None:
    """Every text has at least the contrast of WCAG 2.2 AA, 4.5 to 1, against what is behind it."""
    first = event("B AB 1234")
    await world.add(first, after(first, Kind.UPDATED), event("M XY 99"))
    world.board.fail("camera", "gate", State.WAITING, "camera gate: no answer")
    world.board.say("output", "parking", State.RUNNING)
    await browser.screen(1440, 900, scheme)
    await browser.open(world.url)
    await browser.until("document.querySelector('#outputs li button:not([hidden])')")
    dark = await browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, dark.strip("rgb()").split(","))) < 200) == (scheme == "dark")
    assert await browser.run(CONTRAST) == []


CONTRAST = """
const light = ([r, g, b]) => [r, g, b].map((it) => it / 255)
  .map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
  .reduce((sum, it, index) => sum + it * [0.2126, 0.7152, 0.0722][index], 0);
const parts = (text) => text.match(/[0-9.]+/g).map(Number);
const ground = (node) => {
  const color = parts(getComputedStyle(node).backgroundColor);
  return color.length === 4 && color[3] === 0 ? ground(node.parentElement) : color;
};
const bad = [];
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some((it) => it.nodeType === 3 && it.textContent.trim());
  if (!own || !node.getClientRects().length || node.closest(".hidden, .skip")) continue;
  const colors = [parts(getComputedStyle(node).color), ground(node)];
  const levels = colors.map(light).sort((a, b) => b - a);
  const ratio = (levels[0] + 0.05) / (levels[1] + 0.05);
  if (ratio < 4.5) bad.push([node.className, node.textContent, ratio]);
}
return bad;
"""


@pytest.mark.parametrize("width", [320, 390, 768, 1000, 1440])
async def test_no_page_scrolls_sideways(world: World, browser: Browser, width: int) -> None:
    first = event("WWW WWWW 88", camera="a-camera-with-quite-a-long-name", zone="left lane")
    await world.add(first, after(first, Kind.LOST))
    world.board.fail("camera", "gate", State.WAITING, "no answer from rtsp://" + "x" * 90)
    world.board.fail("output", "hook", State.WAITING, "no answer from http://" + "x" * 90)
    await browser.screen(width, 844)
    await browser.open(world.url)
    await browser.until("document.querySelector('#cameras .error').textContent")
    for path in ("/", f"/passages/{first.passage}", "/api"):
        await browser.do(lambda driver, path=path: driver.get(world.url + path))  # type: ignore[misc]
        wide = await browser.run("return document.documentElement.scrollWidth")
        assert wide <= width, path
    # And as the server sent it, before the script has changed anything.
    switch = "Emulation.setScriptExecutionDisabled"
    await browser.do(lambda driver: driver.execute_cdp_cmd(switch, {"value": True}))
    await browser.do(lambda driver: driver.get(world.url))
    await browser.do(lambda driver: driver.execute_cdp_cmd(switch, {"value": False}))
    assert await browser.run("return document.documentElement.scrollWidth") <= width


async def test_a_lost_connection_is_shown_and_mended(world: World, browser: Browser) -> None:
    await browser.open(world.url)
    await browser.run("stream.dispatchEvent(new Event('error'))")
    await browser.until("document.querySelector('#connection').dataset.state === 'lost'")
    await browser.until("document.querySelector('#connection').dataset.state === 'live'")


async def test_after_a_gap_the_list_is_filled_from_the_database(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add(*(event(f"OLD {number}") for number in range(200)))
    await browser.open(world.url)
    await browser.run("stream.close()")
    monkeypatch.setattr(live_stream, "BEHIND_MAX", 2)
    missed = event("M XY 99")
    await world.add(missed, after(missed, Kind.UPDATED), after(missed, Kind.LOST))
    await browser.until("document.querySelector('#rows .text').textContent === 'M XY 99'")
    assert await browser.run("return document.querySelectorAll('#rows > li').length") == 200


async def test_the_page_of_a_passage_follows_it(world: World, browser: Browser) -> None:
    first = event("B AB 1Z34")
    await world.add(first)
    await browser.do(lambda driver: driver.get(f"{world.url}/passages/{first.passage}"))
    await world.add(after(first, Kind.UPDATED, "B AB 1234"))
    await browser.until("document.querySelector('ins')?.textContent === 'B AB 1234'")


async def test_the_whole_list_can_be_walked_by_keyboard(world: World, browser: Browser) -> None:
    await world.add(event("B AB 1"), event("B AB 2"))
    await browser.open(world.url)
    reached = await browser.run(
        "return [...document.querySelectorAll('a[href], button:not([hidden])')]"
        ".filter((it) => it.tabIndex >= 0 && it.closest('#rows')).map((it) => it.innerText.trim())"
    )
    assert [text.split("\n")[-1] for text in reached] == ["B AB 2", "B AB 1"]


async def test_people_log_in_with_the_token(browser: Browser) -> None:
    async with serving(TOKEN) as world:
        await world.add(event("B AB 1234"))
        await browser.do(lambda driver: driver.get(world.url))
        assert await browser.run("return location.pathname") == "/login"

        def log_in(driver: webdriver.Chrome) -> None:
            driver.find_element(By.ID, "token").send_keys(TOKEN)
            driver.find_element(By.CSS_SELECTOR, "main button").click()

        await browser.do(log_in)
        await browser.until("document.querySelector('#connection')?.dataset.state === 'live'")
        assert "B AB 1234" in await browser.run("return document.body.innerText")
        assert await browser.run("return document.cookie") == ""
        await browser.do(lambda it: it.find_element(By.CSS_SELECTOR, "nav button").click())
        await browser.until("location.pathname === '/login'")
        await browser.do(lambda driver: driver.get(world.url))
        assert await browser.run("return location.pathname") == "/login"


async def test_a_part_that_failed_is_named_and_restarted_by_a_button(
    world: World, browser: Browser
) -> None:
    reason = "camera \"gate\" failed: KeyError: 'Name' (zipfile.py, line 1342); it stays stopped"
    world.board.fail("camera", "gate", State.FAILED, reason)
    await browser.open(world.url)
    button = "document.querySelector('#banner .bad button')"
    await browser.until(f"{button}?.textContent === 'Restart camera gate'")
    assert "KeyError" in await browser.run("return document.querySelector('#banner').innerText")
    await browser.run(f"{button}.click()")
    await browser.until("document.querySelector('#banner').children.length === 0")
    assert world.board.line("camera", "gate").state is State.RUNNING


CHANGES = {
    "Europe/Berlin": ("2026-10-25T01:00:00", "2026-03-29T01:00:00"),
    "America/Sao_Paulo": ("2018-02-18T02:00:00", "2018-11-04T03:00:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00:00", "2026-10-03T15:30:00"),
    "Asia/Kathmandu": ("2026-01-31T18:15:00",),
    "UTC": ("2026-01-31T00:00:00",),
}


@pytest.mark.parametrize("zone", CHANGES)
async def test_times_are_those_of_the_site_as_commands_print_them(
    world: World, browser: Browser, zone: str
) -> None:
    site = structs.replace(world.context.site, time_zone=zone)
    async with at_rest() as other:
        other.context = replace(other.context, site=site)
        await other.add(event(at=datetime.fromisoformat(CHANGES[zone][0]).replace(tzinfo=UTC)))
        async with running(other):
            await browser.open(other.url)
            shown = await browser.run("return document.querySelector('#rows time').textContent")
            moments = [
                datetime.fromisoformat(change).replace(tzinfo=UTC) + timedelta(minutes=15 * step)
                for change in CHANGES[zone]
                for step in range(-12, 13)
            ]
            said = await browser.run(
                f"return {[moment.isoformat() for moment in moments]}"
                ".map((iso) => timeText(Date.parse(iso), false))"
            )
            today = await browser.run("return timeText(Date.now(), true)")
    expected = [print_time(moment, ZoneInfo(zone)) for moment in moments]
    assert said == expected
    assert shown == expected[12]
    assert re.fullmatch(r"\d\d:\d\d:\d\d([-+]\d\d:\d\d)?", today)
