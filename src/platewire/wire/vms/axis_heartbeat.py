"""The heartbeat of AXIS License Plate Verifier and CAMMRA: JSON whose values are all strings.

Source: the VAPIX page of License Plate Verifier, "Heartbeat services". The published sample uses
single quotes; platewire sends valid JSON. The page does not specify whether counts restart with
each heartbeat: ours only increase, so a missed heartbeat loses nothing.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec


class HeartbeatMessage(NamedTuple):
    at: datetime
    device: str
    version: str
    os_version: str
    ip_address: str
    mac_address: str
    frames: int
    """Processed since startup."""
    frames_per_second: float
    """Since the previous heartbeat."""
    reads: int
    """Plates read since startup; a vehicle is read several times."""
    memory_kib: int | None
    """Available to programs; None if the system does not report it."""


def encode(beat: HeartbeatMessage) -> bytes:
    memory = "" if beat.memory_kib is None else str(beat.memory_kib)
    return msgspec.json.encode(
        {
            "system": {"timestamp": _utc(beat.at)},
            "identify": {
                "platform": "platewire",
                "version": beat.version,
                "ipAddress": beat.ip_address,
                "macAddress": beat.mac_address,
                "osVersion": beat.os_version,
                "anprVersion": beat.version,
            },
            "ALPV": {
                "version": beat.version,
                "device_ID": beat.device,
                "numFrames": str(beat.frames),
                "numFramesAvg": str(round(beat.frames_per_second)),
                "numberOfReads": str(beat.reads),
            },
            "services": {"Available Memory": memory},
        }
    )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
