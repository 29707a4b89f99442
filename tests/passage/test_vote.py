from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Quality
from platewire.passage.vote import TEXTS_MAX, Ballot, Decision, country_of, elect, respell, support
from tests.passage.scene import read_of

Votes = Sequence[tuple[str, float]]
DECISIONS: tuple[Decision, ...] = ("vote", "confidence", "statistics")

votes = st.lists(
    st.tuples(st.text("ABZ018", min_size=4, max_size=8), st.integers(50, 100)),
    min_size=1,
    max_size=12,
).map(lambda pairs: [(text, percent / 100) for text, percent in pairs])


def ballot_of(votes: Votes) -> Ballot:
    ballot = Ballot()
    for text, confidence in votes:
        ballot.add(read_of(text, confidence=confidence))
    return ballot


def elected(votes: Votes, decision: Decision = "vote") -> str:
    return elect(ballot_of(votes), decision)


def test_each_character_is_voted_on_by_itself() -> None:
    """Every read is wrong in another place; together they are right."""
    votes = [("ZZ0128QQ", 0.8), ("Z20123QQ", 0.8), ("ZZ0I23QQ", 0.8), ("ZZO123QQ", 0.8)]
    assert elected(votes) == "ZZ0123QQ"


def test_a_sure_read_outvotes_two_unsure_ones() -> None:
    assert elected([("ZZ0128QQ", 0.5), ("ZZ0128QQ", 0.45), ("ZZ0123QQ", 0.97)]) == "ZZ0123QQ"


def test_a_missing_character_is_outvoted() -> None:
    assert elected([("ZZ0123Q", 0.9), ("ZZ0123QQ", 0.9), ("ZZ123QQ", 0.9)]) == "ZZ0123QQ"


def test_an_added_character_is_outvoted() -> None:
    assert elected([("1ZZ0123QQ", 0.9), ("ZZ0123QQ", 0.8), ("ZZ0123QQI", 0.8)]) == "ZZ0123QQ"


def test_a_length_that_nobody_read_is_never_the_answer() -> None:
    assert elected([("00000", 0.5), ("00081", 0.5), ("0810", 0.5)]) == "0810"


def test_of_equal_votes_the_more_recent_text_wins() -> None:
    assert elected([("ZZ0128QQ", 0.8), ("ZZ0123QQ", 0.8)]) == "ZZ0123QQ"


def test_best_by_statistics_takes_the_text_seen_most_though_less_sure() -> None:
    votes = [("ZZ0123QQ", 0.6)] * 7 + [("ZZ0128QQ", 0.9)] * 3
    assert elected(votes, "statistics") == "ZZ0123QQ"
    assert elected(votes, "confidence") == "ZZ0128QQ"


def test_best_by_confidence_takes_the_single_surest_read() -> None:
    votes = [("ZZ0123QQ", 0.8)] * 9 + [("ZZ0128QQ", 0.99)]
    assert elected(votes, "confidence") == "ZZ0128QQ"
    assert support(ballot_of(votes), "ZZ0128QQ", "confidence").confidence == 0.99


def test_pieces_of_a_half_hidden_plate_do_not_shorten_it() -> None:
    assert elected([("ZZ01", 0.9)] * 4 + [("ZZ0123QQ", 0.9)] * 2) == "ZZ0123QQ"


def test_one_read_with_a_sticker_does_not_lengthen_the_plate() -> None:
    assert elected([("ZZ0123QQ", 0.9)] * 4 + [("ZZ0123QQTAXI", 0.95)]) == "ZZ0123QQ"


@given(votes)
def test_the_answer_can_be_justified_by_the_votes(votes: Votes) -> None:
    read = [text for text, _ in votes]
    for decision in DECISIONS:
        text = elected(votes, decision)
        assert set(text) <= set("".join(read))
        assert len(text) in map(len, read)
        if decision != "vote":
            assert text in read


