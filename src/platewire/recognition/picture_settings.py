"""Settings: which images of a passage are stored."""

from typing import Annotated

from msgspec import Meta, Struct


class PictureSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which images of a passage are stored. The crop that was read is always stored."""

    vehicle: Annotated[bool, Meta(description="Store a vehicle image")] = True
    frame: Annotated[bool, Meta(description="Store the full frame")] = False
    quality: Annotated[int, Meta(ge=10, le=100, description="JPEG quality")] = 85
