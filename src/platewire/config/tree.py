"""The configuration as types: what may stand in platewire.toml, with defaults and meaning.

The reference page and the commented file of `platewire init` are made from these types.
"""

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct, structs

from platewire.camera.motion import MotionSettings
from platewire.eventlog.settings import LogSettings
from platewire.lists.settings import ListSettings
from platewire.model import CameraFacts, Site
from platewire.outputs.builtin import AnyOutput
from platewire.outputs.http.heartbeat import HeartbeatSettings
from platewire.passage.settings import PassageSettings
from platewire.recognition.builtin import DEFAULT, AnyEngine
from platewire.recognition.picture_settings import PictureSettings
from platewire.sources.builtin import AnySource
from platewire.web.settings import WebSettings


def is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _ip_address_in(url: str) -> str:
    """The host if it is an IP address, otherwise empty."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host if is_ip_address(host) else ""


class SiteSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The site where the cameras are installed."""

    name: Annotated[str, Meta(min_length=1, description="Name of the site")] = "site"
    system_id: Annotated[
        int, Meta(ge=0, description="`SystemId` of this installation in NumberOk's TCP form")
    ] = 1
    latitude: Annotated[float, Meta(ge=-90, le=90, description="Degrees north")] = 0.0
    longitude: Annotated[float, Meta(ge=-180, le=180, description="Degrees east")] = 0.0
    time_zone: Annotated[
        str,
        Meta(
            description="Time zone of the site, such as Europe/Berlin. Applies to times without an "
            "offset, the web page, commands and local times in the database"
        ),
    ] = "UTC"


CameraName = Annotated[
    str,
    Meta(
        description="Name of the camera, unique in the file: letters of any script, digits, single "
        "spaces, `_`, `.` and `-`; starts with a letter or digit; at most 63 characters",
        examples=["gate"],
    ),
]


class CameraSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One camera, from its source to its passages."""

    name: CameraName
    source: Annotated[AnySource, Meta(description="Source of the frames")]
    passage: Annotated[PassageSettings, Meta(description="How reads are merged into passages")] = (
        PassageSettings()
    )
    pictures: Annotated[PictureSettings, Meta(description="Which pictures to store")] = (
        PictureSettings()
    )
    motion: Annotated[MotionSettings, Meta(description="Which frames to skip without reading")] = (
        MotionSettings()
    )
    checkpoint: Annotated[
        int,
        Meta(
            ge=0,
            description="Number of the checkpoint at which the camera is installed: `Checkpoint` "
            "over NumberOk TCP, `checkpoint` in the table `lprevents`",
        ),
    ] = 0
    serial_number: Annotated[
        Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,64}\Z")] | None,
        Meta(
            description="Serial number, by which receivers of camera formats identify the camera. "
            "Default: the MAC address"
        ),
    ] = None
    mac_address: Annotated[
        Annotated[str, Meta(pattern=r"^([0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}\Z")] | None,
        Meta(
            description="MAC address for camera formats, sent as written here. Default: the serial "
            "number if it is a MAC address, otherwise an address generated from the names of "
            "site and camera"
        ),
    ] = None
    ip_address: Annotated[
        str | None,
        Meta(
            description="IP address for camera formats. Default: the address in the camera's "
            "`url`, if any"
        ),
    ] = None
    model: Annotated[
        str | None,
        Meta(description="Model name for camera formats; default: platewire"),
    ] = None
    view: Annotated[
        Literal["front", "rear"] | None,
        Meta(description="Which side of vehicles the camera sees, for camera formats"),
    ] = None

    def passage_rules(self) -> PassageSettings:
        """`passage`; where it does not say whether the pictures are stills, the source does."""
        stills = self.source.stills if self.passage.stills is None else self.passage.stills
        return structs.replace(self.passage, stills=stills)

    def facts(self) -> CameraFacts:
        """The configured facts, completed from the address of the source."""
        return CameraFacts(
            serial_number=self.serial_number or "",
            mac_address=self.mac_address or "",
            ip_address=self.ip_address or _ip_address_in(self.source.camera_url),
            model=self.model or "",
            view=self.view or "",
        )


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    site: Annotated[SiteSettings, Meta(description="The site")] = SiteSettings()
    log: Annotated[LogSettings, Meta(description="The event log and database")] = LogSettings()
    web: Annotated[WebSettings, Meta(description="The web page and the API")] = WebSettings()
    recognition: Annotated[AnyEngine, Meta(description="The recognition engine")] = DEFAULT
    camera: Annotated[tuple[CameraSettings, ...], Meta(description="The cameras")] = ()
    list: Annotated[tuple[ListSettings, ...], Meta(description="Plate lists")] = ()
    output: Annotated[tuple[AnyOutput, ...], Meta(description="The outputs")] = ()
    heartbeat: Annotated[
        tuple[HeartbeatSettings, ...], Meta(description="Periodic heartbeats to receivers")
    ] = ()

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
            cameras={camera.name: camera.facts() for camera in self.camera},
            checkpoints={camera.name: camera.checkpoint for camera in self.camera},
            stills=frozenset(
                camera.name for camera in self.camera if camera.passage_rules().stills
            ),
        )
