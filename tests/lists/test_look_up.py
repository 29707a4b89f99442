"""Asking the file gives what a walk over all entries gives; and what a person may rely on."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platewire.database.connection import APPLICATION_ID, open_writer
from platewire.database.migrate import steps
from platewire.errors import LogError, LogVersion
from platewire.lists.entry import ListEntry
from platewire.lists.look_up import ORDER, Rules, look_up
from platewire.lists.matching import how
from platewire.lists.settings import EventField, ListKind, ListSettings, Mode
from platewire.lists.store import STEPS, Store
from platewire.model import ListHit

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)  # a Monday
PLATES = st.text("A0OB8", min_size=1, max_size=4)
Made = Callable[..., Rules]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "lists.db", NOW)
    yield made
    made.close()


def rules(**modes: Mode) -> Rules:
    lists = {
        name: ListSettings(name=name, kind=ListKind.ALLOW, mode=mode)
        for name, mode in modes.items()
    }
    return Rules(lists, ZoneInfo("UTC"))


def hits(store: Store, given: Rules, plate: str, camera: str = "gate") -> list[ListHit]:
    return [each.hit for each in look_up(store, given, plate, camera, NOW) if not each.refusal]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from("xyz"), st.tuples(st.sampled_from(Mode), st.sets(PLATES))),
    PLATES,
)
def test_finds_what_a_walk_over_all_entries_finds(
    store: Store, lists: dict[str, tuple[Mode, set[str]]], seen: str
) -> None:
    with store.used() as connection:
        connection.execute("DELETE FROM entry")
    expected = {}
    for name, (mode, plates) in lists.items():
        store.put(name, [ListEntry(plate=plate) for plate in plates])
        ways = [way for plate in plates if (way := how(seen, plate)) is not None]
        ways = [way for way in ways if ORDER.index(way) <= ORDER.index(mode)]
        if ways:
            expected[name] = min(ways, key=ORDER.index)
    given_rules = rules(**{name: mode for name, (mode, _) in lists.items()})
    found = {hit.name: hit for hit in hits(store, given_rules, seen)}
    assert {name: hit.mode for name, hit in found.items()} == expected
    assert all(how(seen, hit.entry or "") == hit.mode for hit in found.values())


def test_a_plate_is_found_however_it_was_written(store: Store) -> None:
    store.put("staff", [ListEntry(plate="а 123-вс 77"), ListEntry(plate="ÖL 12")])  # Cyrillic
    given_rules = rules(staff=Mode.EXACT)
    assert hits(store, given_rules, "A123BC77") == [
        ListHit("staff", "exact", "allow", "а 123-вс 77")
    ]
    assert hits(store, given_rules, "OL12")
    assert not hits(store, given_rules, "A123BC7")


CARD = {"card_facility": "12", "card_number": "345", "card_bits": "26"}
LONG_CARD = {"card_number": "18446744073709551615", "card_bits": "64"}


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (None, {"group": "night", "card_facility": 12, "card_number": "345", "card_bits": 26}),
        ((), {}),
        (("group",), {"group": "night"}),
        (("holder", "note"), {"holder": "Ada", "note": "second car"}),
    ],
)
def test_hit_has_the_fields_selected_by_the_list(
    store: Store, chosen: tuple[EventField, ...] | None, told: dict[str, Any]
) -> None:
    entry = ListEntry(plate="AB 1", holder="Ada", note="second car", group="night", **CARD)
    store.put("staff", [entry, ListEntry(plate="AB 2")])
    more: dict[str, Any] = {} if chosen is None else {"event_fields": chosen}
    settings_ = ListSettings(name="staff", kind=ListKind.ALLOW, **more)
    given_rules = Rules({"staff": settings_}, ZoneInfo("UTC"))
    assert hits(store, given_rules, "AB1") == [ListHit("staff", "exact", "allow", "AB 1", **told)]
    assert hits(store, given_rules, "AB2") == [ListHit("staff", "exact", "allow", "AB 2")]


def test_a_card_of_64_bits_keeps_all_its_digits_and_has_no_facility(store: Store) -> None:
    store.put("staff", [ListEntry(plate="AB 1", **LONG_CARD)])
    (hit,) = hits(store, rules(staff=Mode.EXACT), "AB1")
    assert (hit.card_facility, hit.card_number, hit.card_bits) == (
        None, "18446744073709551615", 64,
    )  # fmt: skip


def test_a_file_of_before_cards_keeps_its_entries(tmp_path: Path) -> None:
    path = tmp_path / "lists.db"
    with closing(open_writer(path)) as old:
        old.execute(steps(STEPS)[0].sql)
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
        old.execute(
            "CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT, applied_at TEXT);"
            "INSERT INTO list VALUES (1, 'staff');"
            "INSERT INTO entry VALUES ('AB1', 1, 'A81', 'AB 1', '', '', '', '', '', 'Ada', 'x')"
        )
    made = Store(path, NOW)
    assert made.page("staff", after="", limit=9) == [
        ListEntry(plate="AB 1", holder="Ada", note="x")
    ]
    card = ListEntry(plate="AB 1", **CARD)
    assert made.put("staff", [card]) == 1
    assert made.page("staff", after="", limit=9) == [card]
    made.close()


def test_an_entry_that_holds_goes_before_one_that_matches_better(store: Store) -> None:
    store.put("staff", [ListEntry(plate="AB0", valid_to="2020-01-01"), ListEntry(plate="ABO")])
    (hit,) = hits(store, rules(staff=Mode.LOOK_ALIKE), "AB0")
    assert (hit.entry, hit.mode) == ("ABO", "look_alike")


def test_says_why_an_entry_does_not_hold(store: Store) -> None:
    store.put(
        "staff",
        [
            ListEntry(plate="A1", cameras="yard"),
            ListEntry(plate="A2", valid_from="2027-01-01"),
            ListEntry(plate="A3", valid_to="2026-05-03"),
            ListEntry(plate="A4", weekdays="tue", hours="08:00-18:00"),
        ],
    )
    why = {
        plate: [
            each.refusal for each in look_up(store, rules(staff=Mode.EXACT), plate, "gate", NOW)
        ]
        for plate in ("A1", "A2", "A3", "A4")
    }
    assert why == {
        "A1": ["valid at the cameras yard, not at gate"],
        "A2": ["valid from 2027-01-01"],
        "A3": ["expired: valid to 2026-05-03"],
        "A4": ["valid tue 08:00-18:00; local time is Monday 08:30"],
    }


def test_lists_stand_in_the_order_of_the_configuration(store: Store) -> None:
    for name in ("zebra", "ant", "forgotten"):
        store.put(name, [ListEntry(plate="AB 1")])
    given_rules = rules(zebra=Mode.EXACT, ant=Mode.EXACT)
    assert [hit.name for hit in hits(store, given_rules, "AB1")] == ["zebra", "ant"]


def test_what_one_process_writes_another_finds_at_once(store: Store) -> None:
    other = Store(store.path, NOW)
    given_rules = rules(staff=Mode.ONE_EDIT)
    assert not hits(store, given_rules, "AB12")
    other.put("staff", [ListEntry(plate="AB 12")])
    assert hits(store, given_rules, "AB12")
    assert other.remove("staff", ["ab-12", "nobody"]) == 1
    assert not hits(store, given_rules, "AB12")
    other.close()


def test_pages_go_on_where_the_last_ended(store: Store) -> None:
    plates = [f"AB{number:03}" for number in range(25)]
    assert store.put("staff", [ListEntry(plate=plate) for plate in plates]) == 0
    store.put("guests", [ListEntry(plate="AB007")])
    seen: list[str] = []
    while page := store.page("staff", after=seen[-1] if seen else "", limit=10):
        seen += [entry.text for entry in page]
    assert seen == plates
    assert [entry.plate for entry in store.page("staff", after="", limit=9, prefix="AB02")] == [
        f"AB02{digit}" for digit in range(5)
    ]
    assert store.count("staff") == 25
    assert store.count("nobody") == 0


def test_an_entry_takes_the_place_of_one_with_the_same_plate(store: Store) -> None:
    store.put("staff", [ListEntry(plate="AB 1", holder="old")])
    assert store.put("staff", [ListEntry(plate="ab-1", holder="new")]) == 1
    (entry,) = store.page("staff", after="", limit=9)
    assert (entry.plate, entry.holder) == ("ab-1", "new")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lists.db"
    path.write_text("plates")
    with pytest.raises(LogError, match="is not an SQLite database"):
        Store(path, NOW)
    assert path.read_text() == "plates"


def test_a_file_of_a_newer_platewire_is_left_alone(store: Store) -> None:
    with store.used() as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LogVersion, match="version 99"):
        Store(store.path, NOW)


def test_a_partial_plate_is_on_no_list_exactly(store: Store) -> None:
    for name in ("strict", "alike", "loose"):
        store.put(name, [ListEntry(plate="PH792")])
    given = rules(strict=Mode.EXACT, alike=Mode.LOOK_ALIKE, loose=Mode.ONE_EDIT)
    listed = look_up(store, given, "PH792", "gate", NOW, partial=True)
    assert [(each.hit.name, each.hit.mode) for each in listed] == [("loose", "one_edit")]
