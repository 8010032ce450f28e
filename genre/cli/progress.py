"""Show that a script is at work while it has nothing else to print."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from genre import cli

TICK = 1.0  # s between two looks at the clock on a terminal
FIRST_LINE = 5.0  # s until the first line elsewhere; each further one comes after twice the time


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr what is being done, and for how long; the function given changes the text.

    On a terminal this is one line that counts the seconds and goes when the work is done. In a
    file or a pipe, only work that takes long has lines.
    """
    from tqdm import tqdm

    started, ended = time.monotonic(), threading.Event()
    with tqdm(bar_format="{desc} ({elapsed})", leave=False, disable=None) as bar:
        text = what

        def change(new: str) -> None:
            nonlocal text
            text = new
            bar.set_description_str(new)

        def tick() -> None:
            wait = FIRST_LINE if bar.disable else TICK
            while not ended.wait(wait):
                if bar.disable:
                    cli.say(f"{text} ({time.monotonic() - started:.0f} s)")
                    wait *= 2
                else:
                    bar.refresh()

        ticker = threading.Thread(target=tick, daemon=True)
        change(what)
        ticker.start()
        try:
            yield change
        finally:
            ended.set()
            ticker.join()
