"""JSON lines over real sockets: positions, requests, slow clients, and nothing lost."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop
from msgspec import structs

from platewire.errors import LogError, Unavailable
from platewire.eventlog.bell import Bell
from platewire.model import Entry, Event, Kind
from platewire.outputs.tcp import transport as tcp_transport
from platewire.outputs.tcp.json_lines import (
    BUFFER_BYTES_HIGH,
    REQUEST_SECONDS,
    JsonLinesOutput,
    JsonLinesSettings,
    LinesClient,
)
from platewire.outputs.tcp.listener import GRACE_SECONDS, PATIENCE_SECONDS
from platewire.runtime.clock import SystemClock
from platewire.testing.check_output import Arrival, check_output
from platewire.testing.sample_events import passage_events
from platewire.wire.json_lines import Marker, Request, span
from tests.outputs.tcp.tcp_harness import (
    Receiver,
    Wire,
    World,
    dialled,
    narrow,
    only,
    running,
    sleeper,
    until,
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def server(world: World) -> AsyncIterator[JsonLinesOutput]:
    built = build(world)
    async with running(built):
        yield built


def build(world: World, **settings: Any) -> JsonLinesOutput:
    chosen = {"name": "out", "listen": "127.0.0.1:0", **settings}
    return JsonLinesSettings(**chosen).build(world.context)


async def grace_passes(world: World) -> None:
    await until(lambda: world.clock.sleeping > 0)
    await world.clock.advance(REQUEST_SECONDS)


async def test_shared_check() -> None:
    async def read(client: Wire) -> Arrival:
        while not isinstance(line := await client.line(), Event):
            assert line.hello is not None
        return Arrival(line.passage_number, line.kind)

    settings = JsonLinesSettings(name="out", listen="127.0.0.1:0")
    receiver = Receiver(settings, Request(), read)
    await check_output(receiver.make, receiver, name="out", listens=True)


# --- positions ---------------------------------------------------------------------------------


async def test_client_that_asks_nothing_gets_events_from_its_connecting_on(
    world: World, server: JsonLinesOutput
) -> None:
    await world.passage()
    async with dialled(server) as client:
        await until(lambda: world.counter("clients") == 1)
        await world.passage()
        await grace_passes(world)
        hello = await client.hello()
        assert (hello.after, hello.first_seq, hello.last_seq) == (3, 1, 6)
        assert await client.seqs(3) == [4, 5, 6]
        await world.passage()
        assert await client.seqs(3) == [7, 8, 9]


async def test_resume_gives_the_log_then_the_live_feed(
    world: World, server: JsonLinesOutput
) -> None:
    for _ in range(200):
        await world.passage()
    async with dialled(server, Request(resume=17)) as client:
        assert (await client.hello()).after == 17
        assert await client.seqs(583) == list(range(18, 601))
        await world.passage()
        assert await client.seqs(3) == [601, 602, 603]


async def test_lines_are_the_stored_bytes(world: World, server: JsonLinesOutput) -> None:
    entries = await world.passage()
    async with dialled(server, Request(resume=0)) as client:
        await client.hello()
        for entry in entries:
            assert await client.reader.readline() == entry.body + b"\n"


async def test_beginning_is_the_first_that_is_kept(world: World, server: JsonLinesOutput) -> None:
    await world.passage()
    await world.passage()
    world.log.drop_before(3)
    async with dialled(server, Request(resume="beginning")) as client:
        assert (await client.hello()).first_seq == 3
        assert await client.seqs(4) == [3, 4, 5, 6]


async def test_gap_is_told_where_retention_was_faster(
    world: World, server: JsonLinesOutput
) -> None:
    await world.passage()
    await world.passage()
    world.log.drop_before(4)
    async with dialled(server, Request(resume=1)) as client:
        await client.hello()
        assert await client.line() == Marker(gap=span(2, 3))
        assert await client.seqs(3) == [4, 5, 6]


async def test_gap_is_told_where_retention_took_all(world: World, server: JsonLinesOutput) -> None:
    await world.passage()
    world.log.drop_before(4)
    await until(lambda: server._position == 3)
    async with dialled(server, Request(resume=1)) as client:
        await client.hello()
        assert await client.line() == Marker(gap=span(2, 3))
        await world.passage()
        assert await client.seqs(3) == [4, 5, 6]


@pytest.mark.parametrize("with_id", [False, True])
@pytest.mark.parametrize("resume", [2, 4, 5])
async def test_a_client_goes_on_over_numbers_that_stay_empty(
    world: World, server: JsonLinesOutput, resume: int, with_id: bool
) -> None:
    """From before the log was cut back, or with an event that it has lost: the numbers above are
    those of other events, so nothing is skipped and nothing comes twice."""
    entries = [*await world.passage(), *await world.passage()]
    world.log.cut_back(3)
    await world.passage()
    await until(lambda: server._position == 9)
    known = entries[resume - 1].event.id if with_id else None
    async with dialled(server, Request(resume=resume, id=known)) as client:
        assert (await client.hello()).epoch == 2
        if resume < 3:
            assert await client.seqs(1) == [3]
        assert await client.line() == Marker(gap=span(max(resume, 3) + 1, 6, "cut_back"))
        assert await client.seqs(3) == [7, 8, 9]


async def test_a_gap_at_the_end_is_told_at_once(world: World, server: JsonLinesOutput) -> None:
    entries = await world.passage()
    world.log.cut_back(2)
    world.log._bell.ring(3)
    async with dialled(server, Request(resume=1, id=entries[0].event.id)) as client:
        await client.hello()
        assert await client.seqs(1) == [2]
        assert await client.line() == Marker(gap=span(3, 3, "cut_back"))
        await world.passage()
        assert await client.seqs(3) == [4, 5, 6]


async def test_a_client_with_the_same_event_there_goes_on(
    world: World, server: JsonLinesOutput
) -> None:
    entries = await world.passage()
    async with dialled(server, Request(resume=2, id=entries[1].event.id)) as client:
        hello = await client.hello()
        assert (hello.after, hello.epoch, hello.log_id) == (2, 1, world.log.numbering.log_id)
        assert await client.seqs(1) == [3]


async def test_a_client_with_another_event_there_is_told_of_another_history(
    world: World, server: JsonLinesOutput
) -> None:
    """As after a rollback of the whole folder: numbers were given out again."""
    entries = await world.passage()
    async with dialled(server, Request(resume=2, id=entries[0].event.id)) as client:
        line = await client.line()
        assert isinstance(line, Marker)
        assert line.error is not None
        assert "rolled back to an older state" in line.error
        assert str(world.log.numbering) in line.error
        assert '{"resume": "beginning"}' in line.error
        assert await client.reader.read() == b"", "and it is closed"


async def test_an_id_without_a_number_is_refused(world: World, server: JsonLinesOutput) -> None:
    (entry, *_) = await world.passage()
    async with dialled(server, Request(resume="now", id=entry.event.id)) as client:
        line = await client.line()
        assert isinstance(line, Marker)
        assert line.error is not None
        assert '"id" must be that of the event' in line.error


async def test_resume_ahead_of_the_log_is_refused_with_the_remedy(
    world: World, server: JsonLinesOutput
) -> None:
    async with dialled(server, Request(resume=99)) as client:
        line = await client.line()
        assert isinstance(line, Marker)
        assert line.error is not None
        assert "ends at seq 0" in line.error
        assert '{"resume": "beginning"}' in line.error
        assert await client.rest() == b""


# --- requests ----------------------------------------------------------------------------------


async def test_request_narrows_what_the_output_sends(world: World) -> None:
    server = build(world, events="traffic", cameras=("gate", "back"))
    async with running(server):
        for camera in ("gate", "back", "other"):
            await world.passage(camera)
        request = Request(0, (Kind.UPDATED, Kind.LOST), ("back", "other"))
        async with dialled(server, request) as client:
            assert (await client.hello()).kinds == (Kind.LOST,)
            assert await client.seqs(1) == [6]
            await world.passage("other")
            await world.passage("back")
            assert await client.seqs(1) == [15]


async def test_client_that_got_a_plate_gets_its_correction_and_lost(world: World) -> None:
    """Live and from the log, though the filter matches no longer."""
    events = [
        structs.replace(event, lists=event.lists if event.revision == 1 else ())
        for event in passage_events(updates=2)
    ]
    server = JsonLinesSettings(name="out", listen="127.0.0.1:0", lists=("staff",)).build(
        world.context
    )
    async with running(server), dialled(server, Request()) as live:
        await live.hello()
        for event in events:
            await world.log.append("gate", [event])
        assert await live.seqs(3) == [2, 3, 4]
        for after, seqs in ((0, [2, 3, 4]), (2, [3, 4])):
            async with dialled(server, Request(resume=after)) as resumed:
                await resumed.hello()
                assert await resumed.seqs(len(seqs)) == seqs


async def test_clients_with_different_choices_each_get_theirs(
    world: World, server: JsonLinesOutput
) -> None:
    async with (
        dialled(server, Request(kinds=(Kind.NEW,))) as entering,
        dialled(server, Request(kinds=(Kind.LOST,))) as leaving,
        dialled(server, Request(kinds=(Kind.NEW,))) as also_entering,
    ):
        for client in (entering, leaving, also_entering):
            await client.hello()
        await world.passage()
        assert await entering.seqs(1) == await also_entering.seqs(1) == [1]
        assert await leaving.seqs(1) == [3]


async def test_late_request_is_obeyed_and_answered_with_a_new_hello(
    world: World, server: JsonLinesOutput
) -> None:
    await world.passage()
    async with dialled(server) as client:
        await grace_passes(world)
        assert (await client.hello()).after == 3
        client.send(Request(resume=1))
        assert (await client.hello()).after == 1
        assert await client.seqs(2) == [2, 3]


@pytest.mark.parametrize(
    ("noise", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "invalid JSON at byte 0"),
        (b"\x16\x03\x01\x02\x00\x01\n", "invalid JSON at byte 0"),
        (b'{"resumee": 1}\n', "unknown field `resumee`"),
        (b"x" * 5000, "exceeds 4096 bytes"),
        (b'{"resume": 0}\n{"resume": 0}\n', "one request per connection"),
    ],
)
async def test_noise_is_answered_counted_and_closed(
    world: World, server: JsonLinesOutput, noise: bytes, why: str
) -> None:
    async with dialled(server, noise) as client:
        *_, last, _ = (await client.rest()).split(b"\n")
        assert b'{"error":"' in last
        assert why.encode() in last
    await until(lambda: world.counter("clients") == 0)
    assert world.counter("clients_dropped") == world.counter("clients_dropped_noise") == 1


async def test_empty_lines_mean_nothing(world: World, server: JsonLinesOutput) -> None:
    async with dialled(server, b"\r\n\n" + b'{"resume": 0}\r\n\r\n') as client:
        await client.hello()
        await world.passage()
        assert await client.seqs(3) == [1, 2, 3]


# --- slow clients and others -------------------------------------------------------------------


async def stuck(world: World, server: JsonLinesOutput) -> LinesClient:
    """The server's end of a client that does not read, once its buffer is full."""
    await until(lambda: len(server.listener.clients) == 1)
    client = only(server.listener)
    assert isinstance(client, LinesClient)
    narrow(client)
    await until(lambda: client.subscribed and not client.behind.is_set())
    for _ in range(40):
        await world.heavy(9)
        await asyncio.sleep(0)
    await until(lambda: server._position == world.log.last_seq and client.behind.is_set())
    return client


