"""The page of the MQTT output says what is true."""

import re
from pathlib import Path

import pytest

from platewire.config.load import parse
from platewire.outputs.mqtt.mqtt import MqttSettings
from platewire.outputs.output import OutputSettings
from platewire.wire.mqtt.topic import level

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "outputs" / "mqtt.md").read_text("utf-8")


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.S))
def test_the_settings_are_accepted(text: str) -> None:
    outputs = parse(text, DOCS / "platewire.toml").output
    assert outputs
    assert all(isinstance(output, MqttSettings) for output in outputs)


def test_every_setting_is_on_the_page() -> None:
    own = set(MqttSettings.__struct_fields__) - set(OutputSettings.__struct_fields__)
    missing = sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))
    assert not missing


def test_the_example_of_a_name_is_right() -> None:
    assert f"`Hof/Süd` becomes `{level('Hof/Süd')}`" in PAGE
