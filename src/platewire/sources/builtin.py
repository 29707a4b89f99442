"""The sources that come with platewire, as the choice that the configuration's `type` makes."""

from platewire.sources.file import FileSource
from platewire.sources.mjpeg import MjpegSource
from platewire.sources.pictures import PicturesSource
from platewire.sources.rtsp import RtspSource
from platewire.sources.snapshot import SnapshotSource

SourceSettings = FileSource | PicturesSource | RtspSource | MjpegSource | SnapshotSource
