"""Photos with the mark of a picture agency are learned from nowhere."""

import json
from pathlib import Path

import pytest

import training
from training.photo_index import EXCLUDED, agencies, entries

TRAINING = Path(training.__file__).parent
LABELS = sorted(TRAINING.glob("*/*.jsonl"))


def test_the_list_names_photos_and_agencies() -> None:
    assert len(EXCLUDED) > 100
    assert all(file.startswith("openlpr/") and file.endswith(".jpg") for file in EXCLUDED)
    assert set(agencies().values()) >= {"Getty Images", "Alamy", "Shutterstock", "Dreamstime"}


@pytest.mark.parametrize("path", LABELS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_label_is_of_such_a_photo(path: Path) -> None:
    files = {json.loads(line).get("file", "") for line in path.read_text("utf-8").splitlines()}
    names = {json.loads(line).get("name", "") for line in path.read_text("utf-8").splitlines()}
    assert not EXCLUDED & (files | {name.partition("#")[0] for name in names})


def test_the_index_of_a_source_leaves_them_out(tmp_path: Path) -> None:
    marked = min(EXCLUDED)
    lines = [json.dumps({"file": file, "plates": []}) for file in (marked, "openlpr/other.jpg")]
    (tmp_path / "openlpr.jsonl").write_text("\n".join(lines), "utf-8")
    assert [entry["file"] for entry in entries(tmp_path, "openlpr")] == ["openlpr/other.jpg"]
