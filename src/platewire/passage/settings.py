"""Settings: how reads become passages of one camera. docs maps NumberOk's names to them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Point = tuple[Annotated[float, Meta(ge=0, le=1)], Annotated[float, Meta(ge=0, le=1)]]

HOLD_BACK = {"platewire": 1, "numberok": 0}
"""Results held back, by preset. NumberOk's default is not published; its example of six reads
reports a text that was read once."""


class Zone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A polygon in the frame."""

    name: Annotated[
        str, Meta(min_length=1, description="Name of the zone in events", examples=["lane 1"])
    ]
    polygon: Annotated[
        tuple[Point, ...],
        Meta(
            min_length=3,
            description="Corners as [x, y], fractions of the frame's width and height",
            examples=[[[0.1, 0.5], [0.9, 0.5], [0.9, 1.0], [0.1, 1.0]]],
        ),
    ]


class PassageSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How reads become passages."""

    preset: Annotated[
        Literal["platewire", "numberok"],
        Meta(
            description="Defaults for the settings below: `numberok` reports the first result, "
            "as in NumberOk's published example of grouping; `platewire` holds one "
            "back, because a text that is read only once is usually a misreading"
        ),
    ] = "platewire"
    hold_back: Annotated[
        Annotated[int, Meta(ge=0, le=10)] | None,
        Meta(
            description="Number of first results held back before `new` is sent; default: 1, or 0 "
            'with `stills` or `preset = "numberok"`'
        ),
    ] = None
    stills: Annotated[
        bool | None,
        Meta(
            description="Each vehicle is in one picture, as in photos of a triggered camera: its "
            "first read is reported, and reads are merged only if their texts are equal or look "
            "alike, whatever `distance` is. Default: true for `pictures`, and for `snapshot` with "
            "an interval of 5 s or more"
        ),
    ] = None
    distance: Annotated[
        int,
        Meta(
            ge=0,
            le=5,
            description="Maximum edit distance (Levenshtein) from the text of the passage for a "
            "read of the same vehicle",
        ),
    ] = 2
    decision: Annotated[
        Literal["vote", "confidence", "statistics"],
        Meta(
            description="How the text is chosen: character-wise `vote` weighted by confidence, "
            "the single read with the highest `confidence`, or `statistics`: the "
            "most frequent text"
        ),
    ] = "vote"
    results: Annotated[
        Literal["combined", "raw", "single"],
        Meta(
            description="`combined`: one passage per vehicle, its reads combined; `raw`: one "
            "passage, each read sent as it is; `single`: each read is its own "
            "passage, with `new` at once and `lost` after the silence, like NumberOk "
            "with soft comparison off"
        ),
    ] = "combined"
    lost_after_seconds: Annotated[
        float, Meta(gt=0, description="Time without a read after which a passage is lost")
    ] = 5.0
    unconfirmed: Annotated[
        Literal["drop", "lost"],
        Meta(
            description="For a vehicle that leaves before enough results: `drop` it, or send "
            "`new` and `lost` at once (`lost`)"
        ),
    ] = "drop"
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Reads with less confidence are not used")
    ] = 0.5
    min_characters: Annotated[
        int,
        Meta(ge=1, le=12, description=("Minimum number of characters; shorter reads are not used")),
    ] = 4
    direction_in: Annotated[
        Annotated[float, Meta(ge=0, lt=360)] | None,
        Meta(
            description="Angle of movement across the frame that means `in`, in degrees: 0 is to "
            "the right, 90 is down, toward the camera. Not set: the direction stays "
            "unknown",
        ),
    ] = None
    direction_tolerance: Annotated[
        float, Meta(gt=0, le=90, description="Tolerance in degrees to either side")
    ] = 75.0
    zones: Annotated[
        tuple[Zone, ...],
        Meta(
            max_length=4,
            description=("Up to four regions of interest; reads outside all of them are not used"),
        ),
    ] = ()

    @property
    def held_back(self) -> int:
        """Number of results held back: the setting, or the default of stills or the preset."""
        if self.hold_back is not None:
            return self.hold_back
        return 0 if self.stills else HOLD_BACK[self.preset]
