"""What can be set of the event log."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from platewire.database.connection import FILE_NAME


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
