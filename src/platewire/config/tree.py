"""The configuration as types: what may stand in platewire.toml, with defaults and meaning.

The reference page and the commented file of `platewire init` are made from these types.
"""

from typing import Annotated

from msgspec import Meta, Struct

from platewire.eventlog.settings import LogSettings
from platewire.lists.settings import ListSettings
from platewire.model import Site
from platewire.passage.settings import PassageSettings
from platewire.recognition.builtin import EngineSettings
from platewire.recognition.motion import MotionSettings
from platewire.recognition.picture_settings import PictureSettings
from platewire.recognition.plates import PlatesEngine
from platewire.sources.builtin import SourceSettings
from platewire.transfers.builtin import AnyTransfer
from platewire.transfers.transfer import Name
from platewire.web.settings import WebSettings


class SiteSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place where the cameras stand."""

    name: Annotated[str, Meta(min_length=1, description="Name of the site")] = "site"
    system_id: Annotated[
        int, Meta(ge=0, description="`SystemId` of this installation in NumberOk's TCP form")
    ] = 1
    latitude: Annotated[float, Meta(ge=-90, le=90, description="Degrees north")] = 0.0
    longitude: Annotated[float, Meta(ge=-180, le=180, description="Degrees east")] = 0.0
    time_zone: Annotated[
        str, Meta(description="Time zone of local times in the database, such as Europe/Berlin")
    ] = "UTC"


class CameraSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One camera, from its source to its passages."""

    name: Annotated[Name, Meta(description="Name of the camera, unique in the file")]
    source: Annotated[SourceSettings, Meta(description="Where its frames come from")]
    passage: Annotated[PassageSettings, Meta(description="How its reads become passages")] = (
        PassageSettings()
    )
    pictures: Annotated[PictureSettings, Meta(description="Which pictures are kept")] = (
        PictureSettings()
    )
    motion: Annotated[MotionSettings, Meta(description="Which frames are left unread")] = (
        MotionSettings()
    )


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    site: Annotated[SiteSettings, Meta(description="The place")] = SiteSettings()
    log: Annotated[LogSettings, Meta(description="The event log and database")] = LogSettings()
    web: Annotated[WebSettings, Meta(description="The page and the API")] = WebSettings()
    recognition: Annotated[EngineSettings, Meta(description="What reads the plates")] = (
        PlatesEngine()
    )
    camera: Annotated[tuple[CameraSettings, ...], Meta(description="The cameras")] = ()
    list: Annotated[tuple[ListSettings, ...], Meta(description="Lists of plates")] = ()
    transfer: Annotated[tuple[AnyTransfer, ...], Meta(description="The ways out")] = ()

    def as_site(self) -> Site:
        """What the wire formats need to know of all this."""
        return Site(
            name=self.site.name,
            system_id=self.site.system_id,
            latitude=self.site.latitude,
            longitude=self.site.longitude,
            time_zone=self.site.time_zone,
            channels={camera.name: index for index, camera in enumerate(self.camera)},
            zones={
                camera.name: tuple(zone.name for zone in camera.passage.zones)
                for camera in self.camera
            },
        )
