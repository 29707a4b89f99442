"""What the network's outputs stand for: symbols, countries, states, in the model's own order."""

from platewire.country import CODES
from platewire.recognition.line import DIGITS, GAP, LETTERS, MARKED
from training.render.layouts import ABROAD, STATES

SYMBOLS = (GAP, *LETTERS, *DIGITS, *MARKED)
COUNTRIES = ("", *sorted(CODES | set(ABROAD)))
"""The first is: unknown."""
REGIONS = tuple(sorted(STATES))
SYMBOL_INDEX = {symbol: index for index, symbol in enumerate(SYMBOLS)}
COUNTRY_INDEX = {code: index for index, code in enumerate(COUNTRIES)}
REGION_INDEX = {code: index for index, code in enumerate(REGIONS)}

HEIGHT, WIDTH = 48, 160
"""Pixels of the network's input."""
STEPS = 40
"""Of the network's output along one line."""
