"""What a transfer can be told about NumberOk's JSON, whichever way it carries it."""

from typing import Annotated

from msgspec import Meta

from platewire.transfers.time_zone import time_zone_of
from platewire.transfers.transfer import TransferSettings
from platewire.wire.numberok_json import Dialect, Profile


class NumberOkSettings(TransferSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For transfers that can write NumberOk's JSON."""

    sensor_id: Annotated[
        str,
        Meta(description="`sensorProviderID` of NumberOk's formats; {camera} is the camera's name"),
    ] = "{camera}"
    typed_numbers: Annotated[
        bool, Meta(description="NumberOk's formats with JSON numbers instead of strings")
    ] = False
    time_zone: Annotated[
        str | None,
        Meta(
            description="Zone of local times in the formats of others, e.g. Europe/Berlin; not "
            "set: UTC. NumberOk's `datetime` has no offset where it is set, else +0000"
        ),
    ] = None
    additions: Annotated[
        bool, Meta(description="Keys of ours at the end of the formats of others, as `eventID`")
    ] = True

    def dialect(self, profile: Profile) -> Dialect:
        """ConfigError where the time zone is not known."""
        return Dialect(
            profile=profile,
            sensor_id=self.sensor_id,
            typed_numbers=self.typed_numbers,
            time_zone=time_zone_of(self.name, self.time_zone),
            additions=self.additions,
        )
