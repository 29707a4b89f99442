"""The 1C output against a server that answers as 1C's publication is documented to."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from platewire.config.load import parse
from platewire.delivery.attempt import send_each
from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.model import Entry, Kind
from platewire.outputs.http.one_c import OneCSettings
from platewire.outputs.output import OutputContext, OutputSettings
from platewire.runtime.clock import SystemClock
from platewire.runtime.status import Board
from platewire.testing.check_output import SITE, Arrival, check_output
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events
from platewire.wire import one_c
from tests.outputs.http.http_sending import PICTURES, entries
from tests.outputs.http.http_service import HttpService
from tests.outputs.http.test_http_docs import blocks
from tests.wire.test_one_c import EXCEPTION

PAGE = (Path(__file__).parents[3] / "docs" / "outputs" / "one_c.md").read_text("utf-8")
USER, PASSWORD = "Обмен ЛПР", "пароль€"
PATH = "/base/hs/platewire/passages"
Passage = dict[str, Any]
NOT_FOUND = "<html><head><title>404</title></head><body><h1>Not Found</h1></body></html>"


class Infobase(HttpService):
    """A publication on a web server: other paths are the web server's, users are 1C's."""

    def __init__(self, *, users: bool = False) -> None:
        super().__init__()
        self.refuses: Callable[[Passage], str] = lambda _: ""
        self.fails_on: Callable[[Passage], bool] = lambda _: False
        self.answers: tuple[int, str, str] | None = None
        self.one_by_one = True
        self.requests: list[list[Passage]] = []
        self.register: dict[str, Passage] = {}
        self.together = 0
        self._users = users

    @property
    def url(self) -> str:
        return f"{self.origin}{PATH}"

    async def _handle(self, request: web.Request) -> web.Response:
        if request.path != PATH:
            return web.Response(status=404, text=NOT_FOUND, content_type="text/html")
        if self._users and not self._is_known(request):
            return web.Response(status=401, text="")
        if self.answers is not None:
            status, text, kind = self.answers
            body = text.encode(kind.rpartition("charset=")[2])
            return web.Response(status=status, body=body, headers={"Content-Type": kind})
        passages = msgspec.json.decode(await request.read())["passages"]
        self.requests.append(passages)
        if any(self.fails_on(each) for each in passages):
            text = "{HTTPСервис.platewire.Модуль(12)}: Поле объекта не обнаружено"
            return web.Response(status=500, text=text)
        return await self._taken(passages)

    async def _taken(self, passages: list[Passage]) -> web.Response:
        reasons = {each["id"]: self.refuses(each) for each in passages}
        for each in passages:
            if not reasons[each["id"]]:
                self.register[each["passage"]] = each
                picture = base64.b64decode(each.get("picture") or "") or None
                self.note(Arrival(each["passage_number"], Kind(each["kind"]), picture))
        if not self.one_by_one:
            return web.Response()
        refusals = [{"id": id_, "reason": why} for id_, why in reasons.items() if why]
        accepted = [id_ for id_, why in reasons.items() if not why]
        return web.json_response({"accepted": accepted, "rejected": refusals})

    def _is_known(self, request: web.Request) -> bool:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        return kind == "Basic" and base64.b64decode(text).decode() == f"{USER}:{PASSWORD}"


def settings(url: str, **more: object) -> OneCSettings:
    raw = {"type": "one_c", "name": "books", "url": url, **more}
    return msgspec.convert(raw, OneCSettings, dec_hook=lambda _, value: Path(value))


async def lost(count: int) -> tuple[OutputContext, list[Entry]]:
    clock = SystemClock()
    log = MemoryLog(clock)
    events = [passage_events(number)[-1] for number in range(1, count + 1)]
    logged = await log.append("gate", events)
    return OutputContext(clock=clock, log=log, site=SITE, board=Board(clock)), list(logged)


class Outcome:
    def __init__(self) -> None:
        self.delivered: list[Entry] = []
        self.rejected: list[tuple[Entry, Rejected]] = []

    async def took(self, entries: Sequence[Entry]) -> None:
        self.delivered += entries

    async def refused(self, entry: Entry, error: Rejected) -> None:
        self.rejected.append((entry, error))


async def deliver(config: OneCSettings, count: int = 3, *, to: Outcome | None = None) -> Outcome:
    """A batch, as the delivery loop sends it."""
    context, logged = await lost(count)
    sender, outcome = config.build(context), to or Outcome()
    try:
        await sender.connect()
        await send_each(sender, logged, delivered=outcome.took, rejected=outcome.refused)
    finally:
        await sender.close()
    return outcome


@pytest.mark.parametrize("more", [{}, {"batch": 1}, {"picture": "plate", "connections": 2}])
async def test_passes_the_check_of_all_outputs(more: dict[str, object]) -> None:
    infobase = Infobase()
    await infobase.start()
    await infobase.stop()
    infobase.pictures = "picture" in more
    await check_output(settings(infobase.url, **more).build, infobase, name="books")


def test_lost_only_unless_told_otherwise() -> None:
    assert settings("http://x/").kinds == {Kind.LOST}


async def test_a_batch_is_one_request() -> None:
    async with Infobase() as infobase:
        outcome = await deliver(settings(infobase.url, time_zone="Europe/Moscow"), 20)
    assert [len(each) for each in infobase.requests] == [20]
    assert len(outcome.delivered) == 20
    assert infobase.requests[0][0]["last_seen_at"] == "2026-01-02T06:04:06"


async def test_a_user_in_cyrillic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD_1C", PASSWORD)
    auth = {"type": "basic", "user": USER, "password": "env:PASSWORD_1C"}
    async with Infobase(users=True) as infobase:
        outcome = await deliver(settings(infobase.url, auth=auth))
        assert len(outcome.delivered) == 3
        with pytest.raises(Unavailable, match=r'"books".*401.*user must exist in the infobase'):
            await deliver(settings(infobase.url))


async def test_one_refused_passage_does_not_hold_up_the_others() -> None:
    """And nobody is asked twice: a request is dear."""
    async with Infobase() as infobase:
        infobase.refuses = lambda each: "нет договора" if each["passage_number"] % 5 == 0 else ""
        outcome = await deliver(settings(infobase.url), 10)
        assert len(infobase.requests) == 1
    assert len(outcome.rejected) == 2
    assert len(outcome.delivered) == 8
    assert len(infobase.register) == 8
    entry, error = outcome.rejected[0]
    assert str(entry.event.passage) in str(error)
    assert 'output "books"' in str(error)
    assert '"нет договора"; correct it in 1C' in str(error)


async def test_a_refused_passage_is_asked_for_again_when_it_is_sent_again() -> None:
    context, logged = await lost(2)
    async with Infobase() as infobase:
        infobase.refuses = lambda each: "закрытый период"
        sender, outcome = settings(infobase.url).build(context), Outcome()
        await sender.connect()
        await send_each(sender, logged, delivered=outcome.took, rejected=outcome.refused)
        infobase.refuses = lambda _: ""
        await sender.send(logged[:1])
        await sender.close()
    assert len(infobase.requests) == 2
    assert len(infobase.register) == 1


async def test_a_passage_that_comes_twice_is_there_once() -> None:
    async with Infobase() as infobase:
        await deliver(settings(infobase.url))
        await deliver(settings(infobase.url))
    assert len(infobase.requests) == 2
    assert len(infobase.register) == 3


async def test_a_service_that_tells_nothing_has_taken_all() -> None:
    async with Infobase() as infobase:
        infobase.one_by_one = False
        assert len((await deliver(settings(infobase.url))).delivered) == 3


async def test_a_module_that_fails_on_one_passage_gets_the_others() -> None:
    outcome = Outcome()
    context, logged = await lost(4)
    bad = logged[2].event.passage_number
    async with Infobase() as infobase:
        infobase.fails_on = lambda each: each["passage_number"] == bad
        sender = settings(infobase.url).build(context)
        await sender.connect()
        with pytest.raises(Unavailable, match=r'"books".*500.*Модуль\(12\).*check the module'):
            await send_each(sender, logged, delivered=outcome.took, rejected=outcome.refused)
        await sender.close()
    assert [each.event.seq for each in outcome.delivered] == [1, 2]
    assert not outcome.rejected


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (401, "", "user must exist in the infobase"),
        (402, "", "no free license"),
        (403, "Недостаточно прав", "Недостаточно прав.*role with that right"),
        (405, "", "add a method POST"),
        (406, EXCEPTION, "Истекло.*the session has expired"),
        (500, "Не найдена лицензия. Не обнаружен ключ защиты программы", "no free license"),
        (
            500,
            EXCEPTION.replace("Истекло", "Начало сеанса запрещено"),
            "the infobase is temporarily closed",
        ),
        (503, "<h1>Service Unavailable</h1>", "retrying"),
        (
            200,
            "<!DOCTYPE html><html><body>1С:Предприятие</body>",
            "HTML or XML.*hs/platewire",
        ),
        (200, '{"accepted": "все"}', "JSON of another form"),
        (200, '{"accepted": []}', "did not confirm 3 of 3 events.*`accepted` or `rejected`"),
        (502, "", "502"),
    ],
)
async def test_what_concerns_all_events_waits(status: int, text: str, said: str) -> None:
    async with Infobase() as infobase:
        infobase.answers = (status, text, "text/html; charset=utf-8")
        with pytest.raises(Unavailable, match=rf'(?s)"books".*{said}'):
            await deliver(settings(infobase.url))


async def test_a_wrong_publication_is_told() -> None:
    async with Infobase() as infobase:
        url = infobase.url.replace("/base/", "/bsae/")
        with pytest.raises(Unavailable, match=r'404 "Not Found".*publication.*/hs/platewire'):
            await deliver(settings(url))


async def test_an_answer_in_another_encoding_is_read() -> None:
    async with Infobase() as infobase:
        infobase.answers = (500, "Ошибка в модуле", "text/plain; charset=windows-1251")
        with pytest.raises(Unavailable, match="Ошибка в модуле"):
            await deliver(settings(infobase.url), 1)


async def test_other_refusals_concern_the_passage() -> None:
    async with Infobase() as infobase:
        infobase.answers = (400, "неверные данные", "text/plain; charset=utf-8")
        outcome = await deliver(settings(infobase.url))
    assert [error.status for _, error in outcome.rejected] == [400, 400, 400]


async def test_the_picture_goes_along_if_wanted() -> None:
    context, logged = await entries()
    async with Infobase() as infobase:
        sender = settings(infobase.url, picture="vehicle").build(context)
        await sender.connect()
        await sender.send(logged[-1:])
        await sender.close()
    assert base64.b64decode(infobase.requests[0][0]["picture"]) == PICTURES[1].jpeg


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"url": "http://me:word@host/"}, "move them to `auth`"),
        ({"url": "server/base"}, "write it like"),
        ({"time_zone": "Moscow"}, "unknown `time_zone` Moscow"),
        ({"auth": {"type": "basic", "user": "u", "password": "env:NOT_THERE"}}, "NOT_THERE"),
    ],
)
async def test_mistakes_are_told_at_the_start(more: dict[str, object], reason: str) -> None:
    context, _ = await lost(1)
    config = settings(**{"url": "http://host/", **more})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=rf'"books".*{reason}'):
        config.build(context)


def test_at_most_two_connections() -> None:
    with pytest.raises(msgspec.ValidationError, match="connections"):
        settings("http://host/", connections=3)


# --- the page ---------------------------------------------------------------------------------


def test_the_examples_of_the_page() -> None:
    text = blocks("toml", PAGE)[0]
    (output,) = parse(text, Path("platewire.toml")).output
    assert isinstance(output, OneCSettings)


def test_the_page_has_all_settings_and_all_names() -> None:
    own = set(OneCSettings.__struct_fields__) - set(OutputSettings.__struct_fields__)
    shown = msgspec.json.decode(blocks("json", PAGE)[0])["passages"][0]
    sent = msgspec.json.decode(one_c.encode([(passage_events()[-1], b"")], site="x"))
    assert list(shown) == list(sent["passages"][0])
    assert not sorted(name for name in own if f"`{name}" not in PAGE)
