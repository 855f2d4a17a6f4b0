"""Dividing work among threads changes no result."""

from __future__ import annotations

import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from motiongpt import threads


@pytest.fixture(autouse=True)
def restored():
    before = threads.count(), torch.get_num_threads()
    yield
    threads.limit(before[0])
    torch.set_num_threads(before[1])


@given(sizes=st.lists(st.integers(0, 50), max_size=20), count=st.integers(1, 5))
def test_results_keep_the_order_of_the_items(sizes, count):
    threads.limit(count)
    torch.set_num_threads(1)
    items = [f"item {place}" for place in range(len(sizes))]
    assert threads.in_parts(lambda part: [item.upper() for item in part], items, sizes) == [i.upper() for i in items]


def test_two_threads_work_at_once():
    threads.limit(2)
    torch.set_num_threads(1)
    meeting = threading.Barrier(2)

    def meet(part):
        meeting.wait(timeout=10)
        return part

    assert threads.in_parts(meet, [1, 2, 3, 4], [1, 1, 1, 1]) == [1, 2, 3, 4]


def test_threads_of_operations_count():
    threads.limit(2)
    torch.set_num_threads(2)
    calls = []
    threads.in_parts(lambda part: calls.append(part) or part, [1, 2], [1, 1])
    assert calls == [[1, 2]]


def test_an_error_in_a_part_is_raised():
    threads.limit(2)
    torch.set_num_threads(1)
    with pytest.raises(ZeroDivisionError):
        threads.in_parts(lambda part: [1 // item for item in part], [1, 0], [1, 1])


def test_small_networks_run_each_operation_on_one_thread():
    threads.choose_for(threads.SMALL - 1)
    assert torch.get_num_threads() == 1
    threads.limit(2)
    threads.choose_for(threads.SMALL)
    assert torch.get_num_threads() == 2
