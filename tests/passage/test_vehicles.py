from hypothesis import given
from hypothesis import strategies as st

from platewire.model import Attribute, Vehicle
from platewire.passage.vehicles import VALUES_MAX, VehicleBallot, attribute, winner

colors = st.lists(
    st.tuples(st.sampled_from(["red", "blue", "gray"]), st.integers(1, 100)), min_size=1
)


def color(value: str, confidence: float) -> Vehicle:
    return Vehicle(color=Attribute(value, confidence))


def car(make: str | None, model: str | None, confidence: float = 0.8) -> Vehicle:
    return Vehicle(
        make=Attribute(make, confidence) if make else None,
        model=Attribute(model, confidence) if model else None,
    )


def ballot_of(*vehicles: Vehicle) -> VehicleBallot:
    ballot = VehicleBallot()
    for vehicle in vehicles:
        ballot.add(vehicle)
    return ballot


def test_the_heaviest_value_wins() -> None:
    ballot = ballot_of(color("gray", 0.4), color("gray", 0.4), color("blue", 0.7))
    assert winner(ballot.color) == "gray"


def test_confidence_is_the_surest_reads_times_the_share() -> None:
    ballot = ballot_of(color("gray", 0.6), color("gray", 0.9), color("blue", 0.5))
    assert attribute(ballot.color, "gray") == Attribute("gray", 0.675)


def test_what_nobody_said_is_absent() -> None:
    ballot = ballot_of(color("gray", 0.9))
    assert winner(ballot.make) is None
    assert attribute(ballot.make, None) is None
    assert attribute(ballot.color, "pink") is None


def test_a_model_counts_for_its_own_make() -> None:
    ballot = ballot_of(
        car("Ford", "Focus"), car("Ford", "Focus"), car("Ford", "Fiesta"), car("VW", "Golf", 0.99)
    )
    ballot.add(car("Ford", None))
    assert winner(ballot.models_of(winner(ballot.make))) == "Focus"
    assert winner(ballot.models_of("VW")) == "Golf"


def test_a_model_without_a_make_counts_for_any() -> None:
    ballot = ballot_of(car("Ford", "Focus"), car(None, "Fiesta", 0.5), car(None, "Fiesta", 0.5))
    assert winner(ballot.models_of("Ford")) == "Fiesta"
    assert winner(ballot.models_of(None)) == "Fiesta"


@given(colors)
def test_confidence_is_a_share(said: list[tuple[str, int]]) -> None:
    ballot = ballot_of(*(color(value, percent / 100) for value, percent in said))
    found = attribute(ballot.color, winner(ballot.color))
    assert found is not None
    assert found.value in {value for value, _ in said}
    assert 0 <= found.confidence <= max(percent for _, percent in said) / 100


def test_the_number_of_values_is_bounded() -> None:
    ballot = VehicleBallot()
    for i in range(100):
        ballot.add(color("gray", 0.5))
        ballot.add(color(f"shade {i}", 0.9))
    assert len(ballot.color) == VALUES_MAX
    assert winner(ballot.color) == "gray"


def test_reads_that_saw_no_badge_do_not_outvote_the_one_that_did() -> None:
    ballot = VehicleBallot()
    ballot.add(Vehicle(make=Attribute("Renault", 0.9)))
    for _ in range(50):
        ballot.add(Vehicle(color=Attribute("red", 0.8)))
    assert attribute(ballot.make, winner(ballot.make)) == Attribute("Renault", 0.9)
