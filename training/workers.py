"""Batches made ahead of their use, in processes of their own.

The processes are spawned: forking after PyTorch has used its threads hangs.
"""

import multiprocessing as mp
import os
import queue
from collections.abc import Callable, Generator, Iterator, Sequence
from multiprocessing.process import BaseProcess
from typing import TypeVar

import cv2

AHEAD = 8
"""Batches that wait for their use at most."""
PUT_SECONDS = 20
"""How often a process that waits for room looks whether its parent still runs."""
GET_SECONDS = 60
"""How often a reader that waits for a batch looks whether the processes still run."""
JOIN_SECONDS = 5
Batch = TypeVar("Batch")


def made_by_workers(
    make: Callable[[int], Iterator[Batch]], count: int, seed: int
) -> Generator[Batch, None, None]:
    """Endless batches from `count` processes, each running `make` with a seed of its own.

    `make` is a module's function, or a `partial` of one. The processes end when the generator is
    closed, and by themselves when this process ends. RuntimeError if one of them has failed.
    """
    context = mp.get_context("spawn")
    batches: mp.Queue[Batch] = context.Queue(maxsize=AHEAD)
    processes = [
        context.Process(target=work, args=(batches, make, seed * 1000 + number), daemon=True)
        for number in range(count)
    ]
    for process in processes:
        process.start()
    try:
        while True:
            yield next_batch(batches, processes)
    finally:
        end(processes)


def next_batch(batches: "mp.Queue[Batch]", processes: Sequence[BaseProcess]) -> Batch:
    while True:
        try:
            return batches.get(timeout=GET_SECONDS)
        except queue.Empty:
            failed = [process.exitcode for process in processes if not process.is_alive()]
            if failed:
                raise RuntimeError(
                    f"{len(failed)} of {len(processes)} processes that make batches have ended "
                    f"(exit codes {failed}); their own errors are above"
                ) from None


def end(processes: Sequence[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(JOIN_SECONDS)


def work(batches: "mp.Queue[Batch]", make: Callable[[int], Iterator[Batch]], seed: int) -> None:
    """A process's work, until it or its parent is ended."""
    # A session of its own: Ctrl-C is for the parent, which ends this process in order, and
    # schedulers that group processes by session give it a fair share.
    if hasattr(os, "setsid"):
        os.setsid()
    cv2.setNumThreads(1)
    for batch in make(seed):
        if not put(batches, batch):
            return


def put(batches: "mp.Queue[Batch]", batch: Batch) -> bool:
    """Waits for room; False where the parent has ended."""
    parent = mp.parent_process()
    while True:
        try:
            batches.put(batch, timeout=PUT_SECONDS)
            return True
        except queue.Full:
            if parent is not None and not parent.is_alive():
                return False
