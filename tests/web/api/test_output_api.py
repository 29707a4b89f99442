"""The operations on outputs: what waits, what was given up, tests and replays."""

from typing import Any

import aiohttp
import pytest

from platewire.model import Kind
from platewire.runtime.status import State
from tests.web.world import World, after, attempt, event

Client = aiohttp.ClientSession


@pytest.fixture
async def filled(world: World) -> World:
    first = event()
    await world.add(first, after(first, Kind.UPDATED), after(first, Kind.LOST), event("M XY 2"))
    world.board.say("output", "parking", State.RUNNING)
    await world.give_up("parking", 1, 2)
    await world.give_up("parking", 3, outcome="expired", status=None, reason="90 s old")
    return world


async def ask(client: Client, method: str, path: str, body: Any = None) -> Any:
    answer = await client.request(method, f"/api/v1/{path}", json=body)
    assert answer.status in (200, 202), await answer.text()
    return await answer.json()


async def test_one_output_with_what_was_given_up(filled: World, client: Client) -> None:
    shown = await ask(client, "GET", "outputs/parking")
    assert shown["status"]["name"] == "parking"
    assert {each["group"]: each["count"] for each in shown["dead"]} == {
        "rejected-422": 2,
        "expired": 1,
    }
    assert (shown["parked"], shown["jobs"]) == ([], [])


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("", [3, 2, 1]),
        ("group=expired", [3]),
        ("group=rejected-422&limit=1", [2]),
        ("before=3", [2, 1]),
        ("since=2030-01-01T00:00:00Z", []),
        ("discarded=true", []),
    ],
)
async def test_dead_letters_can_be_chosen(
    filled: World, client: Client, query: str, seqs: list[int]
) -> None:
    page = await ask(client, "GET", f"outputs/parking/dead?{query}")
    assert [letter["seq"] for letter in page["dead_letters"]] == seqs


async def test_dead_letters_come_in_pages(filled: World, client: Client) -> None:
    page = await ask(client, "GET", "outputs/parking/dead?limit=2")
    assert page["next"] == "/api/v1/outputs/parking/dead?before=2&limit=2"
    rest = await (await client.get(page["next"])).json()
    assert ([letter["seq"] for letter in rest["dead_letters"]], rest["next"]) == ([1], None)


async def test_requeued_they_wait_for_an_attempt(filled: World, client: Client) -> None:
    body = {"group": "rejected-422"}
    assert await ask(client, "POST", "outputs/parking/requeue", body) == {"count": 2}
    shown = await ask(client, "GET", "outputs/parking")
    assert [row["seq"] for row in shown["parked"]] == [1, 2]
    assert [each["group"] for each in shown["dead"]] == ["expired"]
    assert await ask(client, "POST", "outputs/parking/requeue", {"seqs": [1]}) == {"count": 0}


async def test_discarded_they_are_seen_with_the_reason(filled: World, client: Client) -> None:
    body = {"seqs": [3], "reason": "the gate was being painted"}
    assert await ask(client, "POST", "outputs/parking/discard", body) == {"count": 1}
    page = await ask(client, "GET", "outputs/parking/dead?discarded=true")
    (letter,) = page["dead_letters"]
    assert (letter["seq"], letter["discard_reason"]) == (3, "the gate was being painted")
    answer = await client.post("/api/v1/outputs/parking/discard", json={"seqs": [1]})
    assert answer.status == 400
    assert "reason" in (await answer.json())["detail"]


async def test_attempts_tell_what_was_asked_and_answered(filled: World, client: Client) -> None:
    for seq in (1, 2):
        await filled.log.deliveries.add_attempt(attempt("parking", seq))
    await filled.add(event("HH A 1"))
    found = await ask(client, "GET", "outputs/parking/attempts?seq=2")
    (each,) = found["attempts"]
    assert (each["seq"], each["status"], each["answer"]) == (2, 422, "no such gate")


async def test_a_test_of_chosen_kinds(filled: World, client: Client) -> None:
    trials = (await ask(client, "POST", "outputs/parking/test", {"kinds": ["lost"]}))["trials"]
    assert [(each["kind"], each["outcome"]) for each in trials] == [("lost", "delivered")]
    trials = (await ask(client, "POST", "outputs/parking/test", {}))["trials"]
    assert [each["kind"] for each in trials] == ["new", "updated", "lost"]


@pytest.mark.parametrize(("what", "from_seq"), [("all", 5), ("never_sent", 5), ("failed", 1)])
async def test_replays_since_a_time(
    filled: World, client: Client, what: str, from_seq: int
) -> None:
    body = {"what": what, "since": "2990-01-01T00:00:00Z", "rate": 5}
    job = (await ask(client, "POST", "outputs/parking/replay", body))["job"]
    (shown,) = (await ask(client, "GET", "jobs"))["jobs"]
    assert (shown["id"], shown["what"], shown["from_seq"], shown["rate"]) == (
        job,
        what,
        from_seq,
        5,
    )


async def test_a_replay_is_canceled(filled: World, client: Client) -> None:
    job = (await ask(client, "POST", "outputs/parking/replay", {"from_seq": 1}))["job"]
    assert (await ask(client, "POST", f"jobs/{job}/cancel"))["state"] == "canceled"
    answer = await client.post("/api/v1/jobs/99/cancel")
    assert (answer.status, (await answer.json())["parameter"]) == (404, "job")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/dead"),
        ("GET", "/attempts"),
        ("POST", "/requeue"),
        ("POST", "/discard"),
        ("POST", "/test"),
    ],
)
async def test_an_unknown_output_is_not_found(client: Client, method: str, path: str) -> None:
    body = {"reason": "x"} if path == "/discard" else {}
    answer = await client.request(
        method, f"/api/v1/outputs/nobody{path}", json=body if method == "POST" else None
    )
    assert answer.status == 404
