"""Errors about settings show readable rules, not regular expressions."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from platewire.config.load import parse
from platewire.config.patterns import IN_WORDS
from platewire.config.tree import Config
from platewire.errors import ConfigError

CAMERA = '[[camera]]\nname = "gate"\nsource = { type = "file", path = "gate.mp4" }\n'
HERE = Path("/etc/platewire.toml")


def patterns_in(found: Any, seen: set[int]) -> Iterator[str]:
    """Of a type as msgspec tells it, and of all in it."""
    if id(found) in seen or not isinstance(found, inspect.Type | inspect.Field | tuple):
        return
    seen.add(id(found))
    if isinstance(found, inspect.StrType) and found.pattern is not None:
        yield found.pattern
    parts = found if isinstance(found, tuple) else msgspec.structs.astuple(found)
    for part in parts:
        yield from patterns_in(part, seen)


def test_every_pattern_of_a_setting_has_words() -> None:
    found = set(patterns_in(inspect.type_info(Config), set()))
    assert len(found) > 15
    assert found == set(IN_WORDS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            CAMERA + 'mac_address = "00:11"',
            r"`mac_address`.*\(camera \"gate\"\): invalid value '00:11'; write 12",
        ),
        (CAMERA + 'serial_number = "a b"', r"`serial_number`.*'a b'; use 1 to 64 ASCII"),
        (CAMERA + 'ip_address = "300.1.1.1"', "`ip_address` '300.1.1.1' is invalid; use"),
        ('[web]\ntoken = "hunter2hunter2hunter2"', "`web.token`: refer to a secret"),
        ('[[output]]\ntype = "tcp_push"\nname = "a"\naddress = "x"', "write host and port, such"),
    ],
)
def test_a_setting_that_looks_otherwise(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, HERE)
    told = str(error.value).replace("camera[0].", "")
    assert re.search(said, told), told
    assert "regex" not in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "text",
    [
        '[[output]]\ntype = "json_lines"\nname = "a\\n"',
        '[[list]]\nname = "a\\n"\nkind = "allow"',
        CAMERA + 'serial_number = "a\\n"',
        CAMERA + 'mac_address = "00408C123456\\n"',
    ],
)
def test_no_name_ends_in_a_line_end(text: str) -> None:
    with pytest.raises(ConfigError, match=r"use letters|use 1|write 12"):
        parse(text, HERE)
