"""Times as people ask for them, on the days on which the site's clock changes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from platewire.database.search.request import RequestError, SearchRequest

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def period(since: str, until: str) -> str:
    """As times of the day, UTC."""
    filters = SearchRequest(since=since, until=until).filters(BERLIN, NOW)
    assert filters.since
    assert filters.until
    return f"{filters.since:%H:%M}-{filters.until:%H:%M}"


@pytest.mark.parametrize(
    ("since", "until", "utc"),
    [
        # On 2026-03-29 Berlin goes from 02:00 to 03:00, at 01:00 UTC.
        ("2026-03-29T02:30", "2026-03-29T03:30", "01:00-01:30"),
        ("2026-03-29T01:30", "2026-03-29T02:30", "00:30-01:00"),
        ("2026-03-29T02:00", "2026-03-29T03:00:01", "01:00-01:00"),
        # On 2026-10-25 it goes from 03:00 back to 02:00, at 01:00 UTC.
        ("2026-10-25T02:30", "2026-10-25T03:30", "00:30-02:30"),
        ("2026-10-25T01:30", "2026-10-25T02:30", "23:30-00:30"),
        ("2026-10-25T01:30", "2026-10-25T02:30+01:00", "23:30-01:30"),
        ("2026-10-25T02:00", "2026-10-25T03:00", "00:00-02:00"),
        # A day that ends a period means its end; this one has 25 hours.
        ("2026-10-25", "2026-10-25", "22:00-23:00"),
        ("yesterday", "yesterday", "23:00-23:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25T02:45+01:00", "01:30-01:45"),
    ],
)
def test_the_days_on_which_the_clock_changes(since: str, until: str, utc: str) -> None:
    assert period(since, until) == utc


def test_a_period_of_which_the_clock_shows_nothing_is_refused_in_words() -> None:
    with pytest.raises(RequestError, match="clock is put forward then and shows no time between"):
        period("2026-03-29T02:10", "2026-03-29T02:50")
    with pytest.raises(RequestError, match=r"is not after since = '2026-03-29T01:00'$"):
        period("2026-03-29T01:00", "2026-03-29T01:00")
    with pytest.raises(RequestError, match="shows that hour twice, and the first is meant"):
        period("2026-10-25T02:45", "2026-10-25T02:15")


def test_errors_name_the_filter_and_what_to_write() -> None:
    with pytest.raises(RequestError, match=r"^until: invalid time '31.11.2026': use 2026-11-30, "):
        SearchRequest(until="31.11.2026").filters(BERLIN, NOW)
    with pytest.raises(RequestError, match=r"^day: invalid date '24h': use 2026-11-30, today or "):
        SearchRequest(day="24h").filters(BERLIN, NOW)
