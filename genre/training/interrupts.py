"""Stop a training between two batches when Ctrl-C or SIGTERM comes.

While Keras trains, threads of TensorFlow wait for the next batch from Python code. If Python exits
then, these threads can crash or hang. So the training ends first, and the signal is handled after
that.
"""

import gc
import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Stopped(Exception):
    """A signal came, and the training has reached a point where it can stop."""


def stoppable(train: Callable[[Callable[[], None]], Result]) -> Result:
    """Call `train` with a function that it must call between its steps, and return its result.

    That function ends the training if a signal has come. Then the earlier handler of the signal is
    called; for Ctrl-C, Python's default handler raises KeyboardInterrupt. A second signal calls the
    handler at once.
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
    results: list[Result] = []
    try:
        results.append(train(stop_if_asked))
    except Stopped:
        pass
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if received:
        gc.collect()  # deletes what is left of the training, and so ends its threads
        handlers[received[0]](received[0], None)
    if not results:  # the handler has let the program go on
        raise Stopped
    return results[0]


def _handlers() -> dict[int, Any]:
    """Return the Python functions that now handle the signals; a signal may have none."""
    if threading.current_thread() is not threading.main_thread():
        return {}  # only the main thread handles signals
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    return {number: handler for number, handler in handlers.items() if callable(handler)}
