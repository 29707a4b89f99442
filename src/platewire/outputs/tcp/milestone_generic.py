"""Milestone XProtect: generic events, one line of text each, over TCP or UDP.

XProtect's data source says whether it echoes, and that echo is the only acknowledgement there is.
So each line waits for its echo, unless there is none. What the line is, `wire.milestone` decides.
"""

import asyncio
import contextlib
import errno
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal, Self

from msgspec import Meta

from platewire.errors import ConfigError, Unavailable
from platewire.model import Entry, Kind
from platewire.outputs.output import EventsPreset, Output, OutputContext, OutputSettings
from platewire.outputs.tcp.transport import pause_beyond, tune
from platewire.runtime.system_error import in_words
from platewire.wire.vms import milestone

Echo = Literal["statistics", "bytes", "none"]
KNOCK_SECONDS = 0.3
"""How long a computer has to say that nobody listens at its UDP port."""

Address = Annotated[
    str,
    Meta(
        pattern=r"^(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]+):\d{1,5}\Z",
        description="The event server, as `host:port` or `[ipv6]:port`; use the port of the data "
        "source: 1235 for International, 1234 for Compatible",
        examples=["192.0.2.5:1235"],
    ),
]


class MilestoneGenericSettings(OutputSettings, frozen=True, kw_only=True, tag="milestone_generic"):
    """Sends lines of text for the generic events of Milestone XProtect."""

    connecting: ClassVar[str] = "opened a UDP socket, which does not verify the receiver"

    address: Address
    protocol: Annotated[
        Literal["tcp", "udp"], Meta(description="As set in the data source; `udp` may lose lines")
    ] = "tcp"
    echo: Annotated[
        Echo,
        Meta(
            description="As set in the data source: `statistics` (International), `bytes` "
            "(Compatible) or `none`; without an echo, delivery is not confirmed"
        ),
    ] = "statistics"
    prefix: Annotated[
        str, Meta(pattern=r"^[^;\x00-\x1f]+\Z", description="Prefix of each line")
    ] = "ANPR"
    events: Annotated[
        EventsPreset | tuple[Kind, ...], Meta(description="Kinds to send, one line each")
    ] = "traffic"
    connect_seconds: Annotated[float, Meta(gt=0, description="Timeout for connecting")] = 10
    echo_seconds: Annotated[float, Meta(gt=0, description="Timeout for an echo")] = 10

    @property
    def receiver(self) -> str:
        return self.address

    def build(self, context: OutputContext) -> "MilestoneGenericOutput":
        """ConfigError where the address cannot be one."""
        return MilestoneGenericOutput(self)


class MilestoneGenericOutput(Output):
    def __init__(self, settings: MilestoneGenericSettings) -> None:
        self._settings = settings
        self._who = f'output "{settings.name}": {settings.protocol} {settings.address}'
        host, _, port = settings.address.rpartition(":")
        if not 0 < int(port) < 65536:
            raise ConfigError(f"{self._who}: invalid port {port}; use 1 to 65535")
        self._host, self._port = host.strip("[]"), int(port)
        self._line: _Line | None = None

    async def connect(self) -> None:
        await self.close()
        opened = _Line.tcp if self._settings.protocol == "tcp" else _Line.udp
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                self._line = await opened(self._host, self._port)
        except OSError as error:
            raise self._unavailable(error) from error

    async def send(self, entries: Sequence[Entry]) -> None:
        if self._line is None:
            raise Unavailable(f"{self._who} is not connected")
        for entry in entries:
            sent = milestone.generic_line(entry.vendor_event, self._settings.prefix)
            try:
                async with asyncio.timeout(self._settings.echo_seconds):
                    await self._line.write(sent)
                    await self._echoed(self._line, sent)
            except TimeoutError as error:
                raise Unavailable(
                    f"{self._who} sent no echo within {self._settings.echo_seconds:g} s; check "
                    "that the data source is enabled and allows this computer; if it sends no "
                    'echo, set `echo = "none"`'
                ) from error
            except OSError as error:
                raise self._unavailable(error) from error

    async def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    async def _echoed(self, line: "_Line", sent: bytes) -> None:
        """Returns once the echo of the configured form is there."""
        got = b""
        while not self._complete(got, sent):
            got = (got + await line.read()).lstrip()  # the knock's echo is an empty line
            if self._wrong(got, sent):
                response = got[:80].decode("utf-8", "replace").strip()
                raise Unavailable(
                    f'{self._who} answered "{response}", which is not an echo of the form '
                    f"`{self._settings.echo}`; "
                    "set `echo` as in the data source"
                )

    def _complete(self, got: bytes, sent: bytes) -> bool:
        match self._settings.echo:
            case "statistics":
                return milestone.is_statistics(got)
            case "bytes":
                return got.startswith(sent.rstrip())
            case "none":
                return True

    def _wrong(self, got: bytes, sent: bytes) -> bool:
        if self._settings.echo == "bytes":
            return not (sent.startswith(got) or got.startswith(sent.rstrip()))
        return not milestone.may_become_statistics(got)

    def _unavailable(self, error: OSError) -> Unavailable:
        if isinstance(error, TimeoutError):
            reason = f"did not answer within {self._settings.connect_seconds:g} s"
        else:
            reason = f"cannot be reached: {in_words(error)}"
        return Unavailable(
            f"{self._who} {reason}; check `address` and `protocol`, and that the data source is "
            "enabled and allows this computer: Management Client, Tools, Options, Generic Events"
        )


class _Line(asyncio.Protocol, asyncio.DatagramProtocol):
    """The connection to the event server, over TCP or UDP alike; OSError if it fails."""

    _send: Callable[[bytes], None]
    _end: Callable[[], None]

    def __init__(self) -> None:
        self._echoes: asyncio.Queue[bytes] = asyncio.Queue(64)  # while it is full, more is dropped
        self._failure: OSError | None = None
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    @classmethod
    async def tcp(cls, host: str, port: int) -> Self:
        loop = asyncio.get_running_loop()
        transport, line = await loop.create_connection(cls, host, port)
        tune(transport)
        pause_beyond(transport)  # so that `write` returns once the system has accepted all bytes
        line._send, line._end = transport.write, transport.abort
        return line

    @classmethod
    async def udp(cls, host: str, port: int) -> Self:
        """Knocks with an empty line: a computer without a listener there says so at once."""
        loop = asyncio.get_running_loop()
        transport, line = await loop.create_datagram_endpoint(cls, remote_addr=(host, port))
        line._send, line._end = transport.sendto, transport.abort
        transport.sendto(b"\r\n")
        try:
            async with asyncio.timeout(KNOCK_SECONDS):
                await line.read()
        except TimeoutError:
            pass
        except OSError:
            transport.abort()
            raise
        return line

    async def write(self, data: bytes) -> None:
        """Returns once the system has taken it. Forgets what is left of earlier echoes."""
        self._echoes = asyncio.Queue(64)
        self._check()
        self._send(data)
        await self._writable.wait()
        self._check()

    async def read(self) -> bytes:
        """The next piece that comes."""
        while self._echoes.empty():
            self._check()
            self._changed.clear()
            await self._changed.wait()
        return self._echoes.get_nowait()

    def close(self) -> None:
        self._end()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    # --- what the event loop calls ---------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._echoes.put_nowait(data)
        self._changed.set()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.data_received(data)

    def error_received(self, exc: Exception) -> None:
        self._fail(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _fail(self, exc: Exception | None) -> None:
        gone = ConnectionResetError(errno.ECONNRESET, "the connection was closed")
        self._failure = exc if isinstance(exc, OSError) else gone
        self._writable.set()
        self._changed.set()
