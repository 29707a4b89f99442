"""Tracking: assigns the reads of a frame to open passages.

A read may continue a passage if its text is that of the passage, or differs in at most `distance`
characters at a position that the vehicle can have reached, or is a part of it (an occluded plate)
at the same position. Texts are compared with the current vote, never from read to read, so small
errors do not add up to another plate. Position alone is not enough: another text at the same
position is another vehicle. Of all assignments in a frame the cheapest is used, so two reads of one
frame never continue the same passage, and two vehicles with similar plates are not mixed up.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from platewire.country import folded
from platewire.model import Read
from platewire.passage.lifecycle import State
from platewire.passage.text import distance, is_piece
from platewire.passage.tracking.assignment import FORBIDDEN, assign
from platewire.passage.tracking.motion import has_place, overlap
from platewire.passage.tracking.track import Track

# Reach in plate widths. Lanes are six or seven plate widths apart; 30 widths a second are about
# 55 km/h straight across the picture, more than a vehicle does in a picture that can be read.
REACH_WIDTHS = 2.5
REACH_WIDTHS_PER_SECOND_NEW = 30.0
"""While a vehicle was seen once and may move in any direction."""
REACH_WIDTHS_PER_SECOND = 8.0
"""Plate widths by which the reach grows each second once the movement is known."""
REACH_WIDTHS_MAX = 10.0
"""However long a vehicle was hidden, once its movement is known."""
KNOWN_READS = 3
"""Reads from which on a text that differs is worth less than a place that is wrong."""
KNOWN_REACH_WIDTHS = 1.5
"""Reach in plate widths around the place where a vehicle is expected, or was last, whose text and
heading are known. Who was hidden and comes up farther off is known again by the same text."""
KNOWN_REACH_WIDTHS_PER_SECOND = 1.0
"""Plate widths by which that reach grows each second."""
KNOWN_REACH_WIDTHS_MAX = 4.0
"""That reach in plate widths, at most: below the distance of two lanes."""
SCALE_MAX = 3.0
"""Plate widths of one vehicle from read to read differ at most by this factor."""
PIECE_REACH_WIDTHS = 1.5
"""Reach in plate widths for a text that is a piece of the other: its box is shifted by what is
hidden."""
PIECE_REACH_WIDTHS_PER_SECOND = 2.0
"""Plate widths by which that reach grows each second."""
PIECE_REACH_WIDTHS_MAX = 4.0
"""That reach in plate widths, at most: below the distance of two lanes."""

# Costs: a character is 1, an impossible place 3, and starting a passage more than any of them.
PLACE_COST_MAX = 3.0
LOOK_ALIKE_COST = 1.0
"""Of stills, a text that only looks alike: more than an equal one, less than starting a passage."""

SAME_PLATE_OVERLAP = 0.5
"""Intersection over union, 0 to 1, from which on two boxes of one frame are the same plate."""
SAME_PLACE_OVERLAP = 0.3
"""Intersection over union with the expected box from which on a read is at the same place; plates
move."""
SAME_PLACE_WIDTHS = 0.5
"""Plate widths from which on it is there too: flat boxes that tremble soon overlap no more, and two
vehicles are never so near to each other."""
SAME_PLACE_WIDTHS_PER_SECOND_NEW = 12.0
"""Plate widths by which that grows each second, up to REACH_WIDTHS, while the movement is not
known: 12 widths are 6 m."""
SETTLED_STEPS = 3
"""Movements from box to box from which on it is known: perspective changes the first ones most."""
SAME_PLACE_SECONDS = 1.0
"""Seconds since the last read for which a place counts; later another vehicle may stand there."""
DOUBT_READS = 3
"""Reads more than usual that a text needs which came up at the place of an open passage: most often
it is the same plate, misread in the same way a few times."""
DOUBT_READS_PIECE = 4
"""The same where that passage's text is half of this one: a plate that was read from afar, which
one more read tells from a passage of its own."""
OUTWEIGHS = 2.0
"""Times the votes of the open passage that such a text needs to be what that plate really says."""
OUTWEIGHS_PIECE = 1.4
"""The same where the open passage's text is shorter by two characters or more: most of a far plate
that is read at all is read right, but for the characters that are not found."""


class Pair(NamedTuple):
    read: Read
    track: Track | None
    """None where the read starts a passage."""
    is_piece: bool
    """Whether the read shows only a part of the track's plate."""


def associate(
    reads: Sequence[Read], tracks: Sequence[Track], at: datetime, distance_max: int
) -> list[Pair]:
    """One pair for each read, in the order of the reads."""
    costs = [[_cost(track, read, at, distance_max) for track in tracks] for read in reads]
    columns = assign(costs, alone=distance_max + PLACE_COST_MAX + 2)
    return [
        _pair(read, None if column is None else tracks[column], distance_max)
        for read, column in zip(reads, columns, strict=True)
    ]


def associate_stills(reads: Sequence[Read], tracks: Sequence[Track]) -> list[Pair]:
    """The same for pictures that show a vehicle once each: only texts that are equal or look alike
    belong together, wherever they are."""
    costs = [[_still_cost(track, read) for track in tracks] for read in reads]
    columns = assign(costs, alone=LOOK_ALIKE_COST + 1)
    return [
        Pair(read, None if column is None else tracks[column], False)
        for read, column in zip(reads, columns, strict=True)
    ]


def distinct(reads: Sequence[Read]) -> list[Read]:
    """Without reads of a plate that a surer read of the same frame already covers."""
    kept: list[Read] = []
    for read in sorted(reads, key=lambda read: -read.confidence):
        if all(overlap(read.box, other.box) < SAME_PLATE_OVERLAP for other in kept):
            kept.append(read)
    return [read for read in reads if any(read is other for other in kept)]


