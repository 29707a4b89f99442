"""Recorded reads come back by frame number, with the time of the frame that asks."""

from pathlib import Path

import msgspec
import pytest

from platewire.errors import ConfigError
from platewire.recognition.engines.rapidocr import RapidOcr
from platewire.recognition.engines.replay import Recorded, ReplaySettings
from platewire.testing.check_engine import check_read
from tests.recognition.drawing import frame_of, scene_with, wall


def write(path: Path, *lines: Recorded) -> Path:
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines) + b"\n")
    return path


def test_recorded_reads_come_back(engine: RapidOcr, tmp_path: Path) -> None:
    reads = tuple(engine.read(scene_with("12-BDF-3")))
    file = write(tmp_path / "reads.jsonl", Recorded(1, reads), Recorded(3, ()))
    replay = ReplaySettings(path=file).build()
    for number, texts in ((0, []), (1, ["12BDF3"]), (3, []), (4, []), (5, ["12BDF3"])):
        frame = frame_of(wall(), number)
        found = replay.read(frame)
        assert [read.text for read in found] == texts
        for read in found:
            check_read(read, frame)
    replay.close()


def test_an_empty_recording_reads_nothing(tmp_path: Path) -> None:
    replay = ReplaySettings(path=write(tmp_path / "none.jsonl")).build()
    assert list(replay.read(frame_of(wall()))) == []


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.jsonl cannot be read"):
        ReplaySettings(path=tmp_path / "gone.jsonl").build()


@pytest.mark.parametrize("line", ["nonsense", "{}", '{"frame": "x", "reads": []}'])
def test_a_line_that_is_no_recording_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "reads.jsonl").write_text('{"frame": 0, "reads": []}\n' + line + "\n")
    with pytest.raises(ConfigError, match=r"reads\.jsonl, line 2: .*write each line like"):
        ReplaySettings(path=tmp_path / "reads.jsonl").build()
