"""Settings of every engine that runs on this computer."""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from platewire.country import CODES, COUNTRIES, KNOWN, Country, PlateForms
from platewire.country.codes import LISTS
from platewire.country.masks import LETTERS, masks_of
from platewire.errors import ConfigError
from platewire.recognition.engine import EngineSettings
from platewire.recognition.vehicle.vehicle_data import VehicleSettings


class OwnCountry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A country that platewire does not know, or more plate forms of one that it knows."""

    code: Annotated[
        str,
        Meta(
            pattern=r"^[A-Z]{2}\Z",
            description="ISO 3166-1 alpha-2; events carry it",
            examples=["XK"],
        ),
    ]
    forms: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            description="Plate forms: L any letter, D any digit, N any digit but 0, [AB] one of "
            "these, 'TX' these characters; spaces, dashes and dots as displayed",
            examples=[["DD-DDD-LL"]],
        ),
    ]
    band: Annotated[
        str, Meta(description="Sign in the band, e.g. 'RKS', if it may be read before the text")
    ] = ""

    def check(self) -> None:
        """ConfigError names a form that cannot be read."""
        for form in self.forms:
            if not readable(form):
                raise ConfigError(
                    f"recognition.country {self.code}: form {form!r} is not valid: use L, D, N, "
                    "[AB], 'TX', spaces, dashes and dots"
                )

    def added_to(self, known: Country | None) -> Country:
        """The country with these forms beside those that it has."""
        signs = (self.band,) if self.band else ()
        if known is None:
            return Country(self.code, self.code, signs, OWN_MILLIONS, self.forms)
        return replace(
            known, masks=(*known.masks, *self.forms), band=(*known.band, *signs), overseas=False
        )


def readable(form: str) -> bool:
    try:
        return all(mask.length for mask in masks_of(form, LETTERS, LISTS))
    except ValueError:
        return False


OWN_MILLIONS = 1.0
"""Vehicles of an added country, in millions. It is expected, which counts far more."""


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
    country: Annotated[
        tuple[OwnCountry, ...],
        Meta(description="Countries and plate forms to add; they count as expected"),
    ] = ()
    vehicle: VehicleSettings = VehicleSettings()

    @property
    def expected(self) -> tuple[str, ...]:
        """Codes of the countries whose forms take precedence."""
        return tuple(dict.fromkeys((*self.countries, *(one.code for one in self.country))))

    @property
    def forms(self) -> PlateForms:
        """All plate forms, those that are added included."""
        if not self.country:
            return KNOWN
        countries = {one.code: one for one in COUNTRIES}
        for own in self.country:
            countries[own.code] = own.added_to(countries.get(own.code))
        return PlateForms(countries.values())

    def check_countries(self) -> None:
        """ConfigError names those that nobody knows, and a form that cannot be read."""
        for own in self.country:
            own.check()
        if unknown := sorted(set(self.countries) - CODES - {one.code for one in self.country}):
            raise ConfigError(
                f"recognition.countries: no plate forms for {', '.join(unknown)}; known: "
                f"{' '.join(sorted(CODES))}; add others with `[[recognition.country]]`"
            )
