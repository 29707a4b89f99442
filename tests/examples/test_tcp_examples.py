"""The examples that connect over TCP, to the real servers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from platewire.outputs.tcp.json_lines import JsonLinesSettings
from platewire.outputs.tcp.numberok_tcp import NumberOkTcpSettings
from platewire.testing.sample_events import JPEG, picture

if TYPE_CHECKING:
    from tests.examples.conftest import Run, Told


async def numberok(told: "Told", listen: str = "127.0.0.1:0") -> str:
    settings = NumberOkTcpSettings(name="numberok", listen=listen, wait_for_client=True)
    return await told.listen(settings, settings.build(told.context))


async def lines_server(told: "Told", listen: str = "127.0.0.1:0") -> str:
    settings = JsonLinesSettings(name="lines", listen=listen)
    return await told.listen(settings, settings.build(told.context))


async def test_numberok_client_decodes_events_and_comes_back(
    run: "Run", told: "Told", tmp_path: Path
) -> None:
    file = tmp_path / "received.jsonl"
    address = await numberok(told)
    client = await run("tcp_client.py", address, "--json", file, "--longest-wait", 0.2)
    events = await told.passage("BU9042")
    assert [line.split()[:2] for line in await client.lines(3)] == [
        ["new", "BU9042"],
        ["updated", "BU9042"],
        ["lost", "BU9042"],
    ]
    await told.stop()
    await numberok(told, address)
    events += await told.passage("WX1234")
    assert (await client.line()).split()[:2] == ["new", "WX1234"]
    await client.lines(2)
    records = [json.loads(line) for line in file.read_text().splitlines()]
    for event, record in zip(events, records, strict=True):
        assert record["id"] == str(event.id)
        assert (record["seq"], record["kind"]) == (event.seq, event.kind)
        assert (record["passage"], record["revision"]) == (str(event.passage), event.revision)
        assert (record["plate"], record["direction"]) == (event.plate.text, event.direction)
    assert await client.interrupt() == (0, "")


async def test_numberok_client_keeps_the_pictures(run: "Run", told: "Told", tmp_path: Path) -> None:
    client = await run("tcp_client.py", await numberok(told), "--pictures", tmp_path)
    await told.passage("BU9042", with_picture=picture(mark=3))
    await client.lines(3)
    await client.interrupt()
    kept = sorted(tmp_path.iterdir())
    assert [file.name for file in kept] == [
        "000001-BU9042-new.jpg",
        "000002-BU9042-updated.jpg",
        "000003-BU9042-lost.jpg",
    ]
    assert all(file.read_bytes().startswith(JPEG[:20]) for file in kept)


async def test_lines_client_loses_nothing_over_its_own_restart_and_the_servers(
    run: "Run", told: "Told", tmp_path: Path
) -> None:
    address = await lines_server(told)
    arguments = (address, "--state", tmp_path / "seq", "--json", tmp_path / "received.jsonl")
    await told.passage("BU9042")
    first = await run("lines_client.py", *arguments)
    await first.lines(3)
    await told.stop()
    await first.interrupt()
    await told.passage("AW7711")
    await lines_server(told, address)
    second = await run("lines_client.py", *arguments)
    assert [line.split()[1] for line in await second.lines(3)] == ["new", "updated", "lost"]
    await told.stop()
    await lines_server(told, address)
    await told.passage("CX1234")
    await second.lines(3)
    assert await second.interrupt() == (0, "")
    received = [json.loads(line) for line in (tmp_path / "received.jsonl").read_text().splitlines()]
    assert [event["seq"] for event in received] == list(range(1, 10))
    assert (tmp_path / "seq").read_text() == f"9 {received[-1]['id']}\n"


async def test_lines_client_goes_on_from_the_file_of_an_older_one(
    run: "Run", told: "Told", tmp_path: Path
) -> None:
    """Which has the number alone."""
    address = await lines_server(told)
    await told.passage("BU9042")
    (tmp_path / "seq").write_text("2\n")
    client = await run("lines_client.py", address, "--state", tmp_path / "seq")
    assert [line.split()[:2] for line in await client.lines(1)] == [["3", "lost"]]
    await client.interrupt()


async def test_lines_client_takes_only_the_kinds_it_asked_for(
    run: "Run", told: "Told", tmp_path: Path
) -> None:
    state = tmp_path / "seq"
    client = await run(
        "lines_client.py", await lines_server(told), "--state", state, "--kinds", "lost"
    )
    await told.passage("BU9042")
    await told.passage("AW7711")
    assert [line.split()[:2] for line in await client.lines(2)] == [["3", "lost"], ["6", "lost"]]


async def test_traffic_counter_counts_each_vehicle_once(run: "Run", told: "Told") -> None:
    for text in ("BU9042", "AW7711", "BU9042"):
        await told.passage(text, updates=2)
    counter = await run("traffic_counter.py", await lines_server(told), "--quiet-for", 1)
    code, printed = await counter.ended()
    assert code == 0
    head, *rows = printed.splitlines()
    assert head.split() == ["hour", "(UTC)", "count"]
    assert sum(int(row.split()[-1]) for row in rows) == 3
    assert {tuple(row.split()[2:4]) for row in rows} == {("DE", "in")}


async def test_traffic_counter_follows(run: "Run", told: "Told") -> None:
    counter = await run("traffic_counter.py", await lines_server(told))
    await told.passage("BU9042")
    assert (await counter.line()).split()[2:] == ["DE", "in", "1"]
