"""The names of things as levels of MQTT topics, and the topics of one site.

Names are percent-encoded, so that two names never share a topic, whatever they are, and a name's
topic never depends on which other names there are.
"""

from string import ascii_letters, digits

from msgspec import Struct

_PLAIN = frozenset((ascii_letters + digits + "_.-").encode())
_PLAIN_IN_ID = frozenset((ascii_letters + digits + "-").encode())


def level(name: str) -> str:
    """`name` as one topic level: letters, digits, `_.-` as they are, other UTF-8 bytes as %XX.

    No two names give the same; the empty name gives a lone `%`.
    """
    return _escaped(name, _PLAIN, "%") or "%"


def identifier(*names: str) -> str:
    """Names as one id of letters, digits, `_` and `-`, as Home Assistant wants them.

    Each byte that is neither letter, digit nor `-` becomes `_XX`, and names are joined with `__`:
    no two lists of names give the same, except that empty names do not count.
    """
    return "__".join(_escaped(name, _PLAIN_IN_ID, "_") for name in names)


def _escaped(name: str, plain: frozenset[int], mark: str) -> str:
    data = name.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in plain else f"{mark}{byte:02X}" for byte in data)


class SiteTopics(Struct, frozen=True):
    """All topics of one site under one prefix."""

    prefix: str
    site: str

    @property
    def status(self) -> str:
        """`online` or `offline`, retained."""
        return f"{self._base}/status"

    def camera(self, name: str) -> str:
        """The beginning of all topics of one camera."""
        return f"{self._base}/{level(name)}"

    def event(self, camera: str) -> str:
        """Each event, as it is logged."""
        return f"{self.camera(camera)}/event"

    def last(self, camera: str) -> str:
        """The newest event of the camera's last passage, retained."""
        return f"{self.camera(camera)}/last"

    def image(self, camera: str, role: str) -> str:
        """The last passage's picture as JPEG, retained; `role` is plate, vehicle or frame."""
        return f"{self.camera(camera)}/image/{role}"

    @property
    def _base(self) -> str:
        return f"{self.prefix}/{level(self.site)}"
