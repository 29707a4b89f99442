"""How many invalid pictures of a camera are passed over."""

from platewire.errors import Unavailable

BROKEN_IN_A_ROW = 10
"""Broken pictures one after the other that are passed over; then the source counts as failed."""


class BrokenPictures:
    """Tolerates some invalid images in a row, but none before the first valid one."""

    def __init__(self, camera: str, remedy: str) -> None:
        self._camera = camera
        self._remedy = remedy
        self._left = 1

    def good(self) -> None:
        self._left = BROKEN_IN_A_ROW

    def bad(self, reason: object) -> None:
        """Unavailable, naming camera, reason and remedy, when too many came in a row."""
        self._left -= 1
        if self._left <= 0:
            raise Unavailable(
                f"camera {self._camera} sent invalid images: {reason}; {self._remedy}"
            )
