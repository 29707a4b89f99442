"""Deliveries over HTTP to a real receiver that goes away and comes back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from email.utils import parsedate_to_datetime

import msgspec
import pytest
from aiohttp import web

from platewire.delivery import Delivery
from platewire.delivery.test_events import kinds_to_try, try_out
from platewire.errors import ConfigError
from platewire.eventlog.deliveries.records import DeadLetter, DeadQuery, Ranges
from platewire.model import Entry, Kind
from platewire.outputs.http.formats import FORMS, FormatName
from platewire.outputs.http.http import HttpSettings
from platewire.outputs.output import OutputContext
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board, State
from platewire.testing.check_output import SITE, Arrival
from platewire.testing.memory_delivery_book import MemoryDeliveryBook
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from tests.outputs.http.http_receiver import Answering, Receiver, accept, answers, receiving
from tests.outputs.http.http_sending import settings
from tests.simulation.judge import in_order


class TellingBook(MemoryDeliveryBook):
    """Tells what was written down, so that a test can wait for it."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self.kept: asyncio.Queue[DeadLetter] = asyncio.Queue()
        self.pauses: asyncio.Queue[str] = asyncio.Queue()
        self.moved: asyncio.Queue[int] = asyncio.Queue()

    async def set_cursor(self, output: str, seq: int, above: Ranges = ()) -> None:
        await super().set_cursor(output, seq, above)
        self.moved.put_nowait(seq)

    async def until(self, seq: int) -> None:
        """Until the floor is there."""
        while await self.moved.get() < seq:
            pass

    async def add_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        await super().add_dead_letters(dead_letters)
        for each in dead_letters:
            self.kept.put_nowait(each)

    async def pause(self, output: str, reason: str) -> None:
        await super().pause(output, reason)
        self.pauses.put_nowait(reason)

    async def resume(self, output: str) -> None:
        await super().resume(output)
        self.pauses.put_nowait("")


class Running:
    def __init__(self, receiver: Receiver, **more: object) -> None:
        self.clock = SystemClock()
        self.log = MemoryLog(self.clock)
        self.log.deliveries = self.book = TellingBook(self.log)
        self.board = Board(self.clock)
        self.settings = settings(receiver.url, start="beginning", **more)

    @property
    def state(self) -> State:
        return self.board.line("output", "gate").state

    @contextlib.asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        context = OutputContext(self.clock, self.log, SITE, self.board)
        delivery = Delivery(
            self.settings,
            self.settings.build(context),
            self.log,
            clock=self.clock,
            board=self.board,
            uniform=lambda: 0.0,
        )
        task = asyncio.create_task(delivery.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_receiver_that_restarts_misses_nothing() -> None:
    receiver = Receiver()
    await receiver.start()
    running = Running(receiver)
    wanted: list[Arrival] = []
    async with running.delivering():
        for number in range(1, 4):
            events = passage_events(number)
            await receiver.stop()
            await running.log.append("gate", events)
            await receiver.start()
            wanted += [Arrival(event.passage_number, event.kind) for event in events]
            assert await receiver.arrived(len(wanted)) == wanted
    await receiver.stop()


async def test_4xx_and_410_are_what_the_log_and_the_board_say() -> None:
    receiver = Receiver(answers(422, "no such gate"))
    await receiver.start()
    running = Running(receiver, events=[Kind.NEW, Kind.LOST])
    new, _, lost = passage_events()
    async with running.delivering():
        await running.log.append("gate", [new])
        kept = await running.book.kept.get()
        receiver.answer = answers(410, "closed")
        await running.log.append("gate", [lost])
        reason = await running.book.pauses.get()
    await receiver.stop()
    assert (kept.status, kept.answer) == (422, "no such gate")
    assert '410 Gone "closed"' in reason
    assert running.state is State.PAUSED


# --- moods of a receiver -------------------------------------------------------------------------


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def reset(request: web.Request) -> web.StreamResponse:
    _abort(request)
    return web.Response()


async def accept_then_reset(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"o")
    _abort(request)
    return response


async def fail_byte_by_byte(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=500)
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.02)


