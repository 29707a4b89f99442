"""The engines that come with platewire.

`BUILTIN` is the only list of them: the choices of `type` in the configuration, the reference page
and tests are made from it. Other packages add theirs by entry points (`config.plugs`).
"""

from typing import TYPE_CHECKING, Union

from platewire.recognition.engine import EngineSettings
from platewire.recognition.engines.fast_alpr import FastAlprSettings
from platewire.recognition.engines.plates import PlatesSettings
from platewire.recognition.engines.rapidocr import RapidOcrSettings
from platewire.recognition.engines.remote import RemoteSettings
from platewire.recognition.engines.replay import ReplaySettings

BUILTIN: tuple[type[EngineSettings], ...] = (
    PlatesSettings,
    RapidOcrSettings,
    FastAlprSettings,
    RemoteSettings,
    ReplaySettings,
)

DEFAULT = PlatesSettings()
"""What reads where the configuration has no `[recognition]`."""

if TYPE_CHECKING:
    AnyEngine = EngineSettings
else:
    AnyEngine = Union[BUILTIN]  # noqa: UP007