async def test_client_that_never_reads_holds_up_nobody_and_loses_nothing(
    world: World, server: JsonLinesOutput
) -> None:
    with sleeper(server, Request()) as connection:
        client = await stuck(world, server)
        assert client.transport.get_write_buffer_size() < BUFFER_BYTES_HIGH + 9 * 40_000
        async with dialled(server, Request()) as other:
            await other.hello()
            await world.passage()
            assert await other.seqs(3) == [361, 362, 363]
        async with dialled(server, connection=connection) as awake:
            await awake.hello()
            assert await awake.seqs(363) == list(range(1, 364))
            await world.passage()
            assert await awake.seqs(3) == [364, 365, 366]


async def test_slow_client_is_disconnected_where_so_set(world: World) -> None:
    server = build(world, slow_client="disconnect", max_lag_events=10)
    async with running(server):
        with sleeper(server, Request()):
            await stuck(world, server)
            await world.heavy(12)
            await world.clock.advance(GRACE_SECONDS)
            await until(lambda: world.counter("clients") == 0)
        assert world.counter("clients_dropped_slow") == 1


async def test_slow_client_skips_with_a_marker_where_so_set(world: World) -> None:
    server = build(world, slow_client="skip", max_lag_events=10)
    async with running(server):
        with sleeper(server, Request()) as connection:
            await stuck(world, server)
            async with dialled(server, connection=connection) as awake:
                await awake.hello()
                seen, skipped = await everything(awake, world.log.last_seq)
                assert skipped
                assert sorted([*seen, *skipped]) == list(range(1, world.log.last_seq + 1))
                await world.passage()
                assert len(await awake.seqs(3)) == 3


