"""The examples that receive over HTTP, told by the real HTTP output."""

import asyncio
import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from platewire.outputs.http.http import HttpSettings

if TYPE_CHECKING:
    from tests.examples.conftest import Run, Running, Told


async def url_of(example: "Running") -> str:
    found = re.search(r"http://\S+", await example.line())
    assert found
    return found[0]


def deliver(told: "Told", url: str, **settings: Any) -> None:
    output = HttpSettings(name="out", url=url, start="beginning", **settings)
    told.deliver(output, output.build(told.context))


@pytest.mark.parametrize("body", ["json", "multipart"])
@pytest.mark.parametrize("format_", ["native", "numberok-1.0", "numberok-1.6", "axis"])
async def test_receiver_understands_every_form(
    run: "Run", told: "Told", tmp_path: Path, format_: str, body: str
) -> None:
    file = tmp_path / "received.jsonl"
    receiver = await run("http_receiver.py", "--listen", "127.0.0.1:0", "--json", file)
    deliver(told, await url_of(receiver), format=format_, body=body)
    events = await told.passage()
    lines = await receiver.lines(3)
    assert [line.split()[0] for line in lines] == ["new", "updated", "lost"]
    assert all("9042" in line for line in lines), "some forms have the plate's own letters only"
    records = [json.loads(line) for line in file.read_text().splitlines()]
    for event, record in zip(events, records, strict=True):
        assert record["id"] == str(event.id)
        assert (record["seq"], record["revision"]) == (event.seq, event.revision)
        assert (record["passage"], record["direction"]) == (str(event.passage), event.direction)
    assert (await receiver.interrupt())[1].strip() == "received {'new': 1, 'updated': 1, 'lost': 1}"


def post(url: str, body: bytes, content_type: str = "application/json") -> int:
    request = urllib.request.Request(url, body, {"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


async def test_receiver_takes_an_event_once_and_refuses_what_is_none(run: "Run") -> None:
    receiver = await run("http_receiver.py", "--listen", "127.0.0.1:0")
    url = await url_of(receiver)
    event = b'{"carState": "update", "plateText": "TEST1", "carID": "1", "other": null}'
    form = (
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="x.jpg"\r\n\r\nx\r\n--b--'
    )
    answers = [
        await asyncio.to_thread(post, url, body, kind)
        for body, kind in (
            (event, "application/json"),
            (event, "application/json"),
            (b"[]", "application/json"),
            (b"{", "application/json"),
            (b'{"carState": "gone", "plateText": "TEST1"}', "application/json"),
            (form, "multipart/form-data; boundary=b"),
        )
    ]
    assert answers == [204, 204, 400, 400, 400, 400]
    _, printed = await receiver.interrupt()
    assert printed.splitlines() == ["updated  TEST1           unknown", "received {'updated': 1}"]


async def test_gate_opens_once_for_each_passage_on_the_list(run: "Run", told: "Told") -> None:
    gate = await run("parking_gate.py", "--listen", "127.0.0.1:0", "--allow", "bu 9042", "WX1")
    deliver(told, await url_of(gate), events="parking", lanes=1)
    await told.passage("BU9042", updates=3)
    await told.passage("NOBODY1")
    await told.passage("WX1")
    await told.passage("BU9042")
    assert await gate.lines(3) == [
        "gate opens for BU 9042",
        "gate opens for WX 1",
        "gate opens for BU 9042",
    ]
    assert (await gate.interrupt()) == (0, "")


async def test_gate_stays_closed_for_cars_going_out(run: "Run") -> None:
    gate = await run("parking_gate.py", "--listen", "127.0.0.1:0", "--allow", "BU9042")
    url = await url_of(gate)
    event: dict[str, Any] = {
        "kind": "new",
        "direction": "out",
        "passage": "p",
        "plate": {"text": "BU9042", "display": "BU 9042"},
    }
    going_out = json.dumps(event).encode()
    coming_in = json.dumps(event | {"direction": "in", "passage": "q"}).encode()
    answers = [await asyncio.to_thread(post, url, body) for body in (going_out, coming_in, b"{}")]
    assert answers == [204, 204, 400]
    assert (await gate.interrupt())[1] == "gate opens for BU 9042\n"
