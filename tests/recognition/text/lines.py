"""Lines of text as a reader returns them."""

from platewire.recognition.networks.text_line import GAP, Character, TextLine
from platewire.recognition.networks.text_reader import symbol_of


def line(written: str, chance: float = 1.0, **sure: float) -> TextLine:
    """A line read without doubt, but for the `first` or `last` character."""
    symbols = [symbol_of(char) for char in written]
    chances = [chance] * len(symbols)
    chances[0] = sure.get("first", chance)
    chances[-1] = sure.get("last", chance)
    characters = tuple(
        Character(symbol, one, ((GAP, 1 - one),), index / len(symbols))
        for index, (symbol, one) in enumerate(zip(symbols, chances, strict=True))
    )
    return TextLine(characters, written)
