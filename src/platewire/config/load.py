"""A TOML file -> `Config`, or a `ConfigError` that says which setting is wrong and what to do.

Order: read, parse, convert with the types, then what types cannot say (unique names, names that
must exist). Relative paths are taken from the folder of the file.
"""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import structs

from platewire.config.patterns import IN_WORDS
from platewire.config.plugs import config_type, room_of, unknown
from platewire.config.tree import Config, is_ip_address
from platewire.errors import ConfigError
from platewire.outputs.output import OtherSettings
from platewire.runtime import wrong_value

CAMERA_NAME_MAX = 63
"""In characters, the same as for other names."""
RENAMED = {"transfer": "output"}
"""Tables of version 0.1, and what they are called since."""
RENAMED_SETTINGS = {"log.keep_for_transfers": "keep_for_outputs"}
"""Settings of version 0.1, and what they are called since."""


def load(path: Path) -> Config:
    """ConfigError names the file, the path of the setting, the value seen and the remedy."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path} does not exist. `platewire init` writes a commented file to start from."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """`path` names the file in messages; its folder is where relative paths begin."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error

    try:
        kind_of_config = config_type(data)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error

    def decode(kind: type, value: Any) -> Any:
        if kind is Path and isinstance(value, str):
            return path.parent.absolute() / value
        raise TypeError("not a path")

    try:
        config = msgspec.convert(data, kind_of_config, dec_hook=decode)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, data, kind_of_config)}") from error
    complaints = list(inconsistencies(config))
    if complaints:
        raise ConfigError(f"{path}: " + "; ".join(complaints))
    # The default folder is relative too, and has not passed through `decode`.
    folder = path.parent.absolute() / config.log.folder
    return structs.replace(config, log=structs.replace(config.log, folder=folder))


def explain(error: msgspec.ValidationError, data: Any, kind: type[Config] = Config) -> str:
    """The path of the setting first, then what is wrong with it."""
    wrong = wrong_value.find(error, data, kind)
    named = _named(wrong.path, data)
    if setting := wrong_value.unknown_field(error):
        if not wrong.path and setting in RENAMED:
            return (
                f"`[[{setting}]]` is called `[[{RENAMED[setting]}]]` since version 0.2; rename "
                "each of these tables and keep their names, so that delivery resumes where it "
                "stopped"
            )
        if now := RENAMED_SETTINGS.get(f"{wrong.path}.{setting}"):
            return f"`{wrong.path}.{setting}` is called `{now}` since version 0.2; rename it"
        return f"unknown setting `{setting}` in {named}{_guess(setting, kind)}"
    if setting := wrong_value.missing_field(error):
        return f"{named} needs the setting `{setting}`"
    if room_of(wrong.path) and isinstance(wrong.value, str):
        return f"{named}: {unknown(wrong.path, wrong.value)}"
    return f"{named}: {wrong_value.words(wrong, IN_WORDS)}"


def _named(where: str, data: Any) -> str:
    """`camera[0].source` together with the camera's name, where it has one."""
    if not where:
        return "the file's top level"
    if (match := re.match(r"(camera|heartbeat|list|output)\[(\d+)\]", where)) and isinstance(
        data, dict
    ):
        entry = data[match.group(1)][int(match.group(2))]
        if isinstance(entry, dict) and isinstance(name := entry.get("name"), str):
            return f'`{where}` ({match.group(1)} "{name}")'
    return f"`{where}`"


def _guess(setting: str, kind: type[Config]) -> str:
    # Without itself: it may be a setting of another table.
    near = difflib.get_close_matches(setting, sorted(_known_settings(kind) - {setting}), n=1)
    return f"; did you mean `{near[0]}`?" if near else "; see docs/configuration.md for what exists"


def _known_settings(kind: Any) -> set[str]:
    known: set[str] = set()
    pending, seen = [msgspec.inspect.type_info(kind)], set()
    while pending:
        info = pending.pop()
        if isinstance(info, msgspec.inspect.StructType) and info.cls not in seen:
            seen.add(info.cls)
            known.update(field.encode_name for field in info.fields)
            pending.extend(field.type for field in info.fields)
        elif isinstance(info, msgspec.inspect.UnionType):
            pending.extend(info.types)
        elif isinstance(info, msgspec.inspect.VarTupleType):
            pending.append(info.item_type)
        elif isinstance(info, msgspec.inspect.Metadata):
            pending.append(info.type)
    return known


