"""Common to outputs in NumberOk's formats: JSON settings, and the values of each attempt."""

from typing import Annotated

from msgspec import Meta

from platewire.model import Entry
from platewire.outputs.output import OutputSettings
from platewire.outputs.time_zone import time_zone_of
from platewire.runtime.clock import Clock
from platewire.runtime.freshness import age_of
from platewire.wire.numberok.fields import Attempt
from platewire.wire.numberok.json import Dialect, Profile


def attempt_at(entry: Entry, clock: Clock) -> Attempt:
    """The attempt to send this entry now."""
    return Attempt(again=entry.again, age_ms=age_of(entry, clock).milliseconds)


class NumberOkSettings(OutputSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For outputs that can write NumberOk's JSON."""

    sensor_id: Annotated[
        str,
        Meta(
            description=(
                "`sensorProviderID` of NumberOk's formats; {camera} is replaced by the "
                "name of the camera"
            )
        ),
    ] = "{camera}"
    typed_numbers: Annotated[
        bool, Meta(description="NumberOk's formats with JSON numbers instead of strings")
    ] = False
    time_zone: Annotated[
        str | None,
        Meta(
            description="Time zone of local times in other vendors' formats, e.g. Europe/Berlin. "
            "Default: UTC, in `axis` that of the site. NumberOk's `datetime` ends in +0000 "
            "by default and has no offset if this is set; in `axis` it never has one"
        ),
    ] = None
    second_picture: Annotated[
        bool,
        Meta(
            description="`axis`: also send the plate crop, after the picture selected by `picture`"
        ),
    ] = True
    additions: Annotated[
        bool,
        Meta(
            description=(
                "Append keys of platewire to the formats of other vendors, such as `eventID`"
            )
        ),
    ] = True

    def dialect(self, profile: Profile) -> Dialect:
        """ConfigError where the time zone is not known."""
        return Dialect(
            profile=profile,
            sensor_id=self.sensor_id,
            typed_numbers=self.typed_numbers,
            time_zone=time_zone_of(self.name, self.time_zone),
            second_picture=self.second_picture,
            additions=self.additions,
        )
