"""Relay drivers: one per kind of device, with a common interface."""

from typing import Protocol

from platewire.outputs.relay.effect import Effect


class Switch(Protocol):
    @property
    def pulse_seconds(self) -> float:
        """How long it stays on; 0 where the device itself switches off, and nothing more is said
        to it."""
        ...

    @property
    def effect(self) -> Effect:
        """What the last `turn` came to, however it ended, cut off too."""
        ...

    async def knock(self) -> None:
        """Tells a wrong address; switches nothing. Unavailable, or ConfigError."""
        ...

    async def turn(self, *, on: bool) -> None:
        """Returning means that the device confirmed it. Refused or Unavailable otherwise; `effect`
        says whether it may have been done all the same."""
        ...

    async def close(self) -> None: ...
