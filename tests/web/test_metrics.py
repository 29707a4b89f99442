"""The metrics, read back by a strict parser of the text format 0.0.4."""

import re
from typing import NamedTuple

import aiohttp
from hypothesis import given
from hypothesis import strategies as st

from platewire.runtime.status import State
from platewire.web.metrics import Metric, Sample, exposition, family
from tests.web.world import World, event

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
TYPES = ("counter", "gauge", "untyped")


class Parsed(NamedTuple):
    name: str
    labels: frozenset[tuple[str, str]]
    value: float


def parse(text: str) -> list[Parsed]:
    """Raises AssertionError for whatever the format does not allow."""
    assert text.endswith("\n") or text == ""
    found: list[Parsed] = []
    described: set[str] = set()
    current = ""
    lines = iter(text.split("\n")[:-1])
    for line in lines:
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert re.fullmatch(NAME, current)
            assert current not in described, "a metric stands in one place only"
            described.add(current)
            kind = next(lines).split(" ")
            assert kind[:3] == ["#", "TYPE", current]
            assert kind[3] in TYPES
            assert current.endswith("_total") == (kind[3] == "counter")
            continue
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line!r}"
        assert match[1] == current, "a sample stands under its own TYPE"
        labels = frozenset(
            (name, unescape(value)) for name, value in re.findall(LABEL, match[2] or "")
        )
        found.append(Parsed(match[1], labels, float(match[7])))
    assert len({(it.name, it.labels) for it in found}) == len(found), "no sample comes twice"
    return found


def unescape(value: str) -> str:
    return re.sub(r"\\(.)", lambda it: {"n": "\n"}.get(it[1], it[1]), value)


def value(found: list[Parsed], metric: str, **labels: str) -> float:
    return next(
        it.value for it in found if it.name == metric and it.labels == frozenset(labels.items())
    )


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_name_and_number_survive(name: str, number: float) -> None:
    metric = Metric("it", "gauge", "Help with \\ and\nnew line")
    (parsed,) = parse(family(metric, [Sample({"camera": name}, number)]))
    assert parsed == Parsed("platewire_it", frozenset({("camera", name)}), number)


async def test_what_the_board_counts_is_there(world: World, client: aiohttp.ClientSession) -> None:
    await world.add(event(), event())
    world.board.count("camera", 'the "old" gate', frames=12, broken=1)
    world.board.say("camera", 'the "old" gate', State.RUNNING)
    world.board.count("output", "parking", delivered=1, retries=3, rejected=0, expired=0)
    world.board.gauge("output", "parking", cursor=1, lag_seconds=1.5, lag_events=1, odd=7)
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = parse(await answer.text())
    camera = 'the "old" gate'
    assert value(found, "platewire_log_last_seq") == 2
    assert value(found, "platewire_healthy") == 1
    assert value(found, "platewire_frames_read_total", camera=camera) == 12
    assert value(found, "platewire_frames_broken_total", camera=camera) == 1
    assert value(found, "platewire_delivered_total", output="parking") == 1
    assert value(found, "platewire_retries_total", output="parking") == 3
    assert value(found, "platewire_lag_events", output="parking") == 1
    assert value(found, "platewire_lag_seconds", output="parking") == 1.5
    assert value(found, "platewire_state", role="camera", name=camera, state="running") == 1
    other = {"role": "output", "name": "parking", "counter": "odd"}
    assert value(found, "platewire_other", **other) == 7
    assert value(found, "process_resident_memory_bytes") > 10_000_000


def test_a_metric_without_samples_says_nothing(world: World) -> None:
    found = parse(exposition(world.context))
    assert "platewire_frames_read_total" not in {it.name for it in found}
    assert value(found, "platewire_log_last_seq") == 0


async def test_what_was_never_confirmed_is_told_everywhere(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.board.say("camera", "ftp", State.RUNNING)
    world.board.gauge("camera", "ftp", unconfirmed=3)
    found = parse(await (await client.get("/metrics")).text())
    assert value(found, "platewire_unconfirmed_total", camera="ftp") == 3
    text = "3 vehicles read, never confirmed; 0 reported"
    (camera,) = (await (await client.get("/api/v1/cameras")).json())["cameras"]
    assert camera["message"] == text
    health = await client.get("/healthz")
    assert health.status == 200
    assert any(f"ftp: {text}" in each for each in (await health.json())["warnings"])
    world.board.count("camera", "ftp", events_new=4)
    assert (await (await client.get("/healthz")).json())["warnings"] == []
