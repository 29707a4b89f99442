"""Nx Witness, DW Spectrum, Hanwha Wave: a generic event for an arriving vehicle, a bookmark for one
that has left.

Logs in once and keeps the session; an expired session is renewed once per request. The server's
device list, read at each connect, maps our cameras to its cameras. `wire.vms.nx` makes the bytes.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, NoReturn

from msgspec import Meta, field
from yarl import URL

from platewire.errors import PROVING_SECONDS, ConfigError, Refused, Rejected, Unavailable
from platewire.model import Entry, Event, Kind
from platewire.outputs.http import response as http_response
from platewire.outputs.http.auth import Password, User
from platewire.outputs.http.connection import with_query
from platewire.outputs.http.egress import Egress
from platewire.outputs.http.over_http import (
    ConnectSeconds,
    EgressSetting,
    OverHttp,
    TlsSetting,
    UrlReceiver,
)
from platewire.outputs.http.response import HttpResponse
from platewire.outputs.http.tls import Tls
from platewire.outputs.output import EventsPreset, OutputContext, OutputSettings
from platewire.runtime.secret import reveal
from platewire.wire.vms import nx
from platewire.wire.vms.nx import Device

DEVICES_BYTES_MAX = 16 << 20
"""Bytes of the list of devices, at most: room for sites with thousands of cameras."""
JSON = {"Content-Type": "application/json"}
DEVICES_QUERY = {"_with": "id,name,url,serverId"}


class NxSettings(UrlReceiver, OutputSettings, frozen=True, kw_only=True, tag="nx"):
    """Sends generic events and bookmarks to Nx Witness, DW Spectrum or Hanwha Wave."""

    connecting: ClassVar[str] = "logged in and read the list of cameras"

    url: Annotated[
        str,
        Meta(
            description="URL of the server, such as https://10.0.0.5:7001",
            examples=["https://192.0.2.5:7001"],
        ),
    ]
    user: User
    password: Password
    devices: Annotated[
        dict[str, str],
        Meta(
            description="IP address or device id, by camera; default: the device with the name "
            "of the camera"
        ),
    ] = field(default_factory=dict)
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="`new` and `updated` become generic events, `lost` becomes a bookmark"),
    ] = "traffic"
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    total_seconds: Annotated[float, Meta(gt=0, description="Timeout for a complete request")] = 30

    def build(self, context: OutputContext) -> "NxOutput":
        """ConfigError where the url, the password or a file cannot be used."""
        return NxOutput(self, context)


class NxOutput(OverHttp[NxSettings]):
    def __init__(self, settings: NxSettings, context: OutputContext) -> None:
        super().__init__(settings, context, settings.url, secrets_go_to="`user` and `password`")
        self._server = self._url.origin()
        self._token = ""
        self._known: Sequence[Device] = ()
        self._password()

    async def connect(self) -> None:
        """Logs in and asks which cameras there are."""
        await super().connect()
        await self._log_in()
        await self._learn()

    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            device = await self._device(entry.event.camera)
            if entry.event.kind is Kind.LOST:
                await self._bookmark(entry.event, device)
            else:
                await self._generic_event(entry.vendor_event, device)

    # --- requests ------------------------------------------------------------------------------

    async def _log_in(self) -> None:
        body = nx.login(self._settings.user, self._password())
        answer = await self._connection.ask(
            url=self._server.with_path(nx.LOGIN_PATH), headers=JSON, body=body
        )
        if answer.status in (401, 403, 422):
            raise Refused(
                f"{self._who} rejected the login as {self._settings.user} (status "
                f"{answer.status}); "
                "check `user` and `password`, and that the user may log in",
                status=answer.status,
                least_wait=PROVING_SECONDS,
            )
        self._must_be_good(answer)
        try:
            self._token = nx.token(answer.text)
        except nx.NotUnderstood as error:
            self._confused("the login", error)

    async def _learn(self) -> None:
        url = with_query(self._server.with_path(nx.DEVICES_PATH), DEVICES_QUERY)
        answer = await self._ask("GET", url, answer_bytes=DEVICES_BYTES_MAX)
        self._must_be_good(answer)
        try:
            self._known = nx.devices(answer.text)
        except nx.NotUnderstood as error:
            self._confused("the camera list", error)

    async def _generic_event(self, event: Event, device: Device) -> None:
        url = with_query(self._server.with_path(nx.EVENT_PATH), nx.event_query(event, device))
        answer = await self._ask("GET", url)
        self._judge(answer)
        try:
            refused = nx.refusal(answer.text)
        except nx.NotUnderstood as error:
            self._confused("a generic event", error)
        if refused:
            raise Rejected(
                f"{self._who} rejected the generic event: {refused}; check its log, and that "
                f"{self._settings.user} may create events",
                status=answer.status,
                answer=answer.text[: http_response.KEPT_CHARACTERS],
            )

    async def _bookmark(self, event: Event, device: Device) -> None:
        url = self._server.with_path(nx.bookmarks_path(device))
        answer = await self._ask("POST", url, nx.bookmark(event, device))
        self._judge(answer)

    async def _ask(
        self,
        method: str,
        url: URL,
        body: bytes = b"",
        *,
        answer_bytes: int = 16 * 1024,
    ) -> HttpResponse:
        answer = await self._asked_once(method, url, body, answer_bytes)
        if answer.status == 401:  # the session has run out, or the server was started again
            await self._log_in()
            answer = await self._asked_once(method, url, body, answer_bytes)
        if answer.status == 401:
            raise Unavailable(
                f"{self._who} rejects the session it has just created; check the server"
            )
        return answer

    async def _asked_once(
        self, method: str, url: URL, body: bytes, answer_bytes: int
    ) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self._token}", **(JSON if body else {})}
        return await self._connection.ask(
            method, url, headers=headers, body=body, answer_bytes=answer_bytes
        )

    # --- which device --------------------------------------------------------------------------

    async def _device(self, camera: str) -> Device:
        wanted = self._settings.devices.get(camera, camera)
        found = nx.find(self._known, wanted)
        if not found:
            await self._learn()
            found = nx.find(self._known, wanted)
        if len(found) == 1:
            return found[0]
        told = "\n".join(f"{each.name} {nx.plain_id(each.id)}" for each in found or self._known)
        problem = f"{len(found)} devices" if found else "no device"
        raise Rejected(
            f'{self._who} has {problem} "{wanted}" for the camera "{camera}"; set the IP '
            "address or the id of its device in `devices`",
            answer=told[: http_response.KEPT_CHARACTERS],
        )

    # --- answers that are no use ---------------------------------------------------------------

    def _must_be_good(self, answer: HttpResponse) -> None:
        """While connecting no event can be rejected, so all but 2xx means to wait."""
        try:
            self._judge(answer)
        except (Rejected, Refused) as error:
            raise Unavailable(
                f"{error}; check that `url` is an Nx server of version 5 or later"
            ) from error

    def _confused(self, asked: str, error: nx.NotUnderstood) -> NoReturn:
        raise Unavailable(
            f"{self._who} sent an invalid response to {asked} and is not an Nx server ({error}); "
            "check host and port in `url`"
        ) from error

    def _password(self) -> str:
        try:
            return reveal(self._settings.password)
        except ConfigError as error:
            raise ConfigError(f'output "{self._settings.name}": {error}') from error
