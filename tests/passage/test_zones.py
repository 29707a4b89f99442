from hypothesis import given
from hypothesis import strategies as st

from platewire.passage.settings import Zone
from platewire.passage.zones import contains, zone_at

LEFT = Zone(name="left", polygon=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
RIGHT = Zone(name="right", polygon=((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
HORSESHOE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.7, 1.0), (0.7, 0.3), (0.3, 0.3), (0.3, 1.0))

fractions = st.floats(0.001, 0.999)


@given(fractions, fractions)
def test_a_picture_cut_in_two_has_every_point_in_exactly_one_half(x: float, y: float) -> None:
    assert contains(LEFT.polygon, x, y) != contains(RIGHT.polygon, x, y)


def test_the_first_of_overlapping_zones_counts() -> None:
    whole = Zone(name="whole", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    assert zone_at((RIGHT, whole), 0.8, 0.5) == "right"
    assert zone_at((whole, RIGHT), 0.8, 0.5) == "whole"
    assert zone_at((RIGHT,), 0.2, 0.5) is None
    assert zone_at((), 0.2, 0.5) is None


def test_a_hollow_polygon_leaves_its_hollow_out() -> None:
    assert contains(HORSESHOE, 0.9, 0.9)
    assert contains(HORSESHOE, 0.5, 0.1)
    assert not contains(HORSESHOE, 0.5, 0.9)


@given(fractions, fractions, st.integers(0, 6))
def test_it_does_not_matter_at_which_corner_a_polygon_starts(x: float, y: float, i: int) -> None:
    turned = HORSESHOE[i:] + HORSESHOE[:i]
    assert contains(turned, x, y) == contains(HORSESHOE, x, y)
    assert contains(turned[::-1], x, y) == contains(HORSESHOE, x, y)


def test_a_polygon_without_area_holds_nothing() -> None:
    assert not contains(((0.1, 0.5), (0.5, 0.5), (0.9, 0.5)), 0.5, 0.5)
