from msgspec import structs

from platewire.model import Direction
from platewire.passage.estimate import FIELDS, UNITS, Estimate, Pending, changed, matters, settle

SHOWN = Estimate(text="ZZ0123QQ", display="ZZ 0123 QQ", country="UA", zone="gate")


def test_changed_names_the_events_fields_in_their_order() -> None:
    new = structs.replace(SHOWN, color="red", text="ZZ0128QQ", direction=Direction.IN)
    assert changed(SHOWN, new) == ("plate.text", "direction", "vehicle.color")
    assert changed(SHOWN, SHOWN) == ()


def test_every_field_of_the_answer_has_a_path_and_a_way_to_settle() -> None:
    names = {field.name for field in structs.fields(Estimate)}
    assert set(FIELDS) == names
    settled = {name for unit in UNITS for name in unit}
    assert settled == names - {"display", "direction"}


def test_another_display_form_alone_does_not_matter() -> None:
    assert not matters(SHOWN, structs.replace(SHOWN, display="ZZ-0123-QQ"))
    assert matters(SHOWN, structs.replace(SHOWN, region="KYIV"))


def test_what_contradicts_waits_for_a_second_read() -> None:
    pending: Pending = {}
    other = structs.replace(SHOWN, text="ZZ0128QQ")
    assert settle(SHOWN, other, pending) == SHOWN
    assert settle(SHOWN, other, pending) == other
    assert pending == {}


def test_what_changes_back_in_between_starts_waiting_again() -> None:
    pending: Pending = {}
    other = structs.replace(SHOWN, text="ZZ0128QQ")
    for _ in range(3):
        assert settle(SHOWN, other, pending) == SHOWN
        assert settle(SHOWN, SHOWN, pending) == SHOWN


def test_what_was_not_known_before_is_told_at_once() -> None:
    more = structs.replace(SHOWN, region="KYIV", color="red", direction=Direction.IN)
    assert settle(SHOWN, more, {}) == more


def test_text_and_country_change_together_or_not_at_all() -> None:
    pending: Pending = {}
    one = structs.replace(SHOWN, text="ZZ0128QQ", country="IT")
    two = structs.replace(SHOWN, text="ZZ0128QQ", country="TR")
    assert settle(SHOWN, one, pending) == SHOWN
    assert settle(SHOWN, two, pending) == SHOWN
    assert settle(SHOWN, two, pending) == two
