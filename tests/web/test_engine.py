"""The queue before the model, without a model."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from motiongpt import MotionGPTError
from motiongpt.web.engine import Engine, Job
from motiongpt.web.settings import WebError


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def batches() -> list[int]:
    return []


@pytest.fixture
def engine(gate: threading.Event, batches: list[int]) -> Iterator[Engine]:
    """An engine that is held up by its first job until the gate opens."""
    made = Engine(queue=8, batch=4, linger=0.0, on_batch=batches.append)
    begun = threading.Event()

    def hold(arguments: Sequence[Any]) -> Sequence[Any]:
        begun.set()
        gate.wait(10)
        return arguments

    made.submit(Job("hold", hold, None))
    begun.wait(10)
    yield made
    gate.set()
    made.stop()


def double(numbers: Sequence[int]) -> Sequence[int]:
    if 13 in numbers:
        raise MotionGPTError("13 is not doubled.")
    return [2 * number for number in numbers]


def test_like_jobs_share_a_batch_and_others_keep_their_turn(
    engine: Engine, gate: threading.Event, batches: list[int]
) -> None:
    order: list[str] = []

    def noted(name: str) -> Any:
        return lambda numbers: order.append(name) or double(numbers)

    jobs = [Job(key, noted(key), n) for n, key in enumerate(["a", "b", "a", "a", "b", "a", "a"])]
    futures = [engine.submit(job) for job in jobs]
    gate.set()
    assert [future.result(10) for future in futures] == [0, 2, 4, 6, 8, 10, 12]
    # Four at most; the fifth of its kind waits behind the others.
    assert order == ["a", "b", "a"]
    assert batches == [1, 4, 2, 1]


def test_large_jobs_fill_a_batch(engine: Engine, gate: threading.Event, batches: list[int]) -> None:
    futures = [engine.submit(Job("a", double, n, size=3)) for n in range(2)]
    gate.set()
    assert [future.result(10) for future in futures] == [0, 2]
    assert batches == [1, 1, 1]


def test_only_the_wrong_job_of_a_batch_fails(engine: Engine, gate: threading.Event) -> None:
    futures = [engine.submit(Job("a", double, n)) for n in (1, 13, 3)]
    gate.set()
    assert (futures[0].result(10), futures[2].result(10)) == (2, 6)
    with pytest.raises(MotionGPTError, match="13"):
        futures[1].result(10)


def test_who_goes_away_is_not_worked_for(engine: Engine, gate: threading.Event) -> None:
    seen: list[int] = []
    futures = [engine.submit(Job("a", lambda numbers: seen.extend(numbers) or double(numbers), n)) for n in range(3)]
    assert futures[1].cancel()
    gate.set()
    assert futures[2].result(10) == 4
    assert seen == [0, 2]


def test_a_full_queue_and_a_stopped_engine_refuse(gate: threading.Event, engine: Engine) -> None:
    futures = [engine.submit(Job("a", double, n)) for n in range(8)]
    with pytest.raises(WebError) as full:
        engine.submit(Job("a", double, 9))
    assert (full.value.status, full.value.code) == (429, "busy")
    assert (full.value.retry_after or 0) >= 1
    gate.set()
    engine.stop()
    # What was accepted has been done.
    assert [future.result(0) for future in futures] == [2 * n for n in range(8)]
    with pytest.raises(WebError) as stopped:
        engine.submit(Job("a", double, 9))
    assert stopped.value.status == 503