async def everything(client: Wire, last: int) -> tuple[list[int], list[int]]:
    """Seqs seen and seqs skipped, until `last` is among them."""
    seen: list[int] = []
    skipped: list[int] = []
    while last not in (*seen[-1:], *skipped[-1:]):
        line = await client.line()
        if isinstance(line, Event):
            seen.append(line.seq)
        else:
            assert line.skipped is not None
            skipped += range(line.skipped.first, line.skipped.last + 1)
    return seen, skipped


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux can do this")
async def test_client_that_takes_nothing_for_minutes_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp_transport, "STALL_SECONDS", 0.3)
    server = build(world)
    async with running(server):
        with sleeper(server, Request()):
            await stuck(world, server)
            await until(lambda: world.counter("clients") == 0)
        assert world.counter("clients_dropped_stalled") == 1


async def test_client_that_resumes_from_far_behind_is_not_slow(world: World) -> None:
    server = build(world, slow_client="disconnect", max_lag_events=10)
    await world.heavy(99)
    async with running(server), dialled(server, Request(resume=0)) as client:
        await client.hello()
        assert await client.seqs(99) == list(range(1, 100))


async def test_client_that_goes_away_amid_writing_is_forgotten(
    world: World, server: JsonLinesOutput
) -> None:
    async with dialled(server, Request()) as other:
        await other.hello()
        with sleeper(server, Request(resume=0)):
            await until(lambda: len(server.listener.clients) == 2)
            await world.heavy(99)
        assert await other.seqs(99) == list(range(1, 100))
        await world.passage()
        await until(lambda: world.counter("clients") == 1)
        assert await other.seqs(3) == [100, 101, 102]


