"""What the network's outputs stand for: symbols, countries, states, in the network's own order.

The lists are written out, not taken from the country table: a new line there must not change a
network that is already trained. `tests/training/test_classes.py` compares them with the table, with
the layouts that are rendered and with the model that ships.
"""

from collections.abc import Mapping, Sequence

from platewire.recognition.networks.text_line import DIGITS, GAP, LETTERS, MARKED

TASK = "plate_reader"
"""As its checkpoints name it."""


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SYMBOLS = (GAP, *LETTERS, *DIGITS, *MARKED)
UNKNOWN_COUNTRY = ""
COUNTRIES = (
    UNKNOWN_COUNTRY,
    *words("""
    AL AR AT AU BA BE BG BR BY CA CH CL CN CO CY CZ DE DK EE ES FI FR GB GR HR HU IE IL IN
    IS IT LI LT LU LV MD ME MK MT MX NL NO NZ PK PL PT RO RS RU SE SI SK TR UA US ZA
"""),
)
"""ISO 3166-1 alpha-2. A network with another list has to be trained: see training/README.md."""
WITHOUT_CLASS: frozenset[str] = frozenset(
    words("""
    AE AM AZ BO CR DZ EC GE GH GY ID KE KW KZ MY NG PE PH PY QA
    SA SG SR TN TW UY VE VN
""")
)
"""Countries of the table that the network does not know. platewire names them by the form of the
text alone, never by appearance."""
REGIONS = words("""
    AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND
    NE NH NJ NM NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY
""")
"""States of the US and the District of Columbia, as in ISO 3166-2:US."""
CLASSES: Mapping[str, Sequence[str]] = {
    "symbols": SYMBOLS,
    "countries": COUNTRIES,
    "regions": REGIONS,
}
"""As the exported file lists them in its metadata."""
SYMBOL_INDEX = {symbol: index for index, symbol in enumerate(SYMBOLS)}
COUNTRY_INDEX = {code: index for index, code in enumerate(COUNTRIES)}
REGION_INDEX = {code: index for index, code in enumerate(REGIONS)}

HEIGHT, WIDTH = 48, 160
"""Pixels of the network's input."""
STEPS = 40
"""Of the network's output along one line."""


def matching_rows(before: Sequence[str], now: Sequence[str]) -> list[tuple[int, int]]:
    """Rows of the classes that both lists have: the place in `before` and the place in `now`."""
    places = {name: place for place, name in enumerate(before)}
    return [(places[name], place) for place, name in enumerate(now) if name in places]
