"""The sources that come with platewire.

`BUILTIN` is the only list of them: the choices of `type` in the configuration, the reference page
and tests are made from it. Other packages add theirs by entry points (`config.plugs`).
"""

from typing import TYPE_CHECKING, Union

from platewire.sources.file import FileSettings
from platewire.sources.mjpeg import MjpegSettings
from platewire.sources.pictures import PicturesSettings
from platewire.sources.rtsp import RtspSettings
from platewire.sources.snapshot import SnapshotSettings
from platewire.sources.source import SourceSettings

BUILTIN: tuple[type[SourceSettings], ...] = (
    FileSettings,
    PicturesSettings,
    RtspSettings,
    MjpegSettings,
    SnapshotSettings,
)

if TYPE_CHECKING:
    AnySource = SourceSettings
else:
    AnySource = Union[BUILTIN]  # noqa: UP007