async def test_replay_goes_to_those_that_keep_up(world: World, server: JsonLinesOutput) -> None:
    (first, *_) = await world.passage()
    again = Entry(structs.replace(first.event, replayed=True), b'{"schema":"again"}')
    async with dialled(server, Request(kinds=(Kind.NEW,))) as client:
        await client.hello()
        await until(lambda: all(not one.behind.is_set() for one in server.listener.clients))
        await server.send([first])
        await server.send([again])
        assert await client.reader.readline() == b'{"schema":"again"}\n'


async def test_replay_to_a_client_that_does_not_keep_up_is_counted(
    world: World, server: JsonLinesOutput
) -> None:
    with sleeper(server, Request()):
        await stuck(world, server)
        (first, *_) = await world.log.read(0, 1)
        again = Entry(structs.replace(first.event, replayed=True), b'{"schema":"again"}')
        sending = asyncio.create_task(server.send([again]))
        await until(lambda: world.counter("events_dropped") == 1)
        await world.clock.advance(PATIENCE_SECONDS)
        await sending


# --- the whole ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_is_lost_or_repeated_over_reconnects(seed: int) -> None:
    """A writer at its own pace, and a client that is cut off at random and resumes."""
    chance, world = random.Random(seed), World()
    server = build(world)
    passages = 120

    async def write() -> None:
        for _ in range(passages):
            await world.passage()
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)

    async def read() -> list[int]:
        seqs: list[int] = []
        while len(seqs) < 3 * passages:
            async with dialled(server, Request(resume=seqs[-1] if seqs else 0)) as client:
                assert (await client.hello()).after == (seqs[-1] if seqs else 0)
                left = 3 * passages - len(seqs)
                seqs += await client.seqs(min(left, chance.randrange(1, 60)))
        return seqs

    async with running(server), asyncio.TaskGroup() as group:
        group.create_task(write())
        reading = [group.create_task(read()) for _ in range(3)]
    for task in reading:
        assert task.result() == list(range(1, 3 * passages + 1))


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_on_either_event_loop(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def whole_way() -> None:
        world = World(SystemClock())
        server = build(world)
        async with running(server):
            with sleeper(server, Request()) as connection:
                await stuck(world, server)
                async with dialled(server) as silent, dialled(server, Request(0)) as resuming:
                    await resuming.hello()
                    assert await resuming.seqs(360) == list(range(1, 361))
                    assert (await silent.hello()).after == 360
                    await world.passage()
                    assert await silent.seqs(3) == await resuming.seqs(3) == [361, 362, 363]
                async with dialled(server, connection=connection) as awake:
                    await awake.hello()
                    assert await awake.seqs(363) == list(range(1, 364))

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(whole_way())


async def test_broken_log_is_told_and_connecting_again_heals(world: World) -> None:
    server = build(world)
    async with running(server):
        async with dialled(server, Request()) as client:
            await client.hello()
            world.log._bell.break_with(LogError("the disk is gone"))
            assert await client.rest() == b""
        with pytest.raises(Unavailable, match='output "out": the disk is gone'):
            await server.send([])
        world.log._bell = Bell()
        await server.connect()
        async with dialled(server, Request()) as client:
            await client.hello()
            await world.passage()
            assert await client.seqs(3) == [1, 2, 3]


async def test_client_may_half_close_while_its_event_is_read(
    world: World, server: JsonLinesOutput
) -> None:
    first, *_ = await world.passage()
    async with dialled(server, Request(resume=first.event.seq, id=first.event.id)) as client:
        client.writer.write_eof()
        assert (await client.hello()).after == 1
        assert await client.seqs(2) == [2, 3]
        assert world.counter("clients_half_closed") == 1
        await world.passage()
        assert await client.seqs(3) == [4, 5, 6]
