"""The check of outputs finds outputs that break their promises, and names the broken one."""

import asyncio

import pytest

from platewire.outputs.http.http import HttpOutput
from platewire.testing import promises
from platewire.testing.check_output import check_output
from platewire.testing.checking import loop_watch, steps
from tests.outputs.http.http_receiver import Receiver
from tests.outputs.http.http_sending import settings
from tests.testing import wrong_outputs as wrong

FOUND: list[tuple[type[HttpOutput], str]] = [
    (wrong.TakesEveryAnswerForDelivered, promises.DELIVERED),
    (wrong.SwallowsRejections, promises.DELIVERED),
    (wrong.SwallowsAbsence, promises.DELIVERED),
    (wrong.FiresAndForgets, promises.DELIVERED),
    (wrong.RetriesByItself, promises.NO_RETRY),
    (wrong.RetriesRejections, promises.NO_RETRY),
    (wrong.TakesRejectionsForAbsence, promises.REJECTED),
    (wrong.TakesAbsenceForRejections, promises.UNAVAILABLE),
    (wrong.PretendsToBeConnected, promises.UNAVAILABLE),
    (wrong.SaysOnlyNo, promises.MESSAGE),
    (wrong.DoesNotNameItself, promises.MESSAGE),
    (wrong.RaisesForeignErrors, promises.LEAVING),
    (wrong.RaisesForeignErrorsInConnect, promises.LEAVING),
    (wrong.NeedsACountry, promises.LEAVING),
    (wrong.DropsTests, promises.TESTS),
    (wrong.DropsReplays, promises.REPLAYED),
    (wrong.DropsLost, promises.ALL_IN_ORDER),
    (wrong.SendsTwice, promises.ALL_IN_ORDER),
    (wrong.SendsBatchesBackwards, promises.ALL_IN_ORDER),
    (wrong.SendsPartOfABatch, promises.ALL_IN_ORDER),
    (wrong.NeverSendsThePicture, promises.PICTURE),
    (wrong.SendsAnotherPicture, promises.PICTURE),
    (wrong.NeedsThePicture, promises.NO_PICTURE),
    (wrong.SharesTheEntry, promises.SIDE_BY_SIDE),
    (wrong.RefusesASecondSend, promises.SIDE_BY_SIDE),
    (wrong.SendsWhatFailedAgain, promises.RECONNECT),
    (wrong.StaysBroken, promises.RECONNECT),
    (wrong.RemembersWhatItTried, promises.RECONNECT),
    (wrong.BlocksTheLoop, promises.NOT_BLOCKED),
    (wrong.BlocksTheLoopInConnect, promises.NOT_BLOCKED),
    (wrong.IgnoresCancellation, promises.CANCELED),
    (wrong.SwallowsCancellation, promises.CANCELED),
    (wrong.TakesCancellationForAbsence, promises.CANCELED),
    (wrong.FailsOnASecondClose, promises.CLOSE),
    (wrong.NeedsAConnectionToClose, promises.CLOSE),
    (wrong.LeavesATask, promises.NOTHING_LEFT),
]
NOT_FOUND = [wrong.ChangesThePlate, wrong.WaitsForEver, wrong.BlocksTheLoopForMoments]


async def check(output: type[HttpOutput]) -> None:
    receiver = Receiver(pictures=True)
    await receiver.start()
    await receiver.stop()
    config = settings(receiver.url, body="multipart")
    try:
        await check_output(lambda context: output(config, context), receiver, name="gate")
    finally:
        await receiver.stop()


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failing steps end soon. Those that succeed take a fraction of it."""
    monkeypatch.setattr(steps, "STEP_SECONDS", 5.0)
    monkeypatch.setattr(loop_watch, "TURNS_MISSED_MAX", 100)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(("output", "promise"), FOUND)
async def test_a_broken_promise_is_found_and_named(output: type[HttpOutput], promise: str) -> None:
    tasks = asyncio.all_tasks()
    with pytest.raises(AssertionError) as failure:
        await check(output)
    assert str(failure.value).startswith(f"{promise}; ")
    for task in asyncio.all_tasks() - tasks:
        task.cancel()


@pytest.mark.parametrize("output", [HttpOutput, *NOT_FOUND])
async def test_a_right_output_passes_and_so_does_what_the_check_does_not_see(
    output: type[HttpOutput],
) -> None:
    await check(output)
