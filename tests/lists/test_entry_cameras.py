"""At which cameras an entry holds, where names of cameras have spaces."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from platewire.lists.entry import EntryError, list_entry, refusal

CAMERAS = ("Tor", "Nord", "Tor Nord", "Gate 1")
NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "kept", "holds"),
    [
        ("Gate 1", "Gate 1,", {"Gate 1"}),
        ("Tor Nord,", "Tor Nord,", {"Tor Nord"}),
        ("Tor, Nord", "Nord, Tor", {"Tor", "Nord"}),
        ("Nord Tor", "Nord, Tor", {"Tor", "Nord"}),
        ("Nord;Gate 1", "Gate 1, Nord", {"Nord", "Gate 1"}),
        ("Tor", "Tor", {"Tor"}),
        ("", "", set(CAMERAS)),
    ],
)
def test_an_entry_holds_at_the_cameras_it_names(written: str, kept: str, holds: set[str]) -> None:
    entry = list_entry({"plate": "AB 1", "cameras": written}, CAMERAS)
    assert entry.cameras == kept
    assert list_entry({"plate": "AB 1", "cameras": kept}, CAMERAS) == entry, "as it is read back"
    utc = ZoneInfo("UTC")
    assert {name for name in CAMERAS if not refusal(entry, name, NOW, utc)} == holds


def test_what_may_be_one_camera_or_several_is_asked_back() -> None:
    with pytest.raises(EntryError, match=r'can be one camera or several; write "Tor Nord," for'):
        list_entry({"plate": "AB 1", "cameras": "Tor Nord"}, CAMERAS)


def test_where_no_name_has_spaces_all_is_as_it_was() -> None:
    entry = list_entry({"plate": "AB 1", "cameras": "yard, gate|yard"}, ("gate", "yard"))
    assert entry.cameras == "gate yard"
