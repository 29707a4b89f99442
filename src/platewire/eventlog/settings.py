"""What can be set of the event log."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from platewire.clock import milliseconds
from platewire.database.connection import FILE_NAME
from platewire.eventlog.picture_retention import PictureKind


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The event log and the database that third parties read."""

    folder: Annotated[
        Path, Meta(description="Folder of the database file `platewire.db` and of the pictures")
    ] = Path("platewire-data")
    image_folder: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_-]+$",
            description="Folder within it for vehicle and frame pictures; plate pictures are in "
            "the database",
        ),
    ] = "images"
    retention_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Events older than so many days are deleted; not set: never"),
    ] = None
    retention_bytes: Annotated[
        Annotated[int, Meta(ge=1_000_000)] | None,
        Meta(
            description="Oldest events are deleted while events and pictures together take more "
            "bytes on disk than this; not set: never",
        ),
    ] = None
    plate_picture_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Pictures of plates older than this go before their events; not set: no"),
    ] = None
    vehicle_picture_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="As `plate_picture_days`, for pictures of vehicles"),
    ] = None
    frame_picture_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="As `plate_picture_days`, for whole frames"),
    ] = None
    keep_for_transfers: Annotated[
        bool,
        Meta(
            description="Retention waits for the slowest transfer; false: it does not, and says "
            "which events a transfer has lost by that"
        ),
    ] = True
    memory_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Newest events and pictures kept in memory for transfers that are up to "
            "date, in bytes for each of the two",
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

    def cutoffs(self, now: datetime) -> Mapping[PictureKind, int]:
        """Before when, in milliseconds, pictures of each kind are too old."""
        return {
            kind: milliseconds(now - timedelta(days=days))
            for kind, days in self.picture_days.items()
        }
