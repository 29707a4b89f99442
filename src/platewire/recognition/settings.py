"""Settings of every engine that runs on this computer."""

from typing import Annotated

from msgspec import Meta

from platewire.country import CODES
from platewire.errors import ConfigError
from platewire.recognition.engine import EngineSettings
from platewire.recognition.vehicle.vehicle_data import VehicleSettings


class ReadingSettings(EngineSettings, frozen=True, kw_only=True):
    """Engines add their own settings and their tag."""

    threads: Annotated[int, Meta(ge=1, le=64, description="CPU threads per frame")] = 2
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Reads with less confidence are not reported")
    ] = 0.5
    min_plate_width: Annotated[
        int, Meta(ge=8, description="Minimum plate width in pixels; narrower plates are not read")
    ] = 28
    countries: Annotated[
        tuple[str, ...],
        Meta(
            description="Expected countries, ISO 3166-1 alpha-2, e.g. ['NL', 'DE']. Their plate "
            "forms take precedence where several match; plates of other countries "
            "are still read"
        ),
    ] = ()
    vehicle: VehicleSettings = VehicleSettings()

    def check_countries(self) -> None:
        """ConfigError names those that nobody knows."""
        if unknown := sorted(set(self.countries) - CODES):
            raise ConfigError(
                f"recognition.countries: no plate forms for {', '.join(unknown)}; known: "
                f"{' '.join(sorted(CODES))}"
            )
