"""Signals during a training: it stops between two steps, and the handler is called afterwards."""

import gc
import os
import signal
import threading
import weakref

import pytest

from genre.training import interrupts


class Batch:
    """Something that a training holds."""


def test_a_training_stops_at_its_next_step_and_lets_go_of_what_it_held():
    done, held = [], []

    def train(stop_if_asked):
        batch = Batch()
        held.append(weakref.ref(batch))
        os.kill(os.getpid(), signal.SIGINT)
        done.append("computed")  # the signal does not cut into a step
        stop_if_asked()
        done.append("one more step")

    gc.disable()
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupts.stoppable(train)
        assert done == ["computed"]
        assert held[0]() is None
    finally:
        gc.enable()


def test_a_second_signal_ends_at_once():
    def train(stop_if_asked):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("it went on")

    with pytest.raises(KeyboardInterrupt):
        interrupts.stoppable(train)


def test_a_signal_in_the_last_step_is_not_lost():
    with pytest.raises(KeyboardInterrupt):
        interrupts.stoppable(lambda _: os.kill(os.getpid(), signal.SIGINT))


def test_handlers_are_those_of_before():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert interrupts.stoppable(lambda stop_if_asked: stop_if_asked() or 5) == 5
    with pytest.raises(ZeroDivisionError):
        interrupts.stoppable(lambda _: 1 / 0)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_training_in_a_thread_handles_no_signals():
    results = []
    thread = threading.Thread(target=lambda: results.append(interrupts.stoppable(lambda _: 5)))
    thread.start()
    thread.join()
    assert results == [5]
