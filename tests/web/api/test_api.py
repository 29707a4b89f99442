"""The API over a real connection: what it answers, and how it says no."""

import hashlib
import re
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from platewire.errors import ConfigError, LogError
from platewire.model import Event, Images, Kind
from platewire.runtime.status import State
from platewire.testing.sample_events import picture
from tests.web.world import World, after, event, jpeg_picture

Client = aiohttp.ClientSession


async def get(client: Client, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def fill(world: World) -> list[Event]:
    """Six events of three passages on two cameras."""
    first, second, third = event("B AB 1"), event("M XY 2", camera="exit"), event("B AC 3")
    events = [first, second, after(first, Kind.UPDATED), third, after(first, Kind.LOST)]
    events.append(after(second, Kind.LOST))
    await world.add(*events)
    return events


# --- events --------------------------------------------------------------------------------------


async def test_events_are_the_stored_bytes(world: World, client: Client) -> None:
    (entry,) = await world.add(event("ÄÖ 1"))
    assert await (await client.get("/api/v1/events/1")).read() == entry.body
    assert entry.body in await (await client.get("/api/v1/events")).read()


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("limit=2", [6, 5]),
        ("before=3", [2, 1]),
        ("after=3", [4, 5, 6]),
        ("after=0&limit=2", [1, 2]),
        ("after=6", []),
        ("camera=exit", [6, 2]),
        ("camera=nobody", []),
        ("kind=lost", [6, 5]),
        ("plate=b-a%20b", [5, 3, 1]),
    ],
)
async def test_events_can_be_chosen(
    world: World, client: Client, query: str, seqs: list[int]
) -> None:
    await fill(world)
    page = await get(client, f"/api/v1/events?{query}")
    assert [it["seq"] for it in page["events"]] == seqs
    assert page["last_seq"] == 6


@pytest.mark.parametrize("start", ["limit=1", "limit=4&after=0", "limit=2&camera=gate&plate=b"])
async def test_pages_of_events_follow_each_other(world: World, client: Client, start: str) -> None:
    await fill(world)
    whole = await get(client, f"/api/v1/events?{re.sub('limit=.', 'limit=99', start)}")
    seen, following = [], f"/api/v1/events?{start}"
    while following:
        page = await get(client, following)
        seen += page["events"]
        following = page["next"]
    assert seen == whole["events"]


# --- passages and pictures -----------------------------------------------------------------------


async def test_passages_stand_newest_first_with_their_last_event(
    world: World, client: Client
) -> None:
    await fill(world)
    page = await get(client, "/api/v1/passages")
    rows = [(it["first_seq"], it["last_seq"], it["state"]) for it in page["passages"]]
    assert rows == [(4, 4, "new"), (2, 6, "lost"), (1, 5, "lost")]
    still = await get(client, "/api/v1/passages?open=true")
    assert [it["first_seq"] for it in still["passages"]] == [4]


async def test_pages_of_passages_follow_each_other(world: World, client: Client) -> None:
    await fill(world)
    seen, following = [], "/api/v1/passages?limit=1"
    while following:
        page = await get(client, following)
        seen += page["passages"]
        following = page["next"]
    assert [it["first_seq"] for it in seen] == [4, 2, 1]


async def test_a_passage_has_all_its_events(world: World, client: Client) -> None:
    first = (await fill(world))[0]
    history = await get(client, f"/api/v1/passages/{first.passage}")
    assert [it["kind"] for it in history["events"]] == ["new", "updated", "lost"]
    assert history["passage"]["event"] == history["events"][-1]


async def test_pictures_never_change(world: World, client: Client) -> None:
    made = jpeg_picture(np.zeros((8, 32, 3), np.uint8))
    await world.add(event(images=Images(plate=made.image)), pictures=[made])
    answer = await client.get(f"/api/v1/images/{made.image.sha256}.jpg")
    assert hashlib.sha256(await answer.read()).hexdigest() == made.image.sha256
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "immutable" in answer.headers["Cache-Control"]
    known = {"If-None-Match": answer.headers["ETag"]}
    again = await client.get(f"/api/v1/images/{made.image.sha256}.jpg", headers=known)
    assert (again.status, await again.read()) == (304, b"")


