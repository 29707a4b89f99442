"""Nx Witness, DW Spectrum, Hanwha Wave: a generic event for a vehicle that comes, a bookmark for
one that is gone.

Logs in once and keeps the session; a session that has run out is opened again, once per request.
The server's device list, read at each connect, tells which of its cameras one of ours is. What
the bytes are is decided in `wire.nx`.
"""

from collections.abc import Sequence
from typing import Annotated, NoReturn

from msgspec import Meta, field
from yarl import URL

from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.model import Entry, Event, Kind
from platewire.secret import reveal
from platewire.transfers import http_answer
from platewire.transfers.http_answer import Answer
from platewire.transfers.http_auth import Password, User
from platewire.transfers.http_egress import Egress
from platewire.transfers.http_tls import Tls
from platewire.transfers.over_http import ConnectSeconds, EgressSetting, OverHttp, TlsSetting
from platewire.transfers.transfer import EventsPreset, TransferContext, TransferSettings
from platewire.wire import nx
from platewire.wire.nx import Device

DEVICES_BYTES_MAX = 16 << 20
LOGIN_WAIT_SECONDS = 60.0
"""After a wrong password; the server locks users out that try too often."""
JSON = {"Content-Type": "application/json"}
DEVICES_QUERY = {"_with": "id,name,url,serverId"}


class NxTransfer(TransferSettings, frozen=True, kw_only=True, tag="nx"):
    """Generic events and bookmarks for Nx Witness, DW Spectrum or Hanwha Wave."""

    url: Annotated[str, Meta(description="The server, such as https://10.0.0.5:7001")]
    user: User
    password: Password
    devices: Annotated[
        dict[str, str],
        Meta(
            description="For each camera of ours the IP address or the id of the server's device; "
            "a camera not named here is the device with the camera's own name"
        ),
    ] = field(default_factory=dict)
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(description="`new` and `updated` become generic events, `lost` becomes a bookmark"),
    ] = "traffic"
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    total_seconds: Annotated[
        float, Meta(gt=0, description="Longest wait for the whole of a request")
    ] = 30

    def build(self, context: TransferContext) -> "NxSender":
        """ConfigError where the url, the password or a file cannot be used."""
        return NxSender(self, context)


class NxSender(OverHttp[NxTransfer]):
    """Implements `Transfer`."""

    def __init__(self, settings: NxTransfer, context: TransferContext) -> None:
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
                await self._generic_event(entry.event, device)

    # --- requests ------------------------------------------------------------------------------

    async def _log_in(self) -> None:
        body = nx.login(self._settings.user, self._password())
        answer = await self._connection.ask(
            url=self._server.with_path(nx.LOGIN_PATH), headers=JSON, body=body
        )
        if answer.status in (401, 403, 422):
            raise Unavailable(
                f"{self._who} let nobody in as {self._settings.user} (answer {answer.status}); "
                "check `user` and `password`, and that the user may log in",
                retry_after=LOGIN_WAIT_SECONDS,
            )
        self._must_be_good(answer)
        try:
            self._token = nx.token(answer.text)
        except nx.NotUnderstood as error:
            self._confused("the login", error)

    async def _learn(self) -> None:
        url = self._server.with_path(nx.DEVICES_PATH).with_query(DEVICES_QUERY)
        answer = await self._ask("GET", url, answer_bytes=DEVICES_BYTES_MAX)
        self._must_be_good(answer)
        try:
            self._known = nx.devices(answer.text)
        except nx.NotUnderstood as error:
            self._confused("the question for its cameras", error)

    async def _generic_event(self, event: Event, device: Device) -> None:
        url = self._server.with_path(nx.EVENT_PATH).with_query(nx.event_query(event, device))
        answer = await self._ask("GET", url)
        self._judge(answer)
        try:
            refused = nx.refusal(answer.text)
        except nx.NotUnderstood as error:
            self._confused("a generic event", error)
        if refused:
            raise Rejected(
                f"{self._who} refused the generic event: {refused}; look at its log, and whether "
                f"{self._settings.user} may create events",
                status=answer.status,
                answer=answer.text[: http_answer.KEPT_CHARACTERS],
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
    ) -> Answer:
        answer = await self._asked_once(method, url, body, answer_bytes)
        if answer.status == 401:  # the session has run out, or the server was started again
            await self._log_in()
            answer = await self._asked_once(method, url, body, answer_bytes)
        if answer.status == 401:
            raise Unavailable(
                f"{self._who} forgets the session that it has just opened; look at the server"
            )
        return answer

    async def _asked_once(self, method: str, url: URL, body: bytes, answer_bytes: int) -> Answer:
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
            f'{self._who} has {problem} "{wanted}", so that nothing can be said of the camera '
            f'"{camera}"; set the IP address or the id of its device in `devices`',
            answer=told[: http_answer.KEPT_CHARACTERS],
        )

    # --- answers that are no use ---------------------------------------------------------------

    def _must_be_good(self, answer: Answer) -> None:
        """While connecting no event can be rejected, so all but 2xx means to wait."""
        try:
            self._judge(answer)
        except Rejected as error:
            raise Unavailable(
                f"{error}; is there an Nx server of version 5 or later behind `url`?"
            ) from error

    def _confused(self, asked: str, error: nx.NotUnderstood) -> NoReturn:
        raise Unavailable(
            f"{self._who} answered {asked} with what no Nx server answers ({error}); check host "
            "and port in `url`"
        ) from error

    def _password(self) -> str:
        try:
            return reveal(self._settings.password)
        except ConfigError as error:
            raise ConfigError(f'transfer "{self._settings.name}": {error}') from error
