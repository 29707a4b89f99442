"""What a transfer asked for, and since which event: what tells which events it was never sent.

Remembered in the log whenever it changes, as the settings that choose events.
"""

from collections.abc import Sequence

import msgspec

from platewire.eventlog.letters import Selection
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.transfers.transfer import TransferSettings

NOT_CHOOSING = {"name", "max_age_seconds", "picture", "start"}
CHOOSING = tuple(name for name in TransferSettings.__struct_fields__ if name not in NOT_CHOOSING)


async def remember_selection(log: EventLog, settings: TransferSettings, from_seq: int) -> None:
    """That from that event on, these settings choose; where they did before, nothing is kept."""
    known = await log.selections(settings.name)
    chosen = chosen_by(settings)
    if not known or known[-1].settings != chosen:
        await log.select(settings.name, Selection(from_seq=from_seq, settings=chosen))


def chosen_by(settings: TransferSettings) -> bytes:
    return msgspec.json.encode({name: getattr(settings, name) for name in CHOOSING})


class History:
    """What was asked for when."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        self._known = [(each.from_seq, _settings(each.settings)) for each in reversed(selections)]

    def asked_for(self, entry: Entry) -> bool:
        """Whether the transfer would have sent it when its turn came."""
        for from_seq, settings in self._known:
            if entry.event.seq >= from_seq:
                return settings.selects(entry)
        return False


def _settings(text: bytes) -> TransferSettings:
    known = msgspec.json.decode(text)
    return msgspec.convert({"name": "then", **known}, TransferSettings)