async def test_pictures_are_served_at_the_documented_url(world: World, client: Client) -> None:
    made = jpeg_picture(np.zeros((8, 32, 3), np.uint8))
    await world.add(event(images=Images(plate=made.image)), pictures=[made])
    assert (await client.get(made.image.url)).status == 200
    page = (Path(__file__).parents[3] / "docs" / "event.md").read_text("utf-8")
    shown = re.findall(r'"url": "(.*)",\s+"sha256": "(.*)"', page)
    shown += [(each.image.url, each.image.sha256) for each in (picture(), picture("frame"))]
    for url, sha256 in shown:
        assert url.replace(sha256, made.image.sha256) == made.image.url
    assert len(shown) > 2


# --- cameras and outputs -----------------------------------------------------------------------


async def test_a_camera_shows_its_newest_picture(world: World, client: Client) -> None:
    world.board.say("camera", "gate", State.RUNNING)
    path = "/api/v1/cameras/gate/snapshot.jpg?t=1"
    assert (await client.get(path)).status == 204
    world.snapshots["gate"] = b"\xff\xd8jpeg"
    answer = await client.get(path)
    assert await answer.read() == b"\xff\xd8jpeg"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_output_tells_how_far_it_is(world: World, client: Client) -> None:
    await fill(world)
    world.board.fail("output", "parking", State.WAITING, "answered 503")
    world.board.gauge("output", "parking", cursor=4, delivered=4, lag_seconds=2.5)
    world.board.say("output", "fresh", State.STARTING)
    parking, fresh = (await get(client, "/api/v1/outputs"))["outputs"]
    assert (parking["state"], parking["lag"], parking["lag_seconds"]) == ("waiting", 2, 2.5)
    assert parking["last_error"] == "answered 503"
    assert fresh["lag"] is None


async def test_a_output_is_paused_and_resumed(world: World, client: Client) -> None:
    world.board.say("output", "parking", State.RUNNING)
    for action, state in (("pause", "paused"), ("resume", "running")):
        answer = await client.post(f"/api/v1/outputs/parking/{action}")
        assert (await answer.json())["state"] == state


async def test_a_replay_becomes_a_job(world: World, client: Client) -> None:
    await fill(world)
    world.board.say("output", "parking", State.RUNNING)
    body = {"from_seq": 2, "to_seq": 5}
    answer = await client.post("/api/v1/outputs/parking/replay", json=body)
    assert (answer.status, await answer.json()) == (202, {"job": "1"})
    (job,) = (await get(client, "/api/v1/jobs"))["jobs"]
    assert (job["from_seq"], job["to_seq"], job["output"]) == (2, 5, "parking")


# --- saying no -----------------------------------------------------------------------------------

MISSING = "0198c4a2-0000-7000-8000-000000000000"


WRONG = {
    "events?limt=5": (400, "limt"),
    "events?limit=0": (400, "limit"),
    "events?limit=501": (400, "limit"),
    "events?limit=many": (400, "limit"),
    "events?limit=1&limit=2": (400, "limit"),
    "events?after=-1": (400, "after"),
    "events?after=1&before=2": (400, "before"),
    "events?kind=gone": (400, "kind"),
    "events?plate=": (400, "plate"),
    "events?after=99999999999999999999999": (400, "after"),
    "events/0": (400, "seq"),
    "events/x": (400, "seq"),
    f"events/{2**63}": (400, "seq"),
    "events/7": (404, "seq"),
    "passages?open=maybe": (400, "open"),
    "passages/7": (400, "id"),
    f"passages/{MISSING}": (404, "id"),
    "images/00.jpg": (400, "sha256"),
    f"images/{'0' * 64}.jpg": (404, "sha256"),
    "cameras/nobody/snapshot.jpg": (404, "name"),
    "status?verbose=1": (400, "verbose"),
    "stream?after=x": (400, "after"),
}


async def test_a_wrong_request_is_told_what_is_wrong(client: Client) -> None:
    found = {}
    for path in WRONG:
        answer = await client.get(f"/api/v1/{path}")
        assert answer.headers["Content-Type"] == "application/problem+json", path
        problem = await answer.json()
        found[path] = (answer.status, problem["parameter"])
        assert problem["status"] == answer.status
        assert problem["parameter"] in problem["detail"] or answer.status == 404, path
    assert found == WRONG


