"""A heartbeat to a receiver, in the format of the camera family: status and counters.

It is not an output: nothing is queued, and after a failure the next period tries again.
"""

import asyncio
import platform
import socket
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

import platewire
from platewire.errors import PlatewireError
from platewire.model import Site
from platewire.outputs.http import response as http_response
from platewire.outputs.http.auth import NoAuth
from platewire.outputs.http.connection import HttpConnection, checked_url
from platewire.outputs.http.egress import Egress, Guard
from platewire.outputs.http.over_http import (
    AuthSetting,
    ConnectSeconds,
    EgressSetting,
    TlsSetting,
    TotalSeconds,
)
from platewire.outputs.http.tls import Tls
from platewire.outputs.output import Name
from platewire.runtime.clock import Clock
from platewire.runtime.status import Board, State
from platewire.wire.numberok import json as numberok_json
from platewire.wire.vms import axis_heartbeat
from platewire.wire.vms.axis_heartbeat import HeartbeatMessage

ROLE = "heartbeat"
MEMORY = Path("/proc/meminfo")


class HeartbeatSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Periodically reports that platewire is running, as Axis cameras do."""

    name: Annotated[
        Name, Meta(description="Name of the heartbeat, unique in the file", examples=["monitoring"])
    ]
    url: Annotated[
        str,
        Meta(
            description="URL for the POST request, with http:// or https://",
            examples=["https://receiver.example/hb"],
        ),
    ]
    minutes: Annotated[
        int,
        Meta(ge=1, description="Interval between heartbeats; cameras offer 5, 10, 30, 60 and 1440"),
    ] = 5
    device_id: Annotated[
        str,
        Meta(description="`device_ID`; empty: the camera if `cameras` has one, otherwise the site"),
    ] = ""
    cameras: Annotated[
        tuple[str, ...],
        Meta(description="Cameras whose frames and reads are counted; empty: all"),
    ] = ()
    auth: AuthSetting = NoAuth()
    tls: TlsSetting = Tls()
    egress: EgressSetting = Egress()
    connect_seconds: ConnectSeconds = 10
    total_seconds: TotalSeconds = 30


class Heartbeat:
    """ConfigError for an invalid url, secret or file."""

    def __init__(self, settings: HeartbeatSettings, site: Site, clock: Clock, board: Board) -> None:
        self._settings = settings
        self._clock = clock
        self._board = board
        only = settings.cameras[0] if len(settings.cameras) == 1 else ""
        self._device = settings.device_id or only or site.name
        self._known = numberok_json.camera_info(only or self._device, site)
        self._frames, self._counted_at = 0, clock.monotonic()
        self._url = checked_url(
            settings.name, settings.url, settings.tls, egress=settings.egress, role=ROLE
        )
        self._who = f'heartbeat "{settings.name}": {http_response.without_secrets(settings.url)}'
        self._connection = HttpConnection(
            self._url,
            self._who,
            tls=settings.tls,
            auth=settings.auth,
            connect_seconds=settings.connect_seconds,
            total_seconds=settings.total_seconds,
            egress=settings.egress,
        )

    async def run(self) -> None:
        """Runs forever; sends the first heartbeat at once."""
        while True:
            await self._beat()
            await self._clock.sleep(self._settings.minutes * 60)

    async def check(self) -> None:
        """Connects without sending. Unavailable if the receiver is unreachable."""
        try:
            await self._connection.open()
        finally:
            await self._connection.close()

    async def _beat(self) -> None:
        name = self._settings.name
        try:
            await self._send()
        except PlatewireError as error:
            self._board.fail(ROLE, name, State.WAITING, str(error))
            self._board.count(ROLE, name, failures=1)
        else:
            self._board.say(ROLE, name, State.RUNNING)
            self._board.count(ROLE, name, sent=1)
        finally:
            await self._connection.close()

    async def _send(self) -> None:
        await self._connection.open()
        body = axis_heartbeat.encode(await self._now())
        answer = await self._connection.ask(headers={"Content-Type": "application/json"}, body=body)
        http_response.judge(answer, self._who, self._clock.now())

    async def _now(self) -> HeartbeatMessage:
        frames = self._counted("frames")
        now = self._clock.monotonic()
        seconds, more = now - self._counted_at, frames - self._frames
        self._frames, self._counted_at = frames, now
        return HeartbeatMessage(
            at=self._clock.now(),
            device=self._device,
            version=platewire.__version__,
            os_version=f"{platform.system()} {platform.release()}",
            ip_address=self._known["IPAddress"] or await self._own_address(),
            mac_address=self._known["MACAddress"],
            frames=frames,
            frames_per_second=more / seconds if seconds > 0 else 0.0,
            reads=self._counted("reads"),
            memory_kib=_memory_kib(),
        )

    def _counted(self, key: str) -> int:
        """Counts of the selected cameras, from the board."""
        chosen = self._settings.cameras
        return sum(
            int(line.counters.get(key, 0))
            for line in self._board.lines("camera")
            if not chosen or line.name in chosen
        )

    async def _own_address(self) -> str:
        """Local address of a connection to the receiver, determined without sending."""
        host, port = self._url.host or "", self._url.port or 0
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                addresses = await Guard(self._settings.egress).addresses(host, port)
            family = socket.AF_INET6 if ":" in addresses[0] else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((addresses[0], port))
                return str(probe.getsockname()[0])
        except OSError:
            return ""


def _memory_kib() -> int | None:
    """From /proc on Linux; other systems have no simple source."""
    try:
        for line in MEMORY.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return None
