"""Batches from processes of their own: seeds, failures and the end."""

import itertools
import multiprocessing as mp
from functools import partial

import pytest

from training import workers
from training.workers import made_by_workers


def test_each_process_has_a_seed_of_its_own() -> None:
    batches = made_by_workers(itertools.repeat, 2, seed=7)
    seeds: set[int] = set()
    while len(seeds) < 2:
        seeds.add(next(batches))
    batches.close()
    assert seeds == {7000, 7001}


def test_the_processes_end_with_the_batches() -> None:
    batches = made_by_workers(itertools.count, 1, seed=1)
    assert [next(batches) for _ in range(3)] == [1000, 1001, 1002]
    running = mp.active_children()
    batches.close()
    assert running
    assert not any(process.is_alive() for process in running)


def test_a_process_that_fails_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "GET_SECONDS", 0.2)
    batches = made_by_workers(partial(divmod, 1), 1, seed=0)
    with pytest.raises(RuntimeError, match=r"1 of 1 processes that make batches have ended"):
        next(batches)
