"""Every line of code in the merchants' guides does what the guide says."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from coalition.keys import SigningKey
from partner_sdk.operator import PartyApplication, TermsOffer
from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Wallet
from tests.partner_sdk.guide import blocks_of, run_guide

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


@pytest.mark.long
def test_merchants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide takes a newcomer from a key to a till, with a real network on the machine's own clock."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    with LocalNetwork(start=None) as network:
        shutil.copy(network.folder / "hub" / "tls" / "ca.pem", tmp_path / "ca.pem")
        monkeypatch.setenv("COALITION_PASSPHRASE", network.passphrase)
        names: dict[str, Any] = {
            "network": network,
            "Path": Path,
            "PartyApplication": PartyApplication,
            "TermsOffer": TermsOffer,
            "Wallet": Wallet,
            "asyncio": asyncio,
            "timedelta": timedelta,
        }
        environment = {
            "HUB": network.hub.address,
            "HUB_KEY": base64.b64encode(network.key("hub").public).decode(),
            "TODAY": str(network.today),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        run_guide(ROOT / "docs" / "merchants.md", tmp_path, names, environment)
        names["test_earning"](network)
        names["client"].close()


def test_consents(tmp_path: Path) -> None:
    """The format's page describes what the SDK writes and reads, down to its example."""
    guide = ROOT / "docs" / "consents.md"
    run_guide(guide, tmp_path, {}, {})
    key = SigningKey.from_seed(bytes(32))
    wallet = Wallet("points.example", "anna", key, clock=lambda: 1_700_000_000_000_000, nonces=lambda: bytes(16))
    example = blocks_of(guide)[-1].text.replace("\n", "")
    assert wallet.consent_to_redeem("grocer", 50).text() == example
    assert blocks_of(guide)[0].text.startswith(example[:40])


@pytest.mark.long
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    """Each example runs, and prints what is committed beside it."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{name}.py")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (ROOT / "examples" / f"{name}.txt").read_text(encoding="utf-8")
