"""Lists of plates: who may enter, who may not, whom to watch; and the book of a gate's answers."""
