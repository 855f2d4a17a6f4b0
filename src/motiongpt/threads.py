"""CPU threads: how many this process uses, and how a batch is divided among them.

PyTorch divides every operation among its threads, which meet after each one. The operations of a small network take
a fraction of a millisecond, so the threads spend their time waiting for each other: with two threads a motion takes
longer than with one, and many times as long where another program needs the cores. One thread for each operation and a
part of the batch for each thread has them meet once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

# Networks with fewer parameters run each operation on one thread.
SMALL = 100_000_000

Item = TypeVar("Item")
Result = TypeVar("Result")

_count: int | None = None


def count() -> int:
    """Number of threads this process may use: that of :func:`limit`, or of the cores it may run on."""
    if _count is not None:
        return _count
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit(threads: int) -> None:
    """Use at most this many threads."""
    global _count
    _count = threads
    torch.set_num_threads(min(threads, torch.get_num_threads()))


def choose_for(parameters: int) -> None:
    """Set the threads of each operation of PyTorch for networks with this many parameters: one for small networks."""
    torch.set_num_threads(1 if parameters < SMALL else count())


def in_parts(
    function: Callable[[list[Item]], list[Result]], items: Sequence[Item], sizes: Sequence[int]
) -> list[Result]:
    """The results of a function that takes and gives lists, called with a part of the items on each thread.

    Args:
        function: of a list of items; it gives a result for each, which depends on no other item.
        items: any number.
        sizes: what each item costs, relative to the others. Items of about one size stay together.
    """
    parts = min(max(1, count() // torch.get_num_threads()), len(items))
    if parts < 2:
        return function(list(items))
    order = sorted(range(len(items)), key=lambda place: sizes[place])
    shares: list[list[int]] = [[] for _ in range(parts)]
    total, done = sum(sizes), 0
    for place in order:
        # The middle of an item decides in which part it is.
        shares[min(int(parts * (done + sizes[place] / 2) / max(total, 1)), parts - 1)].append(place)
        done += sizes[place]
    shares = [share for share in shares if share]
    results: dict[int, Result] = {}
    with ThreadPoolExecutor(parts) as pool:
        # This thread takes a part, too.
        others = [pool.submit(function, [items[place] for place in share]) for share in shares[1:]]
        made = [function([items[place] for place in shares[0]]), *(other.result() for other in others)]
    for share, row in zip(shares, made, strict=True):
        results.update(zip(share, row, strict=True))
    return [results[place] for place in range(len(items))]