def at_same_place(read: Read, tracks: Sequence[Track], at: datetime) -> list[int]:
    """Keys of the tracks whose plate should be just where this read is."""
    return [track.key for track in tracks if _is_at_same_place(track, read, at)]


def reads_in_doubt(track: Track, tracks: Sequence[Track]) -> int:
    """Reads more than usual that the track needs before it may be shown."""
    there = [other for other in tracks if _began_at(other, track)]
    if any(_lacks_characters(other, track) and _is_akin(other, track) for other in there):
        return DOUBT_READS_PIECE
    return DOUBT_READS if there else 0


def is_corrected(shown: Track, track: Track, hold_back: int) -> bool:
    """Whether the held `track` reads the plate of the passage that was shown, and reads it right.

    So it is when the passage was never read again and had few votes: a plate misread from afar.
    """
    return (
        track.state is State.HELD
        and track.reads >= hold_back + DOUBT_READS
        and shown.last_seen_at < track.first_seen_at
        and shown.ballot.weight * _outweighs(shown, track) <= track.ballot.weight
        and _began_at(shown, track)
        and _is_akin(shown, track)
    )


def _outweighs(shown: Track, track: Track) -> float:
    if track.text in shown.ballot.tallies:
        return 0.0
    return OUTWEIGHS_PIECE if _lacks_characters(shown, track) else OUTWEIGHS


def _lacks_characters(shown: Track, track: Track) -> bool:
    """Two or more: one is an ordinary misreading."""
    return len(shown.text) + 1 < len(track.text)


def _began_at(shown: Track, track: Track) -> bool:
    return shown.key in track.same_place and shown.state is State.OPEN


def _is_akin(one: Track, other: Track) -> bool:
    """Half of the characters agree; of a text that misses some, half of those it has."""
    apart, missing = distance(one.text, other.text), abs(len(one.text) - len(other.text))
    shorter, longer = sorted((len(one.text), len(other.text)))
    return 2 * apart <= longer or (missing > 1 and 2 * (apart - missing) <= shorter)


def _pair(read: Read, track: Track | None, distance_max: int) -> Pair:
    if track is not None and read.partial and track.is_shown_whole:
        return Pair(read, track, True)
    if track is None or distance(track.text, read.text) <= distance_max:
        return Pair(read, track, False)
    return Pair(read, track, len(read.text) < len(track.text))


def _cost(track: Track, read: Read, at: datetime, distance_max: int) -> float:
    apart = distance(track.text, read.text)
    placed = track.motion.is_placed and has_place(read.box)
    jump = track.motion.jump(read.box, at) if placed else 0.0
    if apart > distance_max:
        if not placed or not _is_piece(track, read, jump, at):
            return FORBIDDEN
        return distance_max + 1 + _place_cost(jump)
    if apart and placed and not _in_reach(track, read, jump, at):
        return FORBIDDEN
    return apart + _place_cost(jump)


def _still_cost(track: Track, read: Read) -> float:
    if read.text == track.text:
        return 0.0
    return LOOK_ALIKE_COST if folded(read.text) == folded(track.text) else FORBIDDEN


def _place_cost(jump: float) -> float:
    return min(jump / 2, PLACE_COST_MAX)


def _in_reach(track: Track, read: Read, jump: float, at: datetime) -> bool:
    if track.motion.contradicts(read.box, at):
        return False
    scale = read.box.width / track.motion.width
    if not 1 / SCALE_MAX <= scale <= SCALE_MAX:
        return False
    seconds = (at - track.motion.at).total_seconds()
    if track.motion.heading is not None and track.reads >= KNOWN_READS:
        reach = KNOWN_REACH_WIDTHS + KNOWN_REACH_WIDTHS_PER_SECOND * seconds
        return jump <= min(reach, KNOWN_REACH_WIDTHS_MAX)
    if track.motion.steps == 0:
        return jump <= REACH_WIDTHS + REACH_WIDTHS_PER_SECOND_NEW * seconds
    return jump <= min(REACH_WIDTHS + REACH_WIDTHS_PER_SECOND * seconds, REACH_WIDTHS_MAX)


def _is_piece(track: Track, read: Read, jump: float, at: datetime) -> bool:
    seconds = (at - track.motion.at).total_seconds()
    reach = PIECE_REACH_WIDTHS + PIECE_REACH_WIDTHS_PER_SECOND * seconds
    if jump > min(reach, PIECE_REACH_WIDTHS_MAX) or track.motion.contradicts(read.box, at):
        return False
    return is_piece(read.text, track.text) or is_piece(track.text, read.text)


def _same_place_widths(track: Track, at: datetime) -> float:
    if track.motion.steps >= SETTLED_STEPS:
        return SAME_PLACE_WIDTHS
    seconds = (at - track.motion.at).total_seconds()
    return min(SAME_PLACE_WIDTHS + SAME_PLACE_WIDTHS_PER_SECOND_NEW * seconds, REACH_WIDTHS)


def _is_at_same_place(track: Track, read: Read, at: datetime) -> bool:
    if not (track.motion.is_placed and has_place(read.box)):
        return False
    if (at - track.last_seen_at).total_seconds() > SAME_PLACE_SECONDS:
        return False
    if track.motion.jump(read.box, at) <= _same_place_widths(track, at):
        return True
    return overlap(track.motion.predicted(at), read.box) >= SAME_PLACE_OVERLAP
