"""Two readers' answers as one."""

from hypothesis import given
from hypothesis import strategies as st

from platewire.recognition.networks.text_line import SEPARATOR, Character, TextLine
from platewire.recognition.text.opinions import averaged, blended, doubted, product
from platewire.recognition.text.plausible import text_of
from platewire.recognition.text.reading import mean_chance, plate_characters

symbols = st.sampled_from("ABC0123OB8")


@st.composite
def characters(draw: st.DrawFn) -> Character:
    chance = draw(st.floats(0.3, 1.0))
    symbol = draw(symbols)
    other = draw(symbols.filter(lambda one: one != symbol))
    return Character(symbol, chance, ((other, (1 - chance) * 0.9),), draw(st.floats(0, 1)))


def line(*found: Character) -> TextLine:
    return TextLine(tuple(found), "".join(one.symbol for one in found))


def sure(text: str, chance: float = 0.95) -> TextLine:
    return line(*(Character(symbol, chance, (), 0.5) for symbol in text))


@given(characters(), characters())
def test_the_order_of_the_two_does_not_matter(one: Character, other: Character) -> None:
    first, second = product(one, other), product(other, one)
    assert abs(first.chance - second.chance) < 1e-9
    assert {first.symbol, *dict(first.others)} == {second.symbol, *dict(second.others)}


@given(characters(), characters())
def test_chances_stay_chances(one: Character, other: Character) -> None:
    joint = product(one, other)
    assert 0 < joint.chance <= 1
    assert joint.chance + sum(chance for _, chance in joint.others) <= 1 + 1e-9
    assert all(chance <= joint.chance for _, chance in joint.others)


@given(st.lists(characters(), min_size=1, max_size=8))
def test_who_agrees_with_himself_keeps_his_text(found: list[Character]) -> None:
    own = line(*found)
    joint = blended(own, own)
    assert joint is not None
    for before, after in zip(plate_characters(own), plate_characters(joint), strict=True):
        if before.chance > 0.5:
            assert after.symbol == before.symbol
            assert after.chance >= before.chance - 0.01


def test_who_is_sure_decides() -> None:
    unsure = line(*sure("A8").characters[:1], Character("8", 0.5, (("B", 0.45),), 0.5))
    joint = blended(unsure, sure("AB"))
    assert joint is not None
    assert text_of(joint) == "AB"


def test_agreement_makes_surer() -> None:
    joint = blended(sure("AB12", 0.8), sure("AB12", 0.8))
    assert joint is not None
    assert mean_chance([one.chance for one in joint.characters]) > 0.95


def test_other_lengths_are_not_blended() -> None:
    assert blended(sure("AB1"), sure("AB12")) is None
    assert blended(sure(""), sure("")) is None


def test_gaps_of_the_first_stay() -> None:
    gap = Character(SEPARATOR, 0.9, (), 0.5)
    first = line(*sure("AB").characters, gap, *sure("12").characters)
    joint = blended(first, sure("AB12"))
    assert joint is not None
    assert joint.text == "AB-12"


def test_a_contradicted_line_is_less_sure() -> None:
    assert all(one.chance < 0.95 for one in doubted(sure("AB12")).characters)
    assert doubted(sure("AB12")).text == "AB12"


@given(
    st.lists(characters().filter(lambda one: one.chance > 0.5), min_size=1, max_size=8),
    st.integers(1, 4),
)
def test_who_looks_again_and_sees_the_same_stays_as_sure(
    found: list[Character], looks: int
) -> None:
    own = line(*found)
    again = averaged([own] * looks)
    assert again.text == own.text
    for before, after in zip(own.characters, again.characters, strict=True):
        assert abs(before.chance - after.chance) < 1e-9


def test_most_looks_decide_how_many_characters_there_are() -> None:
    looks = [sure("AB12"), sure("AB123"), sure("AB123"), sure("AB128")]
    found = averaged(looks)
    assert found.text == "AB123"
    assert found.characters[0].chance < 0.95


def test_without_a_majority_the_first_look_stands() -> None:
    assert averaged([sure("AB12"), sure("AB123")]).text == "AB12"


def test_looks_that_differ_are_less_sure_and_name_the_other() -> None:
    found = averaged([sure("AB8"), sure("ABB"), sure("AB8")])
    last = found.characters[-1]
    assert (last.symbol, last.others[0][0]) == ("8", "B")
    assert last.chance < 0.7
