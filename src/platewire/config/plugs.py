"""Outputs, sources and engines of other packages: found by entry points, by their `type`.

Entry points are read from the metadata of the installed packages, and only what the configuration
names is imported. An entry point is named like the `type`; its value is the settings class:

    [project.entry-points."platewire.outputs"]
    counter = "acme_counter:CounterSettings"
"""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple, Union, cast

from msgspec import Struct, defstruct

from platewire.config.tree import CameraSettings, Config
from platewire.errors import ConfigError
from platewire.outputs import builtin as outputs
from platewire.outputs.output import OutputSettings
from platewire.recognition import builtin as engines
from platewire.recognition.engine import EngineSettings
from platewire.runtime.wrong_value import not_a_choice
from platewire.sources import builtin as sources
from platewire.sources.source import SourceSettings

Plugs = tuple[type[Struct], ...]


class Room(NamedTuple):
    """A kind of plug."""

    name: str
    header: str
    """Of its tables in the file."""
    setting: str
    """Path of the setting that names the type, as a regular expression."""
    group: str
    """Of its entry points."""
    base: type[Struct]
    builtin: Plugs


OUTPUTS = Room(
    "output",
    "[[output]]",
    r"output\[\d+\]\.type",
    "platewire.outputs",
    OutputSettings,
    outputs.BUILTIN,
)
SOURCES = Room(
    "source",
    "[camera.source]",
    r"camera\[\d+\]\.source\.type",
    "platewire.sources",
    SourceSettings,
    sources.BUILTIN,
)
ENGINES = Room(
    "engine",
    "[recognition]",
    r"recognition\.type",
    "platewire.engines",
    EngineSettings,
    engines.BUILTIN,
)
ROOMS = (OUTPUTS, SOURCES, ENGINES)


def config_type(data: Mapping[str, Any]) -> type[Config]:
    """`Config`, or one that also has the plugs of other packages that this file's tables name.

    ConfigError for a type that several packages have, or whose package is broken.
    """
    cameras = [each.get("source") for each in _tables(data.get("camera"))]
    added = (
        _added(OUTPUTS, _types(data.get("output"))),
        _added(SOURCES, _types(cameras)),
        _added(ENGINES, _types(data.get("recognition"))),
    )
    return _extended(*added) if any(added) else Config


def find(kind: str) -> tuple[str, type[Struct]]:
    """Header of its table and settings class of this `type`, of whichever room; ConfigError if
    there is none."""
    for room in ROOMS:
        known = {kind_of(each): each for each in room.builtin}
        if kind in known:
            return room.header, known[kind]
        if found := _added(room, [kind]):
            return room.header, found[0]
    raise ConfigError(not_a_choice(kind, [name for room in ROOMS for name in _names(room)]))


def room_of(where: str) -> Room | None:
    """The room whose `type` is at this path; None for any other setting."""
    return next((each for each in ROOMS if re.fullmatch(each.setting, where)), None)


def unknown(where: str, kind: str) -> str:
    """What is wrong with this `type` of a plug at the path `where`, which has a room."""
    room = room_of(where)
    names = _names(room) if room else []
    return (
        f"{not_a_choice(kind, names)}. A package that adds a type must be installed in "
        "the same environment as platewire"
    )


def kind_of(settings: type[Struct]) -> str:
    """Its `type` in the configuration."""
    return str(settings.__struct_config__.tag)


def _tables(value: Any) -> list[dict[str, Any]]:
    """What is not a table is reported when the file is decoded."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]


def _types(value: Any) -> list[str]:
    kinds = [each.get("type") for each in _tables(value)]
    return sorted({kind for kind in kinds if isinstance(kind, str)})


def _added(room: Room, kinds: Iterable[str]) -> Plugs:
    """Plugs of other packages among these types."""
    own = {kind_of(each) for each in room.builtin}
    found = []
    for kind in kinds:
        points = list(entry_points(group=room.group, name=kind))
        owners = ["platewire"] * (kind in own) + [_package(each) for each in points]
        if len(owners) > 1:
            raise ConfigError(
                f"the {room.name} type {kind!r} is in several packages: {', '.join(owners)}; "
                "uninstall all but one, or rename the type of one"
            )
        found += [_loaded(room, each) for each in points]
    return tuple(found)


def _names(room: Room) -> list[str]:
    others = [each.name for each in entry_points(group=room.group)]
    return sorted({*(kind_of(each) for each in room.builtin), *others})


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _loaded(room: Room, point: EntryPoint) -> type[Struct]:
    where = f"the {room.name} type {point.name!r} of the package {_package(point)}"
    try:
        loaded = point.load()
    except Exception as error:
        raise ConfigError(
            f"{where} cannot be loaded: {type(error).__name__}: {error}; update or uninstall the "
            "package"
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, room.base)):
        raise ConfigError(
            f"{where}: {point.value} must be a class derived from {room.base.__module__}."
            f"{room.base.__name__}; report this to the package's author"
        )
    if kind_of(loaded) != point.name:
        raise ConfigError(
            f"{where}: the entry point is named {point.name!r} and the tag of {point.value} is "
            f"{kind_of(loaded)!r}; both must be the same; report this to the package's author"
        )
    return loaded


def _extended(more_outputs: Plugs, more_sources: Plugs, more_engines: Plugs) -> type[Config]:
    output: Any = Union[(*outputs.BUILTIN, *more_outputs)]
    source: Any = Union[(*sources.BUILTIN, *more_sources)]
    engine: Any = Union[(*engines.BUILTIN, *more_engines)]
    camera: Any = _derived(CameraSettings, ("source", source))
    derived = _derived(
        Config,
        ("recognition", engine, engines.DEFAULT),
        ("camera", tuple[camera, ...], ()),
        ("output", tuple[output, ...], ()),
    )
    return cast(type[Config], derived)


def _derived(base: type[Struct], *fields: Any) -> type[Struct]:
    return defstruct(
        base.__name__, fields, bases=(base,), frozen=True, kw_only=True, forbid_unknown_fields=True
    )
