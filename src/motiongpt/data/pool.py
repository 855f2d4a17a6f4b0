"""Work on all cores."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from motiongpt.errors import MotionGPTError

Job = TypeVar("Job")
Result = TypeVar("Result")


def run_all(function: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[tuple[int, Result]]:
    """(number of the job, its result) of every job, as they are done; one worker works in this process.

    Raises:
        MotionGPTError: a worker process was ended from outside.
    """
    if workers == 1:
        for index, job in enumerate(jobs):
            yield index, function(job)
        return
    # Fresh processes: one forked off a process whose numerical libraries already run threads can wait for ever.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, max(len(jobs), 1)), mp_context=fresh) as pool:
        waiting: dict[Future[Result], int] = {pool.submit(function, job): index for index, job in enumerate(jobs)}
        try:
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
        except BrokenProcessPool as error:
            raise MotionGPTError(
                "A worker process was ended from outside, perhaps for lack of memory; run the same command again, with "
                "fewer workers, and it goes on where it stopped."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
