"""The network for tests is real, repeatable, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from partner_sdk import Client
from partner_sdk.operator import Operator
from partner_sdk.testing import LocalNetwork, LocalNetworkError, _processes


def test_starts_and_cleans_up() -> None:
    """Inside the block there is a hub; afterwards there is neither process nor folder."""
    start = datetime(2030, 6, 30, 23, 30, tzinfo=UTC)
    with LocalNetwork(partners={"kiosk": "Kiosk"}, charities={}, start=start, policy={"expiry_months": 1}) as network:
        folder, hub, client = network.folder, network.hub, network.client("kiosk")
        result = client.issue(network.member("anna").holder_id, 5)
        assert str(network.today) == "2030-07-01"
        assert str(result.expires_on) == "2030-08-31"
        assert hub.is_running
        assert [party.party_id for party in client.parties()] == ["hub", "kiosk", "operator"]
    assert not hub.is_running
    assert not folder.exists()
    with pytest.raises(LocalNetworkError, match="not running"):
        _ = network.folder


def test_the_same_seed_gives_the_same_keys() -> None:
    """Keys follow from the seed, so that what was stored with one network fits the next."""
    assert LocalNetwork(seed="a").key("grocer").public == LocalNetwork(seed="a").key("grocer").public
    assert LocalNetwork(seed="a").key("grocer").public != LocalNetwork(seed="b").key("grocer").public


def test_shows_the_log_when_the_hub_does_not_start() -> None:
    """A hub that cannot start says why in the error, and nothing is left behind."""
    network = LocalNetwork(policy={"expiry_months": -1})
    with pytest.raises(LocalNetworkError, match=r"The hub did not start(.|\n)*expiry_months"), network:
        pass
    with LocalNetwork(partners={"kiosk": "Kiosk"}, charities={}) as network:
        network.hub.stop()
        (network.folder / "hub" / "hub.toml").unlink()
        with pytest.raises(LocalNetworkError, match=r"The hub did not start. The end of its log:\n(.|\n)*hub"):
            network.hub.start()


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the hub's packages the error says how to get them."""
    monkeypatch.setitem(_processes._NEEDED, "hub", ("no_such_package",))
    with pytest.raises(LocalNetworkError, match=r"pip install 'coalition-points\[hub\]'"), LocalNetwork():
        pass


def test_a_profile_serves_other_processes(network: LocalNetwork) -> None:
    """The profile file of a party works from anywhere, with the network's clock."""
    with Client.from_profile(network.profile("grocer"), network.passphrase) as client:
        assert client.connection.clock() == network.clock()
    with Operator.from_profile(network.profile("operator"), network.passphrase) as operator:
        assert operator.trial_balance().balances


def test_members_have_names_and_points(network: LocalNetwork) -> None:
    """A member is named or gets a name, is enrolled where it is said, and may begin with points."""
    anna = network.member("anna-of-testing", at="pharmacy", points=9)
    other = network.member()
    assert (anna.holder_id, anna.holder_id == other.holder_id) == ("anna-of-testing", False)
    assert network.client("pharmacy").balance("anna-of-testing").available == 9
    assert network.fund("school").public_key == network.key("school").public


def test_ends_with_ctrl_c(tmp_path: Path) -> None:
    """Interrupted, it still ends its hub and removes its folder."""
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from partner_sdk.testing import LocalNetwork
        with LocalNetwork(partners={"kiosk": "Kiosk"}, charities={}) as network:
            Path(sys.argv[1]).write_text(f"{network.hub.process_id} {network.folder}")
            time.sleep(60)
        """
    )
    said = tmp_path / "said"
    process = subprocess.Popen([sys.executable, "-c", script, str(said)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not said.exists() or not said.read_text():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    hub, folder = said.read_text().split()
    process.send_signal(signal.SIGINT)
    process.wait(30)
    assert not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(hub), 0)


def test_the_fixture(tmp_path: Path) -> None:
    """In a partner's own tests the fixture gives a network, for as long as the setting says."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["partner_sdk.testing.plugin"]\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\ncoalition_network_scope = module\n")
    (tmp_path / "test_till.py").write_text(
        textwrap.dedent(
            """
            def test_earning(coalition_network):
                anna = coalition_network.member()
                assert coalition_network.client("grocer").issue(anna.holder_id, 5).balance.available == 5

            def test_same_network(coalition_network):
                assert coalition_network.client("grocer").balance("member-1").available == 5
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
