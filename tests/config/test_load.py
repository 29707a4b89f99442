"""Messages for every kind of mistake, and what types cannot say."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from platewire.config.load import load, parse
from platewire.config.reference import page, sections, starter
from platewire.errors import ConfigError

HERE = Path("/etc/platewire/platewire.toml")
CAMERA = '[[camera]]\nname = "gate"\nsource = { type = "file", path = "clip.mp4" }\n'

STAFF = '[[list]]\nname = "staff"\nkind = "allow"\n'
LINES = '[[transfer]]\nname = "x"\ntype = "json_lines"\n'
RELAY_HEAD = '[[transfer]]\nname = "barrier"\ntype = "relay"\n'
RELAY = RELAY_HEAD + 'relay = { type = "modbus", host = "10.0.0.9" }\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a =", "not valid TOML"),
        ("sight = 1", "unknown setting `sight` in the file's top level; did you mean `site`?"),
        ('[site]\nnmae = "x"', "unknown setting `nmae` in `site`; did you mean `name`?"),
        ("[site]\nretention_days = 1", "in `site`; did you mean `retention_bytes`?"),
        (
            CAMERA.replace("path", "pth"),
            'unknown setting `pth` in `camera[0].source` (camera "gate"',
        ),
        ('[[camera]]\nname = "gate"', '`camera[0]` (camera "gate") needs the setting `source`'),
        (CAMERA.replace("file", "fil"), "'fil' is not one of the choices"),
        (CAMERA + CAMERA, 'the camera name "gate" is given twice'),
        ("[log]\nretention_days = -1", "`log.retention_days`: expected"),
        (
            '[log]\nretention_days = "ten"',
            "`log.retention_days`: expected `float | null`, got `str`",
        ),
        (
            '[[transfer]]\nname = "x"\ntype = "json_lines"\ncameras = ["gat"]\n' + CAMERA,
            'transfer "x" names camera "gat"; there are: gate',
        ),
        (
            '[[transfer]]\nname = "x"\ntype = "json_lines"\nevents = "parkin"',
            '`transfer[0].events` (transfer "x")',
        ),
        (STAFF + STAFF, 'the list name "staff" is given twice'),
        (STAFF + LINES + 'lists = ["stuff"]', 'transfer "x" names list "stuff"; there are: staff'),
        (RELAY, 'transfer "barrier" needs a `[[list]]` of the kind `allow`'),
        (
            STAFF + '[[list]]\nname = "bad"\nkind = "block"\n' + RELAY + 'lists = ["bad"]',
            'would open for the list "bad", which is of the kind `block`',
        ),
        ('[[list]]\nname = "x"\nkind = "allowed"', '`list[0].kind` (list "x")'),
        ('[web]\ntoken = "hunter2hunter2hunter2"', "`web.token`: expected `str` matching regex"),
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
        if "[transfer.relay]" not in text:
            needed = 'type = "relay"\nrelay = { type = "modbus", host = "x" }'
            text = text.replace('type = "relay"', needed)
    return text


STARTER_TABLES = [
    taken_into_use(it) for it in starter().split("\n\n") if re.search(r"(?m)^#?\[", it)
]


def test_every_table_of_the_starter_is_valid_once_taken_into_use() -> None:
    for used in with_those_around(STARTER_TABLES):
        parse(with_what_it_needs(used), HERE)
    assert len(STARTER_TABLES) > 50


def test_the_reference_page_is_current() -> None:
    written = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert written.read_text("utf-8") == page(), "run: platewire init --reference"


def test_every_setting_is_explained() -> None:
    silent = [
        f"{section.header}.{row.setting}"
        for section in sections()
        for row in section.rows
        if not row.meaning
    ]
    assert silent == []
