"""How reads become passages for one camera; NumberOk's names for the settings stand in docs."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Point = tuple[Annotated[float, Meta(ge=0, le=1)], Annotated[float, Meta(ge=0, le=1)]]


class Zone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A polygon in the picture."""

    name: Annotated[str, Meta(min_length=1, description="Name of the zone in events")]
    polygon: Annotated[
        tuple[Point, ...],
        Meta(
            min_length=3,
            description="Corners as [x, y], fractions of the picture's width and height",
        ),
    ]


class PassageSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How reads become passages."""

    hold_back: Annotated[
        int, Meta(ge=0, le=10, description="First results held back before `new` is sent")
    ] = 1
    distance: Annotated[
        int,
        Meta(
            ge=0,
            le=5,
            description="Texts that differ from the passage's text in at most this many "
            "characters (Levenshtein) are the same vehicle",
        ),
    ] = 2
    decision: Annotated[
        Literal["vote", "confidence", "statistics"],
        Meta(
            description="How the text is chosen: character-wise `vote` weighted by confidence, "
            "the single read of the highest `confidence`, or `statistics`: the text seen most"
        ),
    ] = "vote"
    results: Annotated[
        Literal["combined", "raw", "single"],
        Meta(
            description="`combined`: one passage per vehicle, its reads combined; `raw`: one "
            "passage, each read sent as it is; `single`: each read is a passage of its own, `new` "
            "at once and `lost` after the silence, as NumberOk's soft comparison off"
        ),
    ] = "combined"
    lost_after_seconds: Annotated[
        float, Meta(gt=0, description="Silence after the last read that makes a passage lost")
    ] = 5.0
    unconfirmed: Annotated[
        Literal["drop", "lost"],
        Meta(
            description="A vehicle gone before enough results: `drop` it, or send `new` and "
            "`lost` at once (`lost`)"
        ),
    ] = "drop"
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Reads less sure than this are not used")
    ] = 0.5
    min_characters: Annotated[int, Meta(ge=1, le=12, description="Shorter reads are not used")] = 4
    direction_in: Annotated[
        Annotated[float, Meta(ge=0, lt=360)] | None,
        Meta(
            description="Angle of movement across the picture that means `in`, in degrees: 0 is "
            "to the right, 90 is down, towards the camera. Not set: direction stays unknown",
        ),
    ] = None
    direction_tolerance: Annotated[
        float, Meta(gt=0, le=90, description="Degrees to either side that still count")
    ] = 75.0
    zones: Annotated[
        tuple[Zone, ...],
        Meta(max_length=4, description="Up to four; with zones, reads outside all are not used"),
    ] = ()