@given(st.text("ABZ018", min_size=4, max_size=8), st.integers(1, 9), votes)
def test_what_all_reads_say_is_the_answer(text: str, count: int, votes: Votes) -> None:
    for decision in DECISIONS:
        assert elected([(text, confidence) for _, confidence in votes] * count, decision) == text


@given(votes)
def test_a_text_with_most_of_the_weight_wins_the_vote(votes: Votes) -> None:
    total = sum(confidence for _, confidence in votes)
    sure = "ZZ0123QQ"
    assert elected([*votes, *[(sure, 1.0)] * (2 * int(total) + 3)]) == sure


@given(votes, st.randoms(use_true_random=False))
def test_the_order_of_reads_does_not_matter_where_weights_differ(
    votes: Votes, random: Random
) -> None:
    distinct = dict(votes)
    ranked = [(text, 0.5 + i / 100) for i, text in enumerate(sorted(distinct))]
    shuffled = list(ranked)
    random.shuffle(shuffled)
    assert elected(shuffled, "vote") == elected(ranked, "vote")
    assert elected(shuffled, "confidence") == elected(ranked, "confidence")


@given(votes)
def test_support_is_a_share(votes: Votes) -> None:
    ballot = ballot_of(votes)
    for decision in DECISIONS:
        text = elect(ballot, decision)
        confidence, characters = support(ballot, text, decision)
        assert len(characters) == len(text)
        assert all(0 <= share <= 1 for share in (confidence, *characters))
        assert confidence <= max(sure for _, sure in votes)


def test_support_is_the_surest_reads_when_all_agree() -> None:
    ballot = ballot_of([("ZZ0123QQ", 0.6), ("ZZ0123QQ", 0.9)])
    assert support(ballot, "ZZ0123QQ", "vote") == (0.9, (0.9,) * 8)


def test_support_falls_at_the_character_in_doubt() -> None:
    ballot = ballot_of([("ZZ0123QQ", 0.8)] * 3 + [("ZZ0128QQ", 0.8)])
    confidence, characters = support(ballot, "ZZ0123QQ", "vote")
    assert characters == (0.8, 0.8, 0.8, 0.8, 0.8, 0.6, 0.8, 0.8)
    assert confidence == pytest.approx(0.8 * (7 + 0.75) / 8)


def test_the_number_of_texts_is_bounded_and_the_answer_survives() -> None:
    ballot = Ballot()
    for i in range(500):
        ballot.add(read_of("ZZ0123QQ", confidence=0.6))
        ballot.add(read_of(f"Z{i:04}Q", confidence=0.9))
    assert len(ballot.tallies) == TEXTS_MAX
    assert elect(ballot, "vote") == elect(ballot, "statistics") == "ZZ0123QQ"


def test_a_new_text_gets_in_however_many_are_kept() -> None:
    ballot = ballot_of([(f"AA00{i:02}BB", 0.9) for i in range(TEXTS_MAX)] * 2)
    for _ in range(5):
        ballot.add(read_of("ZZ9999QQ", confidence=0.9))
    assert elect(ballot, "statistics") == "ZZ9999QQ"


def test_the_country_is_that_of_the_reads_with_the_answer() -> None:
    ballot = Ballot()
    for _ in range(3):
        ballot.add(read_of("ZZ0128QQ", country="IT", confidence=0.9))
    ballot.add(read_of("ZZ0123QQ", country="UA", region="KYIV", confidence=0.8))
    assert country_of(ballot, "ZZ0123QQ") == ("UA", "KYIV")
    assert country_of(ballot, "ZZ0128QQ") == ("IT", None)
    assert country_of(ballot, "ZZ0000QQ") == ("IT", None), "never read: what most reads say"


def test_a_region_that_few_reads_tell_is_kept() -> None:
    """A state's name on a plate is looked for once a second, not in every picture."""
    ballot = Ballot()
    for region in (None, "TX", None, None, "TN", "TX"):
        ballot.add(read_of("BNV8412", country="US", region=region))
    assert country_of(ballot, "BNV8412") == ("US", "TX")


