"""The project's own classes run small networks of ours; nothing is fetched from anywhere."""

from pathlib import Path

import pytest
from msgspec import structs

from platewire.errors import ConfigError
from platewire.recognition.engines.fast_alpr import FastAlprSettings
from platewire.recognition.refused import Reason
from platewire.testing.check_engine import check_engine
from tests.recognition.drawing import scene_with
from tests.recognition.networks import small_networks

PLATE = scene_with("12-BDF-3", height=100)
"""640 x 480, with the plate around the middle: 64 x 48 of the detector's 64 x 64."""
BOX = (20, 29, 45, 39)


@pytest.fixture
def config(tmp_path: Path) -> FastAlprSettings:
    return FastAlprSettings(
        detector_path=small_networks.detector(tmp_path / "detector.onnx", BOX),
        reader_path=small_networks.reader(tmp_path, "12BDF3"),
        reader_config_path=tmp_path / "reader.yaml",
    )


def test_it_keeps_what_engines_promise(config: FastAlprSettings) -> None:
    check_engine(config.build(), PLATE)


def test_a_plate_is_read(config: FastAlprSettings) -> None:
    (read,) = config.build().read(PLATE)
    assert (read.text, read.display, read.country) == ("12BDF3", "12-BDF-3", "NL")
    assert read.characters == pytest.approx([0.9] * 6)
    assert read.box == (200, 210, 250, 100)
    assert read.quality is not None
    assert read.quality.width == 250


def test_the_country_that_the_reader_sees_decides_between_forms(tmp_path: Path) -> None:
    countries = {}
    for region in small_networks.REGIONS:
        config = FastAlprSettings(
            detector_path=small_networks.detector(tmp_path / "detector.onnx", BOX),
            reader_path=small_networks.reader(tmp_path, "KL1234", region=region),
            reader_config_path=tmp_path / "reader.yaml",
        )
        (read,) = config.build().read(PLATE)
        countries[region] = read.country
    assert countries["Germany"] == "DE"
    assert countries["Unknown"] != "DE"


def test_refusals_have_their_reason(config: FastAlprSettings, tmp_path: Path) -> None:
    unsure = structs.replace(config, min_confidence=0.95).build().examine(PLATE)
    assert [(one.reason, one.text) for one in unsure.refused] == [(Reason.UNSURE, "12BDF3")]
    small = structs.replace(config, min_plate_width=300).build().examine(PLATE)
    assert [(one.reason, one.text) for one in small.refused] == [(Reason.SMALL, "")]
    small_networks.reader(tmp_path, "1")
    short = config.build().examine(PLATE)
    assert [(one.reason, one.text) for one in short.refused] == [(Reason.FORM, "1")]
    assert (unsure.reads, small.reads, short.reads) == ((), (), ())


@pytest.mark.parametrize("setting", ["detector_path", "reader_path", "reader_config_path"])
def test_a_missing_file_is_named_with_its_setting(
    config: FastAlprSettings, tmp_path: Path, setting: str
) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(ConfigError, match=rf"recognition\.{setting}: file {absent} not found"):
        structs.replace(config, **{setting: absent}).build()


@pytest.mark.parametrize("name", ["detector.onnx", "reader.onnx", "reader.yaml"])
@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x08\x12"])
def test_a_damaged_file_is_found_at_the_start(
    config: FastAlprSettings, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=r"model file .* is corrupted or not a supported model"):
        config.build()


def test_a_network_of_another_kind_is_found_at_the_start(
    config: FastAlprSettings, tmp_path: Path
) -> None:
    swapped = structs.replace(config, reader_path=config.detector_path)
    with pytest.raises(ConfigError, match=r"detector\.onnx is corrupted or not a supported model"):
        swapped.build()


def test_a_reader_without_its_config_is_refused(config: FastAlprSettings) -> None:
    with pytest.raises(ConfigError, match="belong together; set both or neither"):
        structs.replace(config, reader_config_path=None).build()


def test_nothing_is_fetched_unless_asked_for(
    config: FastAlprSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fast_plate_ocr.inference import hub as reader_hub
    from open_image_models.detection.core import hub as detector_hub

    for hub in (reader_hub, detector_hub):
        monkeypatch.setattr(hub, "MODEL_CACHE_DIR", tmp_path / "cache")
    with pytest.raises(ConfigError, match=r"detector: the model file .*onnx is missing; set `down"):
        FastAlprSettings().build()
    with pytest.raises(ConfigError, match=r"recognition\.reader: .*to download it from https://"):
        structs.replace(config, reader_path=None, reader_config_path=None).build()
    with pytest.raises(ConfigError, match="unknown model 'yolo-v1'; known: rf-detr"):
        FastAlprSettings(detector="yolo-v1").build()
    assert not (tmp_path / "cache").exists()


def test_what_lies_in_the_cache_is_used(
    config: FastAlprSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from open_image_models.detection.core import hub

    monkeypatch.setattr(hub, "MODEL_CACHE_DIR", tmp_path)
    url = hub.DETECTION_MODELS["yolo-v9-t-384-license-plate-end2end"].url
    folder = tmp_path / "yolo-v9-t-384-license-plate-end2end"
    folder.mkdir()
    small_networks.detector(folder / url.rpartition("/")[2], BOX)
    (read,) = structs.replace(config, detector_path=None).build().read(PLATE)
    assert read.text == "12BDF3"


def test_an_unknown_country_is_refused(config: FastAlprSettings) -> None:
    with pytest.raises(ConfigError, match="no plate forms for XX"):
        structs.replace(config, countries=("XX",)).build()
