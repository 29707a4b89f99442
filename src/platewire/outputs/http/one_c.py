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
from platewire.outputs.http import response as http_response
from platewire.outputs.http.auth import BasicAuth, NoAuth
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.over_http import (
    ConnectSeconds,
    EgressSetting,
    OverHttp,
    TlsSetting,
    TotalSeconds,
    UrlReceiver,
)
from platewire.outputs.http.response import HttpResponse
from platewire.outputs.http.tls import Tls
from platewire.outputs.output import (
    EventsPreset,
    OutputContext,
    OutputSettings,
    PictureChoice,
)
from platewire.outputs.time_zone import time_zone_of
from platewire.wire import one_c

HEADERS = {"Content-Type": "application/json; charset=utf-8"}
ANSWER_BYTES_MAX = 1 << 20
"""Bytes of an answer to a batch, at most: it may say something of every event."""
REMEDIES = {
    401: "check `auth`: the user must exist in the infobase, with 1C:Enterprise authentication",
    402: "no free license: close sessions, or check the license server",
    403: "the user has no access to the service: assign a role with that right",
    404: "check the publication name and the service root in `url`, like "
    "http://host/base/hs/platewire/passages, and that the HTTP service is published",
    405: "add a method POST to the template of the service",
    406: "the session has expired; retrying with a new one",
}
"""What concerns all events alike: they wait."""


class OneCSettings(UrlReceiver, OutputSettings, frozen=True, kw_only=True, tag="one_c"):
    """Sends passages to an HTTP service of 1C:Enterprise."""

    url: Annotated[
        str,
        Meta(
            description="URL of the service, such as http://server/base/hs/platewire/passages",
            examples=["http://server/base/hs/platewire/passages"],
        ),
    ]
    auth: Annotated[
        NoAuth | BasicAuth,
        Meta(description="`basic` with a user of the infobase; the name may contain any letters"),
    ] = NoAuth()
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="Kinds to send; `lost` comes once per passage and has its best reading"),
    ] = "lost_only"
    picture: Annotated[PictureChoice, Meta(description="Picture to send, as base64")] = "none"
    batch: Annotated[int, Meta(ge=1, le=500, description="Maximum passages per request")] = 50
    connections: Annotated[
        int, Meta(ge=1, le=2, description="Maximum concurrent requests; each uses a session of 1C")
    ] = 1
    time_zone: Annotated[
        str | None,
        Meta(
            description=(
                "Time zone of dates, which have no offset in 1C, e.g. Europe/Moscow; default: UTC"
            )
        ),
    ] = None
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    first_byte_seconds: Annotated[
        float, Meta(gt=0, description="Timeout while 1C sends nothing")
    ] = 120
    total_seconds: TotalSeconds = 180

    def build(self, context: OutputContext) -> "OneCOutput":
        """ConfigError where the url, the time zone, a secret or a file cannot be used."""
        return OneCOutput(self, context)


class OneCOutput(OverHttp[OneCSettings]):
    def __init__(self, settings: OneCSettings, context: OutputContext) -> None:
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

    def _judge_batch(self, answer: HttpResponse, entries: Sequence[Entry]) -> None:
        """Returns for 2xx."""
        words = one_c.complaint(answer.text)
        said = f"{self._who} answered {answer.status}" + (f' "{words}"' if words else "")
        if answer.status in REMEDIES:
            raise http_response.refusal(f"{said}; {REMEDIES[answer.status]}", answer)
        if answer.status >= 500 and one_c.tells_of_licenses(words):
            raise Unavailable(f"{said}; {REMEDIES[402]}")
        if answer.status >= 500 and one_c.tells_of_closing(words):
            raise Unavailable(f"{said}; the infobase is temporarily closed, retrying")
        if answer.status == 500:
            self._module_failed(said, answer, entries)
        self._judge(answer)

    def _module_failed(self, said: str, answer: HttpResponse, entries: Sequence[Entry]) -> None:
        """One passage of a batch may be at fault, so they are sent one by one."""
        remedy = "check the module of the HTTP service and the event log of 1C"
        if len(entries) > 1:
            raise Rejected(f"{said}; {remedy}", status=answer.status, answer=answer.text[:4096])
        raise Unavailable(f"{said}; {remedy}")

    def _understood(self, answer: HttpResponse) -> one_c.DeliveryResponse:
        if answer.broke_off:
            raise Unavailable(
                f"{self._who} answered {answer.status}, but the response was cut off, so it is "
                "unknown which events were accepted; retrying, check the web server of 1C"
            )
        try:
            return one_c.parse_response(answer.text)
        except one_c.NotUnderstood as error:
            raise Unavailable(
                f"{self._who} answered {answer.status} with {error}; check that `url` is the HTTP "
                "service, like http://host/base/hs/platewire/passages"
            ) from error

    def _settle(
        self, result: one_c.DeliveryResponse, answer: HttpResponse, entries: Sequence[Entry]
    ) -> None:
        ids = [entry.event.id for entry in entries]
        if left_out := result.left_out(ids):
            raise Unavailable(
                f"{self._who} did not confirm {len(left_out)} of {len(ids)} events, such as "
                f"{left_out[0]}; its response must list each in `accepted` or `rejected`"
            )
        if not any(result.refused(each) is not None for each in ids):
            return
        if len(entries) == 1:
            self._repeat(entries[0], result.refused(ids[0]), answer)
        if len(self._settled) > 4 * self.batch:
            self._settled.clear()
        self._settled |= {each: result.refused(each) for each in ids}
        raise Rejected(f"{self._who} rejected some of {len(ids)} events", status=answer.status)

    def _repeat(self, entry: Entry, reason: str | None, answer: HttpResponse | None = None) -> None:
        if reason is None:
            return
        event = entry.event
        raise Rejected(
            f"{self._who} rejected the passage {event.passage} of {event.plate.text}: "
            f'"{reason[: http_response.SHOWN_CHARACTERS]}"; '
            "correct it in 1C, then requeue it",
            status=200 if answer is None else answer.status,
            answer=reason[: http_response.KEPT_CHARACTERS],
        )
