"""The page of the MQTT transfer says what is true."""

import re
from pathlib import Path

import pytest

from platewire.config.load import parse
from platewire.transfers.mqtt import MqttTransfer
from platewire.transfers.transfer import TransferSettings
from platewire.wire.topic import level

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "transfers" / "mqtt.md").read_text("utf-8")


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.S))
def test_the_settings_are_accepted(text: str) -> None:
    transfers = parse(text, DOCS / "platewire.toml").transfer
    assert transfers
    assert all(isinstance(transfer, MqttTransfer) for transfer in transfers)


def test_every_setting_is_on_the_page() -> None:
    own = set(MqttTransfer.__struct_fields__) - set(TransferSettings.__struct_fields__)
    missing = sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))
    assert not missing


def test_the_example_of_a_name_is_right() -> None:
    assert f"`Hof/Süd` becomes `{level('Hof/Süd')}`" in PAGE