def inconsistencies(config: Config) -> Iterable[str]:
    if not _is_time_zone(config.site.time_zone):
        yield (
            f"`site.time_zone`: unknown time zone {config.site.time_zone!r}; use a name such as "
            "Europe/Berlin"
        )
    cameras = [camera.name for camera in config.camera]
    yield from filter(None, map(_misnamed, cameras))
    yield from _repeated("camera", cameras)
    yield from _repeated("output", [output.name for output in config.output])
    yield from _repeated("heartbeat", [each.name for each in config.heartbeat])
    for output in config.output:
        if output.opens_something and output.order != "passage":
            yield (
                f'output "{output.name}": `order` "{output.order}" is not supported for '
                "an output that opens a gate, where vehicles must not wait for each other; "
                "remove it"
            )
        yield from _unknown_cameras(f'output "{output.name}"', output.cameras, cameras)
    for each in config.heartbeat:
        yield from _unknown_cameras(f'heartbeat "{each.name}"', each.cameras, cameras)
    yield from _unknown_zones(config)
    yield from _unknown_lists(config)
    others = OtherSettings(cameras, {each.name: each.kind.value for each in config.list})
    for output in config.output:
        yield from output.inconsistencies(others)
    for camera in config.camera:
        if camera.ip_address is not None and not is_ip_address(camera.ip_address):
            yield (
                f'camera "{camera.name}": `ip_address` {camera.ip_address!r} is invalid; '
                "use an address such as 192.0.2.10, or remove it"
            )
        yield from _repeated(
            f'zone of camera "{camera.name}"', [zone.name for zone in camera.passage.zones]
        )


def _misnamed(camera: str) -> str:
    """The error in a camera name, or empty. A combining mark, as in `ü` of two characters or in
    Devanagari, belongs to its letter."""
    if not 0 < len(camera) <= CAMERA_NAME_MAX:
        return f"invalid camera name {camera!r}: use 1 to {CAMERA_NAME_MAX} characters"
    if wrong := sorted({each for each in camera if not _in_a_name(each)}):
        return (
            f"invalid camera name {camera!r}: it contains {' and '.join(map(repr, wrong))}; use "
            "letters of any script, digits, spaces, `_`, `.` and `-`"
        )
    if not camera[0].isalnum() or camera != " ".join(camera.split()):
        return (
            f"invalid camera name {camera!r}: start with a letter or digit, and use single spaces "
            "between words only"
        )
    return ""


def _in_a_name(character: str) -> bool:
    return character in "_.- " or unicodedata.category(character)[0] in "LMN"


def _unknown_zones(config: Config) -> Iterable[str]:
    for output in config.output:
        zones = [
            zone.name
            for camera in config.camera
            if not output.cameras or camera.name in output.cameras
            for zone in camera.passage.zones
        ]
        for name in output.zones:
            if name not in zones:
                there = ", ".join(sorted({*zones})) or "none"
                yield f'output "{output.name}" names zone "{name}"; zones of its cameras: {there}'


def _unknown_cameras(who: str, named: Iterable[str], cameras: list[str]) -> Iterable[str]:
    for name in named:
        if name not in cameras:
            there = ", ".join(cameras) or "none"
            yield f'{who} names camera "{name}"; configured cameras: {there}'


def _unknown_lists(config: Config) -> Iterable[str]:
    lists = [each.name for each in config.list]
    yield from _repeated("list", lists)
    for output in config.output:
        for name in output.lists:
            if name not in lists:
                there = ", ".join(lists) or "none"
                yield f'output "{output.name}" names list "{name}"; configured lists: {there}'


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _repeated(what: str, names: list[str]) -> Iterable[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        each = what.partition(" ")[0]
        yield f'the {what} name "{name}" is used twice; give each {each} its own name'
