"""What switches a relay: one way for each kind of device, all behind the same few calls."""

from typing import Protocol


class Switch(Protocol):
    @property
    def pulse_seconds(self) -> float:
        """How long it stays on; 0 where the device itself switches off, and nothing more is said
        to it."""
        ...

    @property
    def touched(self) -> bool:
        """Whether anything of the last `turn` may have reached the device, however it ended."""
        ...

    async def knock(self) -> None:
        """Tells a wrong address; switches nothing. Unavailable, or ConfigError."""
        ...

    async def turn(self, *, on: bool) -> None:
        """Returning means that the device confirmed it. Unavailable otherwise."""
        ...

    async def close(self) -> None: ...
