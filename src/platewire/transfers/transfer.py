"""The plug of this room: the log's entries to one third party.

A transfer is one file with a frozen config (a `TransferSettings`, tagged by `type`, listed in
`BUILTIN`) whose `build` returns a `Transfer`. It answers in four ways only:

    send returns      delivered, all of them
    Unavailable       not now; nothing is known to have arrived; the same entries come again
    Rejected          this entry will never be accepted (raised for single entries only: where
                      `batch` is larger than one, the loop repeats them one by one)
    Paused            the other side wants nothing more until a person resumes the transfer

It does not retry, count, filter or record: the delivery loop around it does, once, for all.

Besides it may state `lanes`, how many `send`s may run side by side, each of other passages: a
transfer that asks over connections of its own states several, one that writes to a stream says
nothing, which means one. It may tell what it asked and was answered (`transfers.exchange`): shown
with the attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from platewire.clock import Clock
from platewire.model import AccessLists, Entry, EventReader, Image, Images, Kind, Site
from platewire.status import Board

EventsPreset = Literal["parking", "traffic", "all", "lost_only"]
PictureChoice = Literal["none", "plate", "vehicle", "frame"]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]

PRESETS: dict[str, frozenset[Kind]] = {
    "parking": frozenset({Kind.NEW, Kind.UPDATED}),
    "traffic": frozenset({Kind.NEW, Kind.LOST}),
    "all": frozenset(Kind),
    "lost_only": frozenset({Kind.LOST}),
}


class TransferSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every transfer can be told, whatever its protocol."""

    name: Annotated[Name, Meta(description="Name of the transfer, unique in the file")]
    events: Annotated[
        EventsPreset | tuple[Kind, ...],
        Meta(
            description="Kinds to send: `parking` (new and updated), `traffic` (new and lost), "
            "`all`, `lost_only`, or a list of `new`, `updated`, `lost`"
        ),
    ] = "all"
    cameras: Annotated[
        tuple[str, ...], Meta(description="Only these cameras; empty means all")
    ] = ()
    countries: Annotated[
        tuple[str, ...],
        Meta(description="Only plates of these countries (ISO alpha-2); empty means all"),
    ] = ()
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Only plates read at least this surely")
    ] = 0.0
    lists: Annotated[
        tuple[str, ...],
        Meta(description="Only plates that stand on one of these lists; empty means all"),
    ] = ()
    max_age_seconds: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Older events are recorded as expired instead of sent"),
    ] = None
    picture: Annotated[PictureChoice, Meta(description="Which picture goes along")] = "plate"
    start: Annotated[
        Literal["now", "beginning"],
        Meta(description="Where a transfer begins that has never run: new events, or all kept"),
    ] = "now"

    @property
    def kinds(self) -> frozenset[Kind]:
        return PRESETS[self.events] if isinstance(self.events, str) else frozenset(self.events)

    def selects(self, entry: Entry) -> bool:
        """Whether this third party asked for such an event. Age is not looked at here."""
        event = entry.event
        return (
            event.kind in self.kinds
            and (not self.cameras or event.camera in self.cameras)
            and (not self.countries or event.plate.country in self.countries)
            and event.plate.confidence >= self.min_confidence
            and (not self.lists or any(hit.name in self.lists for hit in event.lists))
        )

    def picture_of(self, images: Images) -> Image | None:
        """The chosen picture, or the next smaller one that exists."""
        order = {
            "none": (),
            "plate": (images.plate,),
            "vehicle": (images.vehicle, images.plate),
            "frame": (images.frame, images.vehicle, images.plate),
        }[self.picture]
        return next((image for image in order if image is not None), None)


@dataclass(frozen=True, slots=True)
class TransferContext:
    clock: Clock
    log: EventReader
    site: Site
    board: Board
    lists: AccessLists | None = None
    """None where a transfer is only tried or replayed to, beside a server or without one."""

    async def jpeg(self, image: Image | None) -> bytes | None:
        """None where there is none, or retention has taken it."""
        return None if image is None else await self.log.picture(image.sha256)


class Transfer(Protocol):
    @property
    def batch(self) -> int:
        """How many entries one `send` takes at most; 1 unless sending many at once is cheaper."""
        ...

    async def connect(self) -> None:
        """Called before the first send, and again, with back-off, after Unavailable."""
        ...

    async def send(self, entries: Sequence[Entry]) -> None:
        """Returning means delivered."""
        ...

    async def close(self) -> None:
        """Lets go of everything. Called once, also when connect never succeeded."""
        ...


class TransferConfig(Protocol):
    def build(self, context: TransferContext) -> Transfer: ...
