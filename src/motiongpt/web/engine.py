"""One model, many callers: a thread that answers waiting requests of one kind together."""

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
        key: jobs with equal keys can be answered together.
        run: answers for a list of arguments, as many as there are.
        argument: this job's.
        size: what it counts for in a batch.
        future: of the answer.
    """

    key: Hashable
    run: Callable[[Sequence[Any]], Sequence[Any]]
    argument: Any
    size: int = 1
    future: Future[Any] = field(default_factory=Future)


class Engine:
    """Queue and worker thread.

    Args:
        queue: jobs that may wait.
        batch: size of a batch, at most (but one job is always taken).
        linger: seconds that jobs wait for company, at most, when they are fewer than those of the batch before.
        on_batch: told the number of jobs of every batch.
    """

    def __init__(
        self, *, queue: int, batch: int, linger: float, on_batch: Callable[[int], None] = lambda count: None
    ) -> None:
        self._limit, self._batch, self._linger, self._on_batch = queue, batch, linger, on_batch
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._company = 1  # jobs of the last batch
        self._pace = 0.3  # seconds a job takes, a running mean
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that nobody has begun."""
        return len(self._jobs)

    def submit(self, job: Job) -> Future[Any]:
        """Put a job into the queue.

        Raises:
            WebError: 429 when the queue is full, 503 when the engine has been stopped.
        """
        with self._changed:
            if self._stopping:
                raise WebError(503, "unavailable", "The server is stopping; ask again when it is back.", 5)
            if len(self._jobs) >= self._limit:
                raise WebError(
                    429,
                    "busy",
                    f"{len(self._jobs)} requests are waiting already; try again in a moment.",
                    max(1, round(len(self._jobs) * self._pace)),
                )
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def stop(self) -> None:
        """Accept nothing more, finish what is in the queue, end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next():
            # Whoever has gone away gets no answer.
            batch = [job for job in batch if job.future.set_running_or_notify_cancel()]
            if not batch:
                continue
            start = time.monotonic()
            self._on_batch(len(batch))
            self._answer(batch)
            self._pace += 0.2 * ((time.monotonic() - start) / len(batch) - self._pace)

    def _next(self) -> list[Job]:
        """The longest waiting job and those like it; nothing when the engine is stopped and the queue empty."""
        with self._changed:
            while not self._jobs:
                if self._stopping:
                    return []
                self._changed.wait()
            # Callers who ask again as soon as they are answered come back together; who is alone does not wait.
            self._changed.wait_for(lambda: self._stopping or len(self._jobs) >= self._company, self._linger)
            first = self._jobs.popleft()
            batch, size, others = [first], first.size, []
            for job in self._jobs:
                if job.key == first.key and size + job.size <= self._batch:
                    batch.append(job)
                    size += job.size
                else:
                    others.append(job)
            self._jobs = deque(others)
            self._company = len(batch)
            return batch

    def _answer(self, batch: Sequence[Job]) -> None:
        try:
            answers = batch[0].run([job.argument for job in batch])
        except Exception as error:
            if len(batch) > 1:
                # One of them is to blame; the others must not suffer.
                for job in batch:
                    self._answer([job])
                return
            if not isinstance(error, (MotionGPTError, WebError)):
                log.exception("A request failed")
            batch[0].future.set_exception(error)
            return
        for job, answer in zip(batch, answers, strict=True):
            job.future.set_result(answer)
