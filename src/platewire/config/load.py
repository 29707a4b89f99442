"""A TOML file -> `Config`, or a `ConfigError` that says which setting is wrong and what to do.

Order: read, parse, convert with the types, then what types cannot say (unique names, names that
must exist). Relative paths are taken from the folder of the file.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import structs

from platewire.config.tree import Config
from platewire.errors import ConfigError
from platewire.lists.settings import ListKind
from platewire.transfers.relay import RelayTransfer


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

    def decode(kind: type, value: Any) -> Any:
        if kind is Path and isinstance(value, str):
            return path.parent.absolute() / value
        raise NotImplementedError

    try:
        config = msgspec.convert(data, Config, dec_hook=decode)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {explain(str(error), data)}") from error
    complaints = list(inconsistencies(config))
    if complaints:
        raise ConfigError(f"{path}: " + "; ".join(complaints))
    # The default folder is relative too, and has not passed through `decode`.
    folder = path.parent.absolute() / config.log.folder
    return structs.replace(config, log=structs.replace(config.log, folder=folder))


def explain(message: str, data: Any) -> str:
    """msgspec's message in our words: the setting's path first, then what is wrong with it."""
    said, _, at = message.partition(" - at `$")
    where = at.rstrip("`").removeprefix(".")
    named = _named(where, data)
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", said):
        setting = match.group(1)
        return f"unknown setting `{setting}` in {named}{_guess(setting)}"
    if match := re.fullmatch(r"Object missing required field `(.*)`", said):
        return f"{named} needs the setting `{match.group(1)}`"
    if match := re.fullmatch(r"Invalid (?:enum )?value '(.*)'", said):
        return f"{named}: {match.group(1)!r} is not one of the choices; see docs/configuration.md"
    return f"{named}: {said[0].lower()}{said[1:]}"


def _named(where: str, data: Any) -> str:
    """`camera[0].source` together with the camera's name, where it has one."""
    if not where:
        return "the file's top level"
    if (match := re.match(r"(camera|list|transfer)\[(\d+)\]", where)) and isinstance(data, dict):
        entry = data[match.group(1)][int(match.group(2))]
        if isinstance(entry, dict) and isinstance(name := entry.get("name"), str):
            return f'`{where}` ({match.group(1)} "{name}")'
    return f"`{where}`"


def _guess(setting: str) -> str:
    # Without itself: it may be a setting of another table.
    near = difflib.get_close_matches(setting, sorted(_known_settings(Config) - {setting}), n=1)
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
            f"`site.time_zone` {config.site.time_zone!r} is not known here; it must be like "
            "Europe/Berlin"
        )
    cameras = [camera.name for camera in config.camera]
    yield from _repeated("camera", cameras)
    yield from _repeated("transfer", [transfer.name for transfer in config.transfer])
    for transfer in config.transfer:
        for name in transfer.cameras:
            if name not in cameras:
                there = ", ".join(cameras) or "none"
                yield f'transfer "{transfer.name}" names camera "{name}"; there are: {there}'
    yield from _unknown_lists(config)
    for camera in config.camera:
        yield from _repeated(
            f'zone of camera "{camera.name}"', [zone.name for zone in camera.passage.zones]
        )


def _unknown_lists(config: Config) -> Iterable[str]:
    kinds = {each.name: each.kind for each in config.list}
    yield from _repeated("list", [each.name for each in config.list])
    for transfer in config.transfer:
        for name in transfer.lists:
            if name not in kinds:
                there = ", ".join(kinds) or "none"
                yield f'transfer "{transfer.name}" names list "{name}"; there are: {there}'
        if isinstance(transfer, RelayTransfer):
            yield from _wrong_lists(transfer, kinds)


def _wrong_lists(relay: RelayTransfer, kinds: Mapping[str, ListKind]) -> Iterable[str]:
    for name in relay.lists:
        if kinds.get(name, ListKind.ALLOW) is not ListKind.ALLOW:
            yield (
                f'transfer "{relay.name}" would open for the list "{name}", which is of the kind '
                f"`{kinds[name].value}`; name lists of the kind `allow` only"
            )
    if ListKind.ALLOW not in kinds.values():
        yield f'transfer "{relay.name}" needs a `[[list]]` of the kind `allow` to open for'


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _repeated(what: str, names: list[str]) -> Iterable[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f'the {what} name "{name}" is given twice; each needs one of its own'
