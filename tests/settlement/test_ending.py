"""A command that keeps running ends when it is told to, whatever it does at that moment."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: A signal after every so many instructions of the thread that waits: in the midst of its waiting as well.
PROGRAM = """
import os, signal, sys
from settlement.cli.ending import Ending

number, after = int(sys.argv[1]), int(sys.argv[2])
ending, steps = Ending(), 0

def step(frame, event, argument):
    global steps
    frame.f_trace_opcodes = True
    steps += event == "opcode"
    if event == "opcode" and steps == after:
        os.kill(os.getpid(), number)
    return step

sys.settrace(step)
asked = ending.wait(20)
sys.settrace(None)
sys.exit(not asked or not ending.wait())
"""


@pytest.mark.parametrize("after", [1, 5, 9])
def test_signal_ends_the_waiting(after: int) -> None:
    """At once, and for good."""
    subprocess.run([sys.executable, "-c", PROGRAM, "15", str(after)], check=True, timeout=15)