def test_regions_of_another_country_say_nothing() -> None:
    ballot = Ballot()
    for country, region in (("UA", "KYIV"), ("IT", None), ("IT", None)):
        ballot.add(read_of("ZZ0123QQ", country=country, region=region))
    assert country_of(ballot, "ZZ0123QQ") == ("IT", None)


def test_a_country_that_nobody_found_stays_unknown() -> None:
    ballot = Ballot()
    ballot.add(read_of("ZZ0123QQ", country=None))
    assert country_of(ballot, "ZZ0123QQ") == (None, None)


def test_a_text_that_was_never_read_is_spelled_like_its_nearest() -> None:
    assert respell("ZZ 0128-QQ", "ZZ0128QQ", "ZZ0123QQ") == "ZZ 0123-QQ"
    assert respell("MÜ A 128", "MUA128", "MUA123") == "MÜ A 123"
    assert respell("ZZ 0128", "ZZ0128", "ZZ0128Q") == "ZZ0128Q"


# --- how well the plate could be seen ----------------------------------------------------------


def seen(weight: float) -> Quality:
    return Quality(
        width=90, height=20, angle=0, sharpness=weight, contrast=0.5, clipped=0, weight=weight
    )


def ballot_seen(votes: Sequence[tuple[str, float, float | None]]) -> Ballot:
    ballot = Ballot()
    for text, confidence, weight in votes:
        read = read_of(text, confidence=confidence)
        quality = None if weight is None else seen(weight)
        ballot.add(structs.replace(read, quality=quality))
    return ballot


def test_a_blurred_wrong_read_does_not_outvote_a_sharp_right_one() -> None:
    votes = [("ZZ0123QQ", 0.9, 1.0), ("ZZ0128QQ", 0.95, 0.2), ("ZZ0128QQ", 0.95, 0.2)]
    assert elect(ballot_seen(votes), "vote") == "ZZ0123QQ"
    assert elected([(text, sure) for text, sure, _ in votes]) == "ZZ0128QQ"


def test_many_blurred_reads_do_outvote_a_sharp_one() -> None:
    votes = [("ZZ0123QQ", 0.9, 1.0)] + [("ZZ0128QQ", 0.9, 0.3)] * 5
    assert elect(ballot_seen(votes), "vote") == "ZZ0128QQ"


weights = st.floats(0.1, 1)


@given(st.lists(st.tuples(st.floats(0.5, 1), st.none() | weights), min_size=1, max_size=9))
def test_quality_changes_nothing_while_all_reads_agree(
    votes: list[tuple[float, float | None]],
) -> None:
    with_quality = ballot_seen([("ZZ0123QQ", sure, weight) for sure, weight in votes])
    without = ballot_of([("ZZ0123QQ", sure) for sure, _ in votes])
    for decision in DECISIONS:
        text = elect(with_quality, decision)
        assert text == elect(without, decision) == "ZZ0123QQ"
        before, now = support(without, text, decision), support(with_quality, text, decision)
        assert now.confidence == pytest.approx(before.confidence, abs=2e-4)
        assert now.characters == pytest.approx(before.characters, abs=2e-4)


@given(votes, weights)
def test_the_same_quality_for_all_elects_as_none_does(votes: Votes, weight: float) -> None:
    """Halves and quarters multiply without rounding, so that ties stay ties."""
    weight = 0.5 if weight > 0.5 else 0.25
    alike = ballot_seen([(text, sure, weight) for text, sure in votes])
    for decision in ("vote", "statistics"):
        assert elect(alike, decision) == elected(votes, decision)


@given(votes, weights)
def test_a_read_seen_better_never_loses_by_it(votes: Votes, weight: float) -> None:
    """Raising the weight of the reads of the elected text keeps it elected."""
    text = elected(votes, "statistics")
    raised = [(each, sure, 1.0 if each == text else weight) for each, sure in votes]
    assert elect(ballot_seen(raised), "statistics") == text