async def answer_without_end(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


def _abort(request: web.Request) -> None:
    assert isinstance(request.transport, asyncio.Transport)
    request.transport.abort()


@pytest.mark.parametrize(
    "mood",
    [
        hang,
        reset,
        accept_then_reset,
        fail_byte_by_byte,
        answer_without_end,
        answers(429, Retry_After="0"),
        answers(503, "restarting"),
        answers(301, Location="http://169.254.169.254/latest/meta-data/"),
    ],
    ids=[
        *("hang", "reset", "accept_then_reset", "fail_byte_by_byte", "without_end"),
        *("429", "503", "redirect"),
    ],
)
async def test_a_bad_mood_holds_up_nobody_for_long(mood: Answering) -> None:
    """Two requests of one passage are treated so; then all has arrived, each passage in order."""
    events = [event for number in range(1, 9) for event in passage_events(number)]
    treated = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal treated
        about = native.decode(await request.read())
        if about.passage_number == events[3].passage_number and treated < 2:
            treated += 1
            return await mood(request)
        return await accept(request)

    async with receiving(answer) as receiver:
        running = Running(receiver, total_seconds=0.5, lanes=3)
        await running.log.append("gate", events)
        async with running.delivering():
            await running.book.until(24)
            while await running.log.deliveries.parked("gate"):  # noqa: ASYNC110 - a row tells nobody of itself
                await asyncio.sleep(0.01)
        assert treated == 2
        in_order([Entry(native.decode(each.body), each.body) for each in receiver.requests])
    sent = {native.decode(each.body).id for each in receiver.requests}
    assert sent == {event.id for event in events}
    assert await running.log.deliveries.dead_letters("gate", DeadQuery(), 10) == []


async def test_what_was_asked_and_answered_is_kept_without_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATE_TOKEN", "correct horse battery")

    async def repeat(request: web.Request) -> web.StreamResponse:
        return web.Response(status=422, text=f"no: {request.headers['Authorization']}")

    async with receiving(repeat) as receiver:
        running = Running(receiver, auth={"type": "bearer", "token": "env:GATE_TOKEN"})
        async with running.delivering():
            await running.log.append("gate", passage_events()[:1])
            letter = await running.book.kept.get()
    (attempt,) = await running.log.deliveries.attempts("gate", 1, 10)
    assert attempt.outcome == "rejected"
    assert attempt.status == 422
    assert f"POST {receiver.url}" in attempt.request
    assert "webhook-id: " in attempt.request.lower()
    assert "Authorization: ***" in attempt.request
    assert attempt.answer.startswith("no: ")
    for text in (attempt.request, attempt.answer, attempt.error, letter.answer, letter.reason):
        assert "battery" not in text


async def test_test_events_go_the_real_way_and_are_in_no_log() -> None:
    async with receiving() as receiver:
        running = Running(receiver, cameras=["gate"], min_confidence=1.0)
        context = OutputContext(running.clock, running.log, SITE, running.board)
        sender = running.settings.build(context)
        results = await try_out(running.settings, sender, tuple(Kind), SITE, running.clock)
        receiver.answer = answers(403, "not you")
        sender = running.settings.build(context)
        (refused,) = await try_out(running.settings, sender, [Kind.NEW], SITE, running.clock)
    assert [(each.kind, each.outcome, each.status, each.answer) for each in results] == [
        (kind, "delivered", 200, "thanks") for kind in Kind
    ]
    got = [native.decode(each.body) for each in receiver.requests[:3]]
    assert all(event.test and event.camera == "gate" for event in got)
    assert [event.direction.value for event in got] == ["unknown", "in", "in"]
    assert all(each.headers["platewire-test"] == "true" for each in receiver.requests)
    assert [event.revision for event in got] == [0, 1, 2]
    assert len({event.passage for event in got}) == 1
    assert running.log.last_seq == 0
    assert (refused.outcome, refused.status, refused.answer) == ("rejected", 403, "not you")
    assert "403" in refused.error


@pytest.mark.parametrize(
    ("events", "sent"),
    [
        ("all", "new updated lost"),
        ("traffic", "new lost"),
        (["lost"], "lost"),
        ("parking", "new updated"),
    ],
)
def test_only_kinds_that_it_sends_are_tried(events: object, sent: str) -> None:
    settings = msgspec.convert(
        {"type": "http", "name": "gate", "url": "http://x/", "events": events}, HttpSettings
    )
    assert [kind.value for kind in kinds_to_try(settings, ())] == sent.split()
    for kind in Kind:
        if kind.value in sent.split():
            assert kinds_to_try(settings, [kind]) == [kind]
        else:
            with pytest.raises(
                ConfigError, match=rf'"gate" does not send {kind.value}: its `events`'
            ):
                kinds_to_try(settings, [kind])


@pytest.mark.parametrize("form", FORMS)
async def test_a_test_is_marked_in_every_format(form: FormatName) -> None:
    """Also where nothing may be added to what others wrote down."""
    async with receiving() as receiver:
        running = Running(receiver, format=form, additions=False)
        sender = running.settings.build(
            OutputContext(running.clock, running.log, SITE, running.board)
        )
        await try_out(running.settings, sender, [Kind.NEW], SITE, running.clock)
    (request,) = receiver.requests
    assert request.headers["platewire-test"] == "true"


async def test_each_attempt_has_its_number_and_the_age_of_the_event() -> None:
    refusals = 2

    async def answer(request: web.Request) -> web.Response:
        nonlocal refusals
        refusals -= 1
        return web.Response(status=503 if refusals >= 0 else 200)

    async with receiving(answer) as receiver:
        running = Running(receiver)
        async with running.delivering():
            await running.log.append("gate", passage_events()[:1])
            await receiver.arrived(1)
    told = [each.headers for each in receiver.requests[:3]]
    assert [each["platewire-attempt"] for each in told] == ["1", "2", "3"]
    assert [each.get("platewire-redelivery") for each in told] == [None, "true", "true"]
    ages = [int(each["platewire-age-ms"]) for each in told]
    assert ages == sorted(ages)
    assert all("platewire-test" not in each for each in told)
    assert all(parsedate_to_datetime(each["date"]).tzinfo for each in told)


async def test_a_test_of_a_receiver_that_is_not_there_says_so() -> None:
    receiver = Receiver()
    await receiver.start()
    await receiver.stop()
    running = Running(receiver)
    sender = running.settings.build(OutputContext(running.clock, running.log, SITE, running.board))
    (result,) = await try_out(running.settings, sender, [Kind.NEW], SITE, running.clock)
    assert result.outcome == "unavailable"
    assert "cannot be reached" in result.error
