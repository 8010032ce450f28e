"""Stop a training between two batches when Ctrl-C or SIGTERM comes.

While Keras trains, threads of TensorFlow wait for the next batch from Python code. If the process
ends then, Python takes itself apart under these threads, which can crash or hang. So the training
ends first, and what the signal asks for is done afterwards.
"""

import gc
import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Stopped(Exception):
    """A signal came, and the training has reached a place where it can stop."""


def stoppable(train: Callable[[Callable[[], None]], Result]) -> Result:
    """Call `train` with a function that it must call between its steps, and return its result.

    That function ends the training when a signal has come. Then the signal's former handler is
    called; Python's own raises KeyboardInterrupt for Ctrl-C. A second signal calls the handler at
    once.
    """
    received: list[int] = []

    def note(number: int, frame: Any) -> None:
        received.append(number)
        if len(received) > 1:
            handlers[number](number, frame)

    def stop_if_asked() -> None:
        if received:
            raise Stopped

    handlers = _handlers()
    for number in handlers:
        signal.signal(number, note)
    try:
        result = train(stop_if_asked)
    except Stopped:
        result = None
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if received:
        gc.collect()  # what is left of the training, whose threads end with it
        handlers[received[0]](received[0], None)
    return result


def _handlers() -> dict[int, Any]:
    """Return the Python functions that handle signals now; a signal may have none."""
    if threading.current_thread() is not threading.main_thread():
        return {}  # only the main thread handles signals
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    return {number: handler for number, handler in handlers.items() if callable(handler)}
