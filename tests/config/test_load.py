"""Messages for every kind of mistake, and what types cannot say."""

import re
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
RELAY_TABLE = '[transfer.relay]\ntype = "http"\nurl = "http://x/"\n'
RELAY = RELAY_HEAD + 'relay = { type = "modbus", host = "10.0.0.9" }\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a =", "not valid TOML"),
        ("sight = 1", "unknown setting `sight` in the file's top level; did you mean `site`?"),
        ('[site]\nnmae = "x"', "unknown setting `nmae` in `site`; did you mean `name`?"),
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


def test_every_table_of_the_starter_is_valid_once_taken_into_use() -> None:
    """Each commented table on its own, as tables with the same header exclude each other."""
    tables = re.split(r"\n\n", starter())
    tried = 0
    for table in tables:
        used = re.sub(r"(?m)^#(\w+) =  # .*$", "", table)  # settings without a default
        used = re.sub(r"(?m)^#(\S)", r"\1", used)
        if match := re.search(r"(?m)^\[\[?camera\.(\w+)", used):
            source = "" if match[1] == "source" else 'source = { type = "file", path = "x" }\n'
            used = f'[[camera]]\nname = "gate"\n{source}{used}'
        elif "[transfer.relay" in used:
            inner = "" if "[transfer.relay]" in used else RELAY_TABLE
            used = STAFF + RELAY_HEAD + inner + used
        elif 'type = "relay"' in used:
            used = f'{STAFF}{used}\nrelay = {{ type = "modbus", host = "x" }}\n'
        elif re.search(r"(?m)^\[transfer\.", used):
            used = f'[[transfer]]\nname = "x"\ntype = "http"\nurl = "http://x/"\n{used}'
        elif "[[camera]]" in used:
            used += '\nsource = { type = "file", path = "x" }\n'
        parse(used, HERE)
        tried += "[" in used
    assert tried > 10


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
