"""Which pictures of a passage are kept."""

from typing import Annotated

from msgspec import Meta, Struct


class PictureSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which pictures of a passage are kept. The crop that was read is always kept."""

    vehicle: Annotated[bool, Meta(description="Keep a picture of the vehicle")] = True
    frame: Annotated[bool, Meta(description="Keep the whole frame")] = False
    quality: Annotated[int, Meta(ge=10, le=100, description="JPEG quality")] = 85
