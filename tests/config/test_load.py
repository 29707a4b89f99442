"""Messages for every kind of mistake, and what types cannot say."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import asdict

from platewire.config.load import load, parse
from platewire.config.reference import sections, starter
from platewire.config.tree import Config
from platewire.errors import ConfigError

HERE = Path("/etc/platewire/platewire.toml")
CAMERA = '[[camera]]\nname = "gate"\nsource = { type = "file", path = "clip.mp4" }\n'

STAFF = '[[list]]\nname = "staff"\nkind = "allow"\n'
LINES = '[[output]]\nname = "x"\ntype = "json_lines"\n'
RELAY_HEAD = '[[output]]\nname = "barrier"\ntype = "relay"\n'
RELAY = RELAY_HEAD + 'relay = { type = "modbus", host = "10.0.0.9" }\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a =", "not valid TOML"),
        (LINES.replace("output", "transfer"), "`[[transfer]]` is called `[[output]]` since"),
        (
            "[log]\nkeep_for_transfers = true",
            "`log.keep_for_transfers` is called `keep_for_outputs` since version 0.2",
        ),
        ("sight = 1", "unknown setting `sight` in the file's top level; did you mean `site`?"),
        ('[site]\nnmae = "x"', "unknown setting `nmae` in `site`; did you mean `name`?"),
        ("[site]\nretention_days = 1", "in `site`; did you mean `retention_bytes`?"),
        (
            CAMERA.replace("path", "pth"),
            'unknown setting `pth` in `camera[0].source` (camera "gate"',
        ),
        ('[[camera]]\nname = "gate"', '`camera[0]` (camera "gate") needs the setting `source`'),
        (CAMERA.replace("file", "fil"), "'fil' is not one of the choices"),
        (CAMERA + CAMERA, 'the camera name "gate" is used twice'),
        (
            "[log]\nretention_days = -1",
            "`log.retention_days`: invalid value -1; use a number above 0",
        ),
        (
            '[log]\nretention_days = "ten"',
            "`log.retention_days`: invalid value 'ten'; use a number above 0",
        ),
        (
            '[[output]]\nname = "x"\ntype = "json_lines"\ncameras = ["gat"]\n' + CAMERA,
            'output "x" names camera "gat"; configured cameras: gate',
        ),
        (
            '[[output]]\nname = "x"\ntype = "json_lines"\nzones = ["entry"]\n' + CAMERA,
            'output "x" names zone "entry"; zones of its cameras: none',
        ),
        (
            '[[output]]\nname = "x"\ntype = "json_lines"\nchanges = ["pictures"]',
            "`output[0].changes[0]` (output \"x\"): 'pictures' is not one of the choices",
        ),
        (
            '[[output]]\nname = "x"\ntype = "json_lines"\nevents = "parkin"',
            '`output[0].events` (output "x")',
        ),
        (STAFF + STAFF, 'the list name "staff" is used twice'),
        (
            STAFF + LINES + 'lists = ["stuff"]',
            'output "x" names list "stuff"; configured lists: staff',
        ),
        (RELAY, 'output "barrier" requires a `[[list]]` of the kind `allow`'),
        (
            STAFF + '[[list]]\nname = "bad"\nkind = "block"\n' + RELAY + 'lists = ["bad"]',
            'cannot open for the list "bad" of the kind `block`',
        ),
        ('[[list]]\nname = "x"\nkind = "allowed"', '`list[0].kind` (list "x")'),
        (
            CAMERA.replace('"gate"', '"a/b#"'),
            "invalid camera name 'a/b#': it contains '#' and '/'; use",
        ),
        (
            CAMERA.replace('"gate"', '" gate"'),
            "name ' gate': start with a letter or digit",
        ),
        (
            CAMERA.replace('"gate"', '"a  b"'),
            "name 'a  b': start with a letter or digit, and use",
        ),
        (CAMERA.replace('"gate"', '"-gate"'), "name '-gate': start with a letter or digit"),
        (CAMERA.replace('"gate"', '""'), "invalid camera name '': use 1 to 63 characters"),
        (CAMERA.replace('"gate"', f'"{64 * "x"}"'), "use 1 to 63 characters"),
        (
            LINES.replace('"x"', '"Süd"'),
            "(output \"Süd\"): invalid value 'Süd'; use letters A-Z and",
        ),
        (
            STAFF.replace("staff", "Süd"),
            "(list \"Süd\"): invalid value 'Süd'; use letters A-Z and",
        ),
        ('[web]\ntoken = "hunter2hunter2hunter2"', "`web.token`: refer to a secret"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, HERE)
    assert said in str(error.value)
    assert str(HERE) in str(error.value)


def test_a_secret_in_the_clear_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as error:
        parse('[web]\ntoken = "hunter2hunter2hunter2"', HERE)
    assert "hunter2" not in str(error.value)


def test_relative_paths_begin_at_the_files_folder() -> None:
    config = parse(CAMERA, HERE)
    assert config.log.folder == HERE.parent / "platewire-data"
    assert getattr(config.camera[0].source, "path") == HERE.parent / "clip.mp4"  # noqa: B009


def test_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="platewire init"):
        load(tmp_path / "platewire.toml")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "platewire.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(path)


def test_the_starter_is_valid_as_it_is() -> None:
    assert parse(starter(), HERE).camera == ()


def taken_into_use(table: str) -> str:
    """Without the #, and without the settings that have no default."""
    return re.sub(r"(?m)^#(\S)", r"\1", re.sub(r"(?m)^#\w+ =  # .*$", "", table)).strip() + "\n"


