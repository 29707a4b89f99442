"""What every engine that reads on this machine can be told."""

from typing import Annotated

from msgspec import Meta, Struct

from platewire.country import CODES
from platewire.errors import ConfigError
from platewire.recognition.vehicle_data import VehicleSettings


class ReadingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Engines add their own, and their tag."""

    threads: Annotated[int, Meta(ge=1, le=64, description="Processor threads for one frame")] = 2
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Reads less sure than this are not reported")
    ] = 0.5
    min_plate_width: Annotated[
        int, Meta(ge=8, description="Plates narrower than this many pixels are not read")
    ] = 28
    countries: Annotated[
        tuple[str, ...],
        Meta(
            description="Countries to expect, ISO 3166-1 alpha-2, e.g. ['NL', 'DE']. Their plate "
            "forms are preferred where several fit; plates of other countries are still read"
        ),
    ] = ()
    vehicle: VehicleSettings = VehicleSettings()

    def check_countries(self) -> None:
        """ConfigError names those that nobody knows."""
        if unknown := sorted(set(self.countries) - CODES):
            raise ConfigError(
                f"recognition.countries: no plate forms are known for {', '.join(unknown)}; "
                f"known are: {' '.join(sorted(CODES))}"
            )
