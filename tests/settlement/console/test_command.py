"""`coalition settlement console`: prints a link, serves, and ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import urllib.request
import webbrowser

import pytest
from click.testing import CliRunner

from partner_sdk.cli import main
from partner_sdk.testing import LocalNetwork
from partner_sdk.testing._processes import command
from settlement.cli.console import announcing


@pytest.fixture(scope="module")
def environment(business: LocalNetwork) -> dict[str, str]:
    """Who calls: the network's auditor, whose profile is a file."""
    return {
        **os.environ,
        "COALITION_PROFILE": str(business.profile("settlement")),
        "COALITION_PASSPHRASE": business.passphrase,
        "COALITION_SETTLEMENT_ADDRESS": business.settlement.address,
    }


def test_only_the_first_link_is_opened(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What locks the console brings another link, which is printed: opened, it would unlock the console. A browser that
    does not return keeps nobody waiting."""
    opened: list[str] = []
    came, left = threading.Event(), threading.Event()

    def browse(link: str) -> None:
        opened.append(link)
        came.set()
        left.wait(10)

    monkeypatch.setattr(webbrowser, "open", browse)
    announce = announcing(open_first=True)
    announce("http://first")
    assert came.wait(10)
    announce("http://second")
    announcing(open_first=False)("http://third")
    left.set()
    assert opened == ["http://first"]
    printed = capsys.readouterr().out.splitlines()
    assert printed[1::2] == ["  http://first", "  http://second", "  http://third"]


@pytest.mark.long
def test_console_serves_until_it_is_ended(environment: dict[str, str]) -> None:
    """The printed link leads in; Ctrl-C ends the console, and with it the session."""
    words = command("settlement", "console", "--no-browser")
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "It works once" in process.stdout.readline()
            link = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/enter\?token=[\w-]{43}", link)
            with urllib.request.urlopen(link, timeout=10) as answer:
                assert "Welcome" in answer.read().decode()
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert output == "The console has ended.\n"


def test_console_that_cannot_ask_says_so(environment: dict[str, str]) -> None:
    """A wrong address shows at once, before any link."""
    words = ["settlement", "console", "--no-browser", "--address", "localhost:1", "--timeout", "0.5"]
    done = CliRunner().invoke(main, words, env=environment)
    assert done.exit_code == 1
    assert "Nothing listens at localhost:1" in done.stderr
    assert "http://" not in done.output


def test_port_that_is_taken_is_said(environment: dict[str, str], business: LocalNetwork) -> None:
    """Two consoles cannot have one port."""
    port = business.settlement.address.rpartition(":")[2]
    done = CliRunner().invoke(main, ["settlement", "console", "--no-browser", "--port", port], env=environment)
    assert done.exit_code == 1
    assert "in use" in done.stderr
