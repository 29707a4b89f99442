"""1C:Enterprise: passages in batches to an HTTP service of an infobase.

1C is slow to open a session and few of its sessions run side by side, so there are few connections,
long waits, and many passages in a request. The service takes the same passage twice as once, and
may tell which it took and which not; what it refused is rejected alone. What the JSON is,
`wire.one_c` decides.
"""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from platewire.errors import Rejected, Unavailable
from platewire.model import Entry, Kind
from platewire.transfers import http_answer
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_auth import BasicAuth, NoAuth
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_tls import Tls
from platewire.transfers.over_http import (
    ConnectSeconds,
    EgressSetting,
    OverHttp,
    TlsSetting,
    TotalSeconds,
)
from platewire.transfers.time_zone import time_zone_of
from platewire.transfers.transfer import (
    EventsPreset,
    PictureChoice,
    TransferContext,
    TransferSettings,
)
from platewire.wire import one_c

HEADERS = {"Content-Type": "application/json; charset=utf-8"}
ANSWER_BYTES_MAX = 1 << 20
REMEDIES = {
    401: "check `auth`: the user must be in the infobase, with 1C:Enterprise authentication",
    402: "no license is free: close sessions, or look at the license server",
    403: "the user may not use the service: give it a role with the right to it",
    404: "check the publication's name and the service's root in `url`, like "
    "http://host/base/hs/platewire/passages, and that the HTTP service is published",
    405: "the template of the service needs a method POST",
    406: "the session has ended; it is tried in a new one",
}
"""What concerns all events alike: they wait."""


class OneCTransfer(TransferSettings, frozen=True, kw_only=True, tag="one_c"):
    """Passages to an HTTP service of 1C:Enterprise."""

    url: Annotated[
        str,
        Meta(description="The service, such as http://server/base/hs/platewire/passages"),
    ]
    auth: Annotated[
        NoAuth | BasicAuth,
        Meta(description="`basic` with a user of the infobase; its name may be in any letters"),
    ] = NoAuth()
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="Kinds to send; `lost` is once for each passage and has its best reading"),
    ] = "lost_only"
    picture: Annotated[PictureChoice, Meta(description="Which picture goes along, as base64")] = (
        "none"
    )
    batch: Annotated[int, Meta(ge=1, le=500, description="Passages in one request at most")] = 50
    connections: Annotated[
        int, Meta(ge=1, le=2, description="Requests side by side; each takes a session of 1C")
    ] = 1
    time_zone: Annotated[
        str | None,
        Meta(description="Zone of the dates, which have none, e.g. Europe/Moscow; not set: UTC"),
    ] = None
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    first_byte_seconds: Annotated[
        float, Meta(gt=0, description="Longest silence of 1C while it is to answer")
    ] = 120
    total_seconds: TotalSeconds = 180

    def build(self, context: TransferContext) -> "OneCSender":
        """ConfigError where the url, the time zone, a secret or a file cannot be used."""
        return OneCSender(self, context)


class OneCSender(OverHttp[OneCTransfer]):
    """Implements `Transfer`."""

    def __init__(self, settings: OneCTransfer, context: TransferContext) -> None:
        super().__init__(
            settings,
            context,
            settings.url,
            auth=settings.auth,
            first_byte_seconds=settings.first_byte_seconds,
        )
        self.batch = settings.batch
        self.lanes = settings.connections
        self._zone = time_zone_of(settings.name, settings.time_zone)
        self._settled: dict[UUID, str | None] = {}
        """Of a batch in which some were refused: each event's reason, or that it was taken."""

    async def send(self, entries: Sequence[Entry]) -> None:
        """Once a batch was answered one by one, so are its events without asking again."""
        if len(entries) == 1 and entries[0].event.id in self._settled:
            self._repeat(entries[0], self._settled.pop(entries[0].event.id))
            return
        answer = await self._connection.ask(
            headers=HEADERS, body=await self._body(entries), answer_bytes=ANSWER_BYTES_MAX
        )
        self._judge_batch(answer, entries)
        self._settle(self._understood(answer), answer, entries)

    async def _body(self, entries: Sequence[Entry]) -> bytes:
        pairs = [(entry.event, await self._jpeg(entry)) for entry in entries]
        return one_c.encode(pairs, site=self._context.site.name, zone=self._zone)

    async def _jpeg(self, entry: Entry) -> bytes:
        """Empty where none is wanted, none exists, or retention has taken it."""
        image = self._settings.picture_of(entry.event.images)
        return await self._context.jpeg(image) or b""

    # --- what the answer means -----------------------------------------------------------------

    def _judge_batch(self, answer: Answer, entries: Sequence[Entry]) -> None:
        """Returns for 2xx."""
        words = one_c.complaint(answer.text)
        said = f"{self._who} answered {answer.status}" + (f' "{words}"' if words else "")
        if answer.status in REMEDIES:
            raise Unavailable(f"{said}; {REMEDIES[answer.status]}")
        if answer.status >= 500 and one_c.tells_of_licenses(words):
            raise Unavailable(f"{said}; {REMEDIES[402]}")
        if answer.status >= 500 and one_c.tells_of_closing(words):
            raise Unavailable(f"{said}; the infobase is closed for now, and it is tried again")
        if answer.status == 500:
            self._module_failed(said, answer, entries)
        self._judge(answer)

    def _module_failed(self, said: str, answer: Answer, entries: Sequence[Entry]) -> None:
        """One passage of a batch may be at fault, so they are sent one by one."""
        remedy = "look at the module of the HTTP service and at 1C's event log"
        if len(entries) > 1:
            raise Rejected(f"{said}; {remedy}", status=answer.status, answer=answer.text[:4096])
        raise Unavailable(f"{said}; {remedy}")

    def _understood(self, answer: Answer) -> one_c.Answered:
        try:
            return one_c.answered(answer.text)
        except one_c.NotUnderstood as error:
            raise Unavailable(
                f"{self._who} answered {answer.status} with {error}; is `url` that of the HTTP "
                "service, like http://host/base/hs/platewire/passages?"
            ) from error

    def _settle(self, told: one_c.Answered, answer: Answer, entries: Sequence[Entry]) -> None:
        ids = [entry.event.id for entry in entries]
        if left_out := told.left_out(ids):
            raise Unavailable(
                f"{self._who} said nothing of {len(left_out)} of {len(ids)} events, such as "
                f"{left_out[0]}; each must be in `accepted` or `rejected` of its answer"
            )
        if not any(told.refused(each) is not None for each in ids):
            return
        if len(entries) == 1:
            self._repeat(entries[0], told.refused(ids[0]), answer)
        if len(self._settled) > 4 * self.batch:
            self._settled.clear()
        self._settled |= {each: told.refused(each) for each in ids}
        raise Rejected(f"{self._who} refused some of {len(ids)} events", status=answer.status)

    def _repeat(self, entry: Entry, reason: str | None, answer: Answer | None = None) -> None:
        if reason is None:
            return
        event = entry.event
        raise Rejected(
            f"{self._who} refused the passage {event.passage} of {event.plate.text}: "
            f'"{reason[: http_answer.SHOWN_CHARACTERS]}"; put that right in 1C, then send it again',
            status=200 if answer is None else answer.status,
            answer=reason[: http_answer.KEPT_CHARACTERS],
        )
