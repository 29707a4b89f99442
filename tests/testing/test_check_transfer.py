"""The check of transfers finds transfers that break their promises."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from platewire.errors import Unavailable
from platewire.model import Entry, Kind
from platewire.testing.check_transfer import check_transfer
from platewire.transfers.http import HttpSender
from tests.transfers.http_receiver import Receiver
from tests.transfers.http_sending import settings


class Swallows(HttpSender):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Unavailable:
            return


class Forgets(HttpSender):
    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send([entry for entry in entries if entry.event.kind is not Kind.LOST])


class Repeats(HttpSender):
    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send([*entries, *entries])


class Pretends(HttpSender):
    async def connect(self) -> None:
        try:
            await super().connect()
        except Unavailable:
            return


class Leaves(HttpSender):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.left: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await super().connect()
        if self.left is None:
            self.left = asyncio.create_task(asyncio.sleep(3600))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Swallows, "send raises Unavailable"),
        (Forgets, "not done within|all arrive"),
        (Repeats, "all arrive once"),
        (Pretends, "connect raises Unavailable"),
        (Leaves, "leaves nothing running"),
    ],
)
async def test_broken_promises_are_found(
    broken: type[HttpSender], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platewire.testing.check_transfer.STEP_SECONDS", 1.0)
    tasks = asyncio.all_tasks()
    receiver = Receiver()
    await receiver.start()
    await receiver.stop()
    config = settings(receiver.url)
    with pytest.raises(AssertionError, match=reason):
        await check_transfer(lambda context: broken(config, context), receiver)
    await receiver.stop()
    for task in asyncio.all_tasks() - tasks:
        task.cancel()
