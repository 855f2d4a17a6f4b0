"""One model, many callers: a thread that answers waiting requests of one kind in batches."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from motiongpt.errors import MotionGPTError
from motiongpt.web.settings import WebError

log = logging.getLogger("motiongpt.web")


@dataclass
class Job:
    """A request to the model.

    Attributes:
        key: jobs with equal keys can share a batch.
        run: answers for the arguments of a batch, one for each.
        argument: the argument of this job.
        size: its share of a batch.
        future: of the answer.
    """

    key: Hashable
    run: Callable[[Sequence[Any]], Sequence[Any]]
    argument: Any
    size: int = 1
    future: Future[Any] = field(default_factory=Future)


class Engine:
    """A queue and the worker thread of a model.

    Args:
        queue: maximum number of waiting jobs.
        batch: maximum size of a batch (a larger job runs alone).
        linger: maximum time in seconds that jobs wait for others when they are fewer than in the batch before.
        on_batch: called with the number of jobs of every batch.
    """

    def __init__(
        self, *, queue: int, batch: int, linger: float, on_batch: Callable[[int], None] = lambda count: None
    ) -> None:
        self._limit, self._batch, self._linger, self._on_batch = queue, batch, linger, on_batch
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._last_batch = 1  # jobs in it
        self._seconds_per_job = 0.3  # a running mean
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Number of jobs in the queue."""
        return len(self._jobs)

    def submit(self, job: Job) -> Future[Any]:
        """Add a job to the queue.

        Raises:
            WebError: 429 when the queue is full, 503 when the engine has been stopped.
        """
        with self._changed:
            if self._stopping:
                raise WebError(503, "unavailable", "The server is stopping; try again when it is back.", 5)
            if len(self._jobs) >= self._limit:
                raise WebError(
                    429,
                    "busy",
                    f"{len(self._jobs)} requests are already waiting; try again in a moment.",
                    max(1, round(len(self._jobs) * self._seconds_per_job)),
                )
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def stop(self) -> None:
        """Reject new jobs, finish those in the queue, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next():
            # Skip the jobs whose callers have given up.
            batch = [job for job in batch if job.future.set_running_or_notify_cancel()]
            if not batch:
                continue
            start = time.monotonic()
            self._on_batch(len(batch))
            self._answer(batch)
            self._seconds_per_job += 0.2 * ((time.monotonic() - start) / len(batch) - self._seconds_per_job)

    def _next(self) -> list[Job]:
        """The oldest job and those with its key; nothing when the engine is stopped and the queue is empty."""
        with self._changed:
            while not self._jobs:
                if self._stopping:
                    return []
                self._changed.wait()
            # Callers of one batch that repeat their requests come back together. A single caller does not wait.
            self._changed.wait_for(lambda: self._stopping or len(self._jobs) >= self._last_batch, self._linger)
            first = self._jobs.popleft()
            batch, size, others = [first], first.size, []
            for job in self._jobs:
                if job.key == first.key and size + job.size <= self._batch:
                    batch.append(job)
                    size += job.size
                else:
                    others.append(job)
            self._jobs = deque(others)
            self._last_batch = len(batch)
            return batch

    def _answer(self, batch: Sequence[Job]) -> None:
        try:
            answers = batch[0].run([job.argument for job in batch])
        except Exception as error:
            if len(batch) > 1:
                # One job failed: run them one by one, so that the others get their answers.
                for job in batch:
                    self._answer([job])
                return
            if not isinstance(error, (MotionGPTError, WebError)):
                log.exception("A request failed")
            batch[0].future.set_exception(error)
            return
        for job, answer in zip(batch, answers, strict=True):
            job.future.set_result(answer)