WRONG_BODIES: tuple[tuple[str, str, int, str | None], ...] = (
    ('{"from_seq": 1}', "text/plain", 415, "Content-Type"),
    ("{", "application/json", 400, None),
    ('{"from_seq": "1"}', "application/json", 400, "from_seq"),
    ("{}", "application/json", 400, "from_seq"),
    ('{"from_seq": 1, "since": "2026-01-01T00:00:00Z"}', "application/json", 400, "from_seq"),
    ('{"since": "01.01.2026"}', "application/json", 400, "since"),
    ('{"from_seq": 1, "until": 2}', "application/json", 400, "until"),
    ('{"from_seq": 1, "to_seq": 2, "until": "now"}', "application/json", 400, "to_seq"),
    ('{"since": "today", "until": "yesterday"}', "application/json", 400, "until"),
    ('{"from_seq": 1, "unto": 2}', "application/json", 400, None),
    ('{"from_seq": 3, "to_seq": 2}', "application/json", 400, "to_seq"),
    ('{"from_seq": 7}', "application/json", 400, "from_seq"),
    (" " * 70_000, "application/json", 413, "body"),
)


async def test_a_wrong_body_is_told_what_is_wrong(world: World, client: Client) -> None:
    await fill(world)
    world.board.say("output", "parking", State.RUNNING)
    path = "/api/v1/outputs/parking/replay"
    for body, media, status, parameter in WRONG_BODIES:
        answer = await client.post(path, data=body, headers={"Content-Type": media})
        problem = await answer.json()
        assert (answer.status, problem.get("parameter")) == (status, parameter), body[:50]
    assert world.actions.started == []


@pytest.mark.parametrize("action", ["pause", "resume"])
async def test_an_unknown_output_is_not_found(client: Client, action: str) -> None:
    answer = await client.post(f"/api/v1/outputs/nobody/{action}")
    assert answer.status == 404
    assert "'nobody'" in (await answer.json())["detail"]


async def test_other_paths_and_methods_are_problems_too(client: Client) -> None:
    assert (await client.get("/api/v1/nothing")).status == 404
    answer = await client.delete("/api/v1/events")
    assert (answer.status, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert "DELETE" in (await answer.json())["detail"]


@pytest.mark.parametrize(
    ("error", "status"), [(LogError("log is closed"), 503), (ConfigError("cannot replay"), 409)]
)
async def test_trouble_inside_is_told_in_words(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(output: str) -> None:
        raise error

    monkeypatch.setattr(world.actions, "pause", fail)
    world.board.say("output", "parking", State.RUNNING)
    answer = await client.post("/api/v1/outputs/parking/pause")
    assert (answer.status, (await answer.json())["detail"]) == (status, str(error))


# --- health --------------------------------------------------------------------------------------


HEALTH = (
    ("log", State.RUNNING, 200),
    ("log", State.WAITING, 503),
    ("log", State.FAILED, 503),
    ("camera", State.WAITING, 200),
    ("camera", State.FAILED, 503),
    ("output", State.PAUSED, 200),
    ("output", State.FAILED, 503),
    ("retention", State.FAILED, 503),
)


async def test_health_is_that_of_the_log_and_the_loops(world: World, client: Client) -> None:
    for role, state, status in HEALTH:
        world.board.say(role, role, state, "why so")
        answer = await client.get("/healthz")
        reasons = (await answer.json())["reasons"]
        assert (answer.status, len(reasons)) == (status, status != 200), (role, state)
        assert all("why so" in reason for reason in reasons)
        world.board.say(role, role, State.RUNNING)


@pytest.mark.parametrize("role", ["camera", "heartbeat"])
async def test_failure_stays_in_the_banner_until_it_recovers(
    role: str, world: World, client: Client
) -> None:
    world.board.fail(role, "gate", State.WAITING, f"{role} gate: no answer")
    during = (await get(client, "/api/v1/status"))["warnings"]
    world.board.say(role, "gate", State.STARTING)
    told = [f"{role.capitalize()} gate: no answer"]
    assert (await get(client, "/api/v1/status"))["warnings"] == during == told
    world.board.say(role, "gate", State.RUNNING)
    assert (await get(client, "/api/v1/status"))["warnings"] == []
