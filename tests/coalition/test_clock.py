"""Where time comes from."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from coalition.clock import FileClock, system_clock

START = 1_500_000_000_000_000


def test_system_clock_tells_microseconds() -> None:
    """The machine's time, in the unit that the protocol has."""
    before, told, after = time.time(), system_clock(), time.time()
    assert before - 0.001 <= told / 1_000_000 <= after + 0.001


def test_file_clock_stands_still_until_it_is_moved(tmp_path: Path) -> None:
    """Time is what was set, and moves forward by what one says."""
    clock = FileClock(tmp_path / "clock", START)
    assert [clock(), clock()] == [START, START]
    clock.advance(days=1, hours=2, seconds=3)
    assert clock() == START + (86_400 + 7_200 + 3) * 1_000_000
    clock.advance(hours=1)
    assert clock() == START + (86_400 + 3 * 3_600 + 3) * 1_000_000
    clock.set(START + 10**15)
    assert clock() == START + 10**15


def test_file_clock_does_not_run_backwards(tmp_path: Path) -> None:
    """An earlier moment is refused; the same one is not."""
    clock = FileClock(tmp_path / "clock", START)
    for move in (lambda: clock.set(START - 1), lambda: clock.advance(seconds=-1)):
        with pytest.raises(ValueError, match="backwards"):
            move()
    clock.set(START)
    assert clock() == START


def test_file_clock_is_shared(tmp_path: Path) -> None:
    """Whoever opens the same file has the same time, at once, in this process and in another."""
    path = tmp_path / "clock"
    one = FileClock(path, START)
    two = FileClock(path)
    program = (
        "import sys; from pathlib import Path; from coalition.clock import FileClock; "
        "clock = FileClock(Path(sys.argv[1])); print(clock()); clock.advance(seconds=5)"
    )
    one.advance(seconds=1)
    assert two() == START + 1_000_000
    told = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    assert int(told) == START + 1_000_000
    assert one() == two() == START + 6_000_000


@pytest.mark.parametrize("data", [b"", b"1234567", b"123456789"])
def test_file_that_is_no_clock(tmp_path: Path, data: bytes) -> None:
    """A file of another size is refused."""
    path = tmp_path / "clock"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="not a clock"):
        FileClock(path)


def test_clock_that_is_not_there(tmp_path: Path) -> None:
    """Opening a clock does not make one."""
    with pytest.raises(FileNotFoundError):
        FileClock(tmp_path / "clock")
