"""A thread that works for another one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from network.journal.second_thread import SecondThread

_HANGS: str = """
import threading
from network.journal.second_thread import SecondThread

begun = threading.Event()

def hang():
    begun.set()
    threading.Event().wait()

with SecondThread("hanging") as second:
    second.submit(hang)
    begun.wait()
print("the end", flush=True)
"""


def test_does_one_thing_after_the_other() -> None:
    """In the order in which it is given them; what they return or raise comes back."""
    done: list[int] = []
    with SecondThread("second") as second:
        futures = [second.submit(done.append, number) for number in range(100)]
        wrong = second.submit(int, "no number")
        right = second.submit(int, "7")
    assert [future.result(10) for future in futures] == [None] * 100
    assert done == list(range(100))
    with pytest.raises(ValueError, match="no number"):
        wrong.result(10)
    assert right.result(10) == 7


def test_process_ends_though_it_hangs() -> None:
    """As with a commit to which the database never says a word."""
    ended = subprocess.run([sys.executable, "-c", _HANGS], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (0, "the end\n"), ended.stderr
