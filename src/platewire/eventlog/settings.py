"""What can be set of the event log."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from platewire.database.connection import FILE_NAME
from platewire.database.removal import DAY_MS

PictureKind = Literal["plate", "vehicle", "frame"]
KINDS: tuple[PictureKind, ...] = get_args(PictureKind)


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The event log, which is also the database that other systems read."""

    folder: Annotated[
        Path, Meta(description="Folder of the database file `platewire.db` and of the pictures")
    ] = Path("platewire-data")
    image_folder: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_-]+\Z",
            description="Subfolder for vehicle and frame pictures; plate pictures are in the "
            "database",
        ),
    ] = "images"
    retention_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Delete events older than this, in days; not set: keep"),
    ] = None
    retention_bytes: Annotated[
        Annotated[int, Meta(ge=1_000_000)] | None,
        Meta(
            description="Delete the oldest events while events and pictures together use more disk "
            "space than this, in bytes; not set: keep",
        ),
    ] = None
    plate_picture_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(
            description="Delete plate pictures older than this, in days, before their events; not "
            "set: together with the event"
        ),
    ] = None
    vehicle_picture_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="As `plate_picture_days`, for vehicle pictures"),
    ] = None
    frame_picture_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="As `plate_picture_days`, for frame pictures"),
    ] = None
    keep_for_outputs: Annotated[
        bool,
        Meta(
            description="Keep events until every output has processed them; false: retention does "
            "not wait for outputs and reports the events that an output has lost"
        ),
    ] = True
    memory_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Size of the memory buffer of the newest events, and of the one of their "
            "pictures, in bytes each; serves outputs that are up to date",
        ),
    ] = 16_000_000

    @property
    def database(self) -> Path:
        """The database file."""
        return self.folder / FILE_NAME

    @property
    def picture_days(self) -> Mapping[PictureKind, float]:
        """Of the kinds of pictures that go before their events."""
        days: dict[PictureKind, float | None] = {
            "plate": self.plate_picture_days,
            "vehicle": self.vehicle_picture_days,
            "frame": self.frame_picture_days,
        }
        return {kind: each for kind, each in days.items() if each is not None}

    @property
    def goes_by_age(self) -> bool:
        """Whether anything is ever deleted for its age."""
        return self.retention_days is not None or bool(self.picture_days)

    def cutoffs(self, now_ms: int) -> Mapping[PictureKind, int]:
        """Before when, in milliseconds, pictures of each kind are too old."""
        return {kind: now_ms - round(days * DAY_MS) for kind, days in self.picture_days.items()}