def with_those_around(tables: Iterable[str]) -> Iterator[str]:
    """Each table below the nearest ones above it that it belongs to, as somebody would use it:
    tables with the same header exclude each other."""
    around: dict[str, str] = {}
    for table in tables:
        (path,) = re.findall(r"(?m)^\[+([\w.]+)\]", table)
        around = {it: text for it, text in around.items() if path.startswith(f"{it}.")}
        around[path] = table
        yield "".join(around.values())


def with_what_it_needs(text: str) -> str:
    """What a camera and a relay cannot do without, where the tables do not have it."""
    if "[camera" in text and "[camera.source]" not in text:
        text = text.replace("[[camera]]\n", '[[camera]]\nsource = { type = "file", path = "x" }\n')
    if 'type = "relay"' in text:
        text = STAFF + text
        if "[output.relay]" not in text:
            needed = 'type = "relay"\nrelay = { type = "modbus", host = "x" }'
            text = text.replace('type = "relay"', needed)
    return text


@pytest.mark.parametrize(
    "name",
    ["Süd", "Su\u0308d", "North gate 2", "Въезд-1", "入口", "प्रवेश द्वार", "1.a_b-c", 63 * "x"],
)
def test_cameras_have_names_in_any_script(name: str) -> None:
    assert parse(CAMERA.replace('"gate"', f'"{name}"'), HERE).camera[0].name == name


STARTER_TABLES = [
    taken_into_use(it) for it in starter().split("\n\n") if re.search(r"(?m)^#?\[", it)
]


def test_every_table_of_the_starter_is_valid_once_taken_into_use() -> None:
    for used in with_those_around(STARTER_TABLES):
        parse(with_what_it_needs(used), HERE)
    assert len(STARTER_TABLES) > 50


def test_every_setting_is_explained() -> None:
    silent = [
        f"{section.header}.{row.setting}"
        for section in sections()
        for row in section.rows
        if not row.meaning
    ]
    assert silent == []


def test_a_camera_has_its_checkpoint() -> None:
    config = parse(f"{CAMERA}checkpoint = 3\n{CAMERA.replace('gate', 'yard')}", HERE)
    assert config.as_site().checkpoints == {"gate": 3, "yard": 0}


@pytest.mark.parametrize(
    ("source", "more", "address"),
    [
        ('type = "rtsp", url = "rtsp://192.0.2.7:554/live"', "", "192.0.2.7"),
        ('type = "mjpeg", url = "http://[2001:db8::7]/video"', "", "2001:db8::7"),
        ('type = "snapshot", url = "http://camera.example/x.jpg"', "", ""),
        ('type = "rtsp", url = "rtsp://nvr.example/1"', 'ip_address = "192.0.2.8"', "192.0.2.8"),
        ('type = "file", path = "clip.mp4"', "", ""),
    ],
)
def test_a_camera_has_the_address_of_its_source(source: str, more: str, address: str) -> None:
    config = parse(f'[[camera]]\nname = "gate"\nsource = {{ {source} }}\n{more}\n', HERE)
    assert config.as_site().cameras["gate"].ip_address == address


def test_camera_facts_come_from_settings() -> None:
    said = {
        "serial_number": "ACCC8E000001",
        "mac_address": "AC:CC:8E:00:00:01",
        "ip_address": "192.0.2.10",
        "model": "AXIS P1445-LE",
        "view": "front",
    }
    settings = "\n".join(f'{key} = "{value}"' for key, value in said.items())
    site = parse(CAMERA + settings, HERE).as_site()
    assert asdict(site.cameras["gate"]) == said
    assert asdict(parse(CAMERA, HERE).as_site().cameras["gate"]) == dict.fromkeys(said, "")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('ip_address = "gate.example"', "camera \"gate\": `ip_address` 'gate.example' is invalid"),
        ('mac_address = "AC:CC:8E"', '`camera[0].mac_address` (camera "gate")'),
        ('view = "side"', '`camera[0].view` (camera "gate")'),
    ],
)
def test_invalid_camera_settings(setting: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(CAMERA + setting, HERE)
    assert said in str(error.value)


def test_no_pattern_lets_a_line_end_through() -> None:
    """Python's `$` matches before a trailing one too, which would break a header or a line."""
    patterns = _patterns(msgspec.inspect.type_info(Config))
    assert r"^[\x20-\x7e]*\Z" in patterns, "those of headers are found"
    assert [each for each in patterns if "$" in each.replace("!#$", "")] == []


def _patterns(kind: Any) -> set[str]:
    """Of all settings, however deep."""
    found: set[str] = set()
    todo, seen = [kind], set()
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, msgspec.inspect.StrType) and each.pattern is not None:
            found.add(each.pattern)
        for name in getattr(each, "__struct_fields__", ()):
            value = getattr(each, name)
            todo += value if isinstance(value, tuple) else [value]
    return found
