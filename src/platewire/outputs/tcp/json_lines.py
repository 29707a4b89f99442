"""Events as JSON lines to any number of TCP clients, each with its own cursor on the event log.

The log is the queue. One task follows it and writes each batch, encoded once per choice of
events, to all clients that keep up. A client that resumes, or whose socket is full, reads the log
in pages at its own speed until it has caught up. So a slow client costs a number, not memory,
and nobody else's time.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from platewire.errors import LogError
from platewire.model import Entry, Kind, entry_at
from platewire.outputs.output import Output, OutputContext
from platewire.outputs.selector import Selector
from platewire.outputs.tcp.audience import require_for_tests
from platewire.outputs.tcp.listener import Client, Listener
from platewire.outputs.tcp.settings import Listen, TcpSettings
from platewire.runtime.secret import Secret, same
from platewire.wire.json_lines import (
    Hello,
    LineReader,
    Marker,
    Request,
    RequestError,
    event_line,
    marker_line,
    read_request,
    span,
)

REQUEST_SECONDS = 0.3
"""A client that has asked for nothing by then gets events from the moment it connected."""
TOKEN_SECONDS = 5.0
"""A client that has not sent the token by then is refused."""
PAGE = 256
"""Entries read from the log, and lines written to a client, at once."""
ASK_AGAIN = 'send a first line such as {"token": "...", "resume": 123}'
BEGIN_ANEW = (
    'send {"resume": "beginning"} to get all stored events (events you already have keep '
    'their id), or {"resume": "now"}'
)
BUFFER_BYTES_HIGH = 256 * 1024
"""A client with more than this unsent is left to read the log at its own speed."""
BUFFERS_BYTES_MAX = 32 * 2**20
"""Of all clients together; where many may come, each gets less, but a page of the smallest."""
PAGE_MIN = 16
"""Events that a client reads at once, at least, however many others catch up; also KiB of its
buffer."""
CROWD = 64
"""From so many clients on, each that catches up reads less at once."""


class JsonLinesSettings(TcpSettings, frozen=True, kw_only=True, tag="json_lines"):
    """A TCP server that sends each event as one line of JSON."""

    listen: Listen = "127.0.0.1:7701"
    max_clients: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description=("Maximum clients; further connections are closed at once"),
        ),
    ] = 1000
    slow_client: Annotated[
        Literal["wait", "disconnect", "skip"],
        Meta(
            description="A client that is `max_lag_events` behind: `wait` for it as long as the "
            "log keeps the events, `disconnect` it, or `skip` to the newest with a marker line"
        ),
    ] = "wait"
    max_lag_events: Annotated[
        int,
        Meta(
            ge=1,
            description="Events a client may lag before `slow_client` applies; for a client that "
            "resumes, counted from its position at that time",
        ),
    ] = 10_000

    token: Annotated[
        Secret | None,
        Meta(
            description=(
                "Where the token is stored that clients must send in their first line: "
                '{"token": "..."}'
            )
        ),
    ] = None

    @property
    def why_no_replay(self) -> str:
        return (
            f'output "{self.name}": clients resume by themselves; to get events from seq N on, '
            'a client sends {"resume": N-1} when it connects'
        )

    def build(self, context: OutputContext) -> "JsonLinesOutput":
        return JsonLinesOutput(self, context)


class Choice(Struct, frozen=True):
    """The selection of one client; clients with equal selections share their bytes."""

    kinds: frozenset[Kind]
    cameras: frozenset[str]

    def lines(self, entries: Sequence[Entry]) -> bytes:
        return b"".join(event_line(entry.body) for entry in entries if self._takes(entry))

    def _takes(self, entry: Entry) -> bool:
        event = entry.event
        return event.kind in self.kinds and (not self.cameras or event.camera in self.cameras)


class LinesClient(Client):
    """One connection: its cursor, its selection, and whether it keeps up."""

    def __init__(self, server: "JsonLinesOutput") -> None:
        super().__init__(server.listener)
        self._server = server
        self._reader = LineReader()
        self.asked = False
        self.position = 0
        """Everything up to this seq has been dealt with."""
        self.choice = server.whole_choice
        self.leash = 0
        """How many events it may lag before `slow_client` applies."""
        self.behind = asyncio.Event()
        """Set while it reads the log for itself instead of getting each batch."""
        self.behind.set()

    @property
    def asks(self) -> bool:
        return self.asked or self.subscribed

    def opened(self) -> None:
        self._server.welcome(self)

    def closed(self) -> None:
        self.behind.set()  # wakes its task, which ends

    def data_received(self, data: bytes) -> None:
        try:
            for line in self._reader.feed(data):
                self._ask(read_request(line))
        except RequestError as error:
            self.refuse("noise", str(error))

    def _ask(self, request: Request) -> None:
        if self.asked:
            raise RequestError("only one request per connection; reconnect to send another")
        self.asked = True
        self._server.ask(self, request)

    def refuse(self, reason: str, why: str) -> None:
        self.write(marker_line(Marker(error=why)))
        self.drop(reason)

    def write(self, data: bytes) -> None:
        if data and not self.leaving:
            self.transport.write(data)


class JsonLinesOutput(Output):
    """Follows the log itself, so `send` has nothing left to do."""

    batch = 1000

    def __init__(self, settings: JsonLinesSettings, context: OutputContext) -> None:
        self._settings = settings
        self._clock = context.clock
        self._log = context.log
        # Clients choose where to start, so the current settings apply to the whole log.
        self._selector = Selector(context.log, [(0, settings)])
        self._token = settings.revealed("token", settings.token)
        self._position = 0
        """What the following task has given to the clients that keep up."""
        self._nobody = (
            f'output "{settings.name}": no client connected to {settings.listen}; start the '
            "receiver"
        )
        self.whole_choice = Choice(settings.kinds, frozenset(settings.cameras))
        share = max(PAGE_MIN * 1024, BUFFERS_BYTES_MAX // settings.max_clients)
        self.listener: Listener[LinesClient] = Listener(
            settings,
            context,
            lambda: LinesClient(self),
            waiting_bytes=min(BUFFER_BYTES_HIGH, share),
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where it listens."""
        return self.listener.address

    async def connect(self) -> None:
        if await self.listener.reopen():
            self._position = self._log.last_seq
            self.listener.spawn(self._follow())

    async def send(self, entries: Sequence[Entry]) -> None:
        """Returns at once, because each client reads the log; only replayed and test events, which
        are not in the log, are sent here. Raises NoClient for a test event without a client."""
        self.listener.check()
        if pushed := [entry for entry in entries if entry.event.replayed or not entry.event.seq]:
            await self._replay(pushed)

    async def close(self) -> None:
        await self.listener.close()

    # --- a client comes and asks ---------------------------------------------------------------

    def welcome(self, client: LinesClient) -> None:
        client.position = self._log.last_seq
        self.listener.spawn(self._begin_unasked(client))

    async def _begin_unasked(self, client: LinesClient) -> None:
        await self._clock.sleep(REQUEST_SECONDS if self._token is None else TOKEN_SECONDS)
        if client.subscribed or client.asked or client.gone:
            return
        if self._token is None:
            self._begin(client, Request())
        else:
            client.refuse("token", "no token received; " + ASK_AGAIN)

    def ask(self, client: LinesClient, request: Request) -> None:
        """RequestError for what cannot be asked."""
        if self._token is not None and not same(request.token, self._token):
            client.refuse("token", "invalid token; " + ASK_AGAIN)
        elif request.id is None:
            self._begin(client, request)
        elif isinstance(request.resume, str):
            raise RequestError('"id" must be that of the event whose seq is in "resume"')
        else:
            self.listener.spawn(self._begin_there(client, request, request.resume, request.id))

    async def _begin_there(
        self, client: LinesClient, request: Request, seq: int, known: UUID
    ) -> None:
        """Where the client's event is the one here. A number without an event is told as a gap."""
        try:
            entry = await entry_at(self._log, seq)
            if entry is not None and entry.event.id != known:
                words = self._log.numbering.another_history(seq, known, entry.event.id)
                raise RequestError(f"{words}; {BEGIN_ANEW}")
            if not client.gone:
                self._begin(client, request)
        except (RequestError, LogError) as error:
            client.refuse("noise", str(error))

    def _begin(self, client: LinesClient, request: Request) -> None:
        """Sets position and choice, now or (for a late request) anew; RequestError if it can't."""
        client.position = self._place(client, request)
        client.choice = self._choice(request)
        client.leash = self._log.last_seq - client.position + self._settings.max_lag_events
        client.write(marker_line(Marker(hello=self._hello(client))))
        client.behind.set()
        if not client.subscribed:
            client.served()
            self.listener.spawn(self._keep_up(client))

    def _place(self, client: LinesClient, request: Request) -> int:
        if request.resume == "now":
            return client.position
        if request.resume == "beginning":
            return self._log.first_seq - 1
        if request.resume > (last := self._log.last_seq):
            raise RequestError(f"{self._log.numbering.ahead(request.resume, last)}; {BEGIN_ANEW}")
        return request.resume

    def _choice(self, request: Request) -> Choice:
        whole = self.whole_choice
        kinds = whole.kinds & frozenset(request.kinds or whole.kinds)
        cameras = frozenset(request.cameras) or whole.cameras
        return Choice(kinds, cameras)

    def _hello(self, client: LinesClient) -> Hello:
        return Hello(
            after=client.position,
            first_seq=self._log.first_seq,
            last_seq=self._log.last_seq,
            kinds=tuple(kind for kind in Kind if kind in client.choice.kinds),
            cameras=tuple(sorted(client.choice.cameras)),
            log_id=self._log.numbering.log_id,
            epoch=self._log.numbering.epoch,
        )

    # --- clients that keep up ------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            last = await self._log.wait(self._position)
            entries = await self._log.read(self._position, PAGE)
            selected = await self._selected(entries)
            start = entries[0].event.seq - 1 if entries else last
            self._position = entries[-1].event.seq if entries else last
            self._distribute(start, selected)

    def _distribute(self, start: int, entries: Sequence[Entry]) -> None:
        """`entries` are those after `start` that the output sends, up to its new position."""
        shared: dict[Choice, bytes] = {}
        for client in self.listener.clients:
            if client.behind.is_set():
                self._disconnect_slow(client)
            elif client.position < start or not client.writable.is_set():
                client.behind.set()
            else:
                client.write(self._lines(client, start, entries, shared))
                client.position = max(client.position, self._position)

    def _lines(
        self,
        client: LinesClient,
        start: int,
        entries: Sequence[Entry],
        shared: dict[Choice, bytes],
    ) -> bytes:
        if client.position > start:  # read some of these from the log just before
            rest = [entry for entry in entries if entry.event.seq > client.position]
            return client.choice.lines(rest)
        if client.choice not in shared:
            shared[client.choice] = client.choice.lines(entries)
        return shared[client.choice]

    async def _selected(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        if self._settings.has_filters:
            return await self._selector.select(entries)
        return [entry for entry in entries if self._settings.selects(entry.event)]

    async def _replay(self, entries: Sequence[Entry]) -> None:
        """To the clients that keep up; the others, counted, ask for what they want by `resume`."""
        clients = [client for client in self.listener.clients if client.subscribed]
        require_for_tests(clients, entries, self._nobody)
        for client in clients:
            if client.behind.is_set() or not client.writable.is_set():
                self.listener.count(events_dropped=len(entries))
            else:
                client.write(client.choice.lines(entries))
        await self.listener.laggards(clients)

    # --- clients that do not -------------------------------------------------------------------

    async def _keep_up(self, client: LinesClient) -> None:
        while not client.gone:
            if client.position < self._position:
                await client.writable.wait()
                await self._give_page(client)
                await asyncio.sleep(0)  # a page may come from memory; others want a turn too
            else:
                client.leash = self._settings.max_lag_events
                client.behind.clear()
                await client.behind.wait()

    async def _give_page(self, client: LinesClient) -> None:
        if self._settings.slow_client == "skip" and self._too_slow(client):
            client.write(marker_line(Marker(skipped=span(client.position + 1, self._position))))
            client.position = self._position
            return
        after = client.position
        crowds = len(self.listener.clients) // CROWD
        entries = await self._log.read(after, max(PAGE_MIN, PAGE // max(1, crowds)))
        selected = await self._selected(entries)
        if client.gone or client.position != after:  # it has asked for another position
            return
        client.position = entries[-1].event.seq if entries else self._position
        following = entries[0].event.seq if entries else client.position + 1
        for first, last, empty in self._log.numbering.parts(after + 1, following - 1):
            reason: Literal["", "cut_back"] = "cut_back" if empty else ""
            client.write(marker_line(Marker(gap=span(first, last, reason))))
        client.write(client.choice.lines(selected))

    def _too_slow(self, client: LinesClient) -> bool:
        return client.subscribed and self._position - client.position > client.leash

    def _disconnect_slow(self, client: LinesClient) -> None:
        if self._settings.slow_client == "disconnect" and self._too_slow(client):
            client.refuse("slow", f"more than {client.leash} events behind; the last was lost")
