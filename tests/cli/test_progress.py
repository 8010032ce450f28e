"""Work without any output of its own is seen."""

import time

import pytest

from genre.cli import progress


def test_long_work_has_lines_where_there_is_no_terminal(monkeypatch, capfd):
    monkeypatch.setattr(progress, "FIRST_LINE", 0.05)
    with progress.working("counting") as show:
        time.sleep(0.1)
        show("still counting")
        time.sleep(0.3)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "counting (0 s)"
    assert lines[-1] == "still counting (0 s)"
    assert len(lines) < 5  # they become rarer


def test_short_work_and_work_that_fails_say_nothing(capfd):
    with pytest.raises(KeyError), progress.working("counting"):
        raise KeyError
    assert capfd.readouterr().err == ""
