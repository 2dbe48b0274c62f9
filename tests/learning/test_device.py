"""Settings of the process that several threads change at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch

from unsc_core.learning.device import full_precision, one_thread

WAIT_S = 10


def in_a_thread(call: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


def test_full_precision_lasts_until_the_last_thread_leaves() -> None:
    before = torch.backends.cudnn.conv.fp32_precision
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with full_precision():
            entered.set()
            leave.wait(WAIT_S)

    with full_precision():
        thread = in_a_thread(other)
        assert entered.wait(WAIT_S)
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"  # the other one is still inside
    leave.set()
    thread.join(WAIT_S)
    assert torch.backends.cudnn.conv.fp32_precision == before != "ieee"


def test_the_number_of_threads_is_changed_by_one_thread_at_a_time() -> None:
    torch.set_num_threads(2)
    try:
        entered, seen = threading.Event(), []

        def other() -> None:
            with one_thread():
                entered.set()
                seen.append(torch.get_num_threads())

        with one_thread(), one_thread():  # again by the same thread
            thread = in_a_thread(other)
            assert not entered.wait(0.2)
        assert torch.get_num_threads() == 2
        thread.join(WAIT_S)
        assert (entered.is_set(), seen) == (True, [1])
    finally:
        torch.set_num_threads(1)
