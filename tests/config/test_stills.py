"""Which cameras show each vehicle in one picture: by their source, unless the file says."""

from pathlib import Path

import pytest

from platewire.config.load import parse
from platewire.config.tree import CameraSettings

WHERE = Path("/site/platewire.toml")
VIDEO = 'type = "rtsp", url = "rtsp://192.0.2.1/"'
POLLED = 'type = "snapshot", url = "http://192.0.2.1/", interval_seconds'


def camera(source: str, passage: str = "") -> CameraSettings:
    text = f'[[camera]]\nname = "a"\nsource = {{ {source} }}\npassage = {{ {passage} }}\n'
    config = parse(text, WHERE)
    assert config.as_site().stills == ({"a"} if config.camera[0].passage_rules().stills else set())
    return config.camera[0]


@pytest.mark.parametrize(
    ("source", "passage", "stills", "held_back"),
    [
        ('type = "pictures", path = "."', "", True, 0),
        ('type = "pictures", path = "."', "stills = false", False, 1),
        ('type = "pictures", path = "."', "hold_back = 2", True, 2),
        (f"{POLLED} = 5", "", True, 0),
        (f"{POLLED} = 1", "", False, 1),
        (VIDEO, "", False, 1),
        (VIDEO, "stills = true", True, 0),
    ],
)
def test_the_source_says_unless_the_file_does(
    source: str, passage: str, stills: bool, held_back: int
) -> None:
    rules = camera(source, passage).passage_rules()
    assert (rules.stills, rules.held_back) == (stills, held_back)
