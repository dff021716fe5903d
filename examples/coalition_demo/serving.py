"""A finished run, served again, so that people can look around in it with every command and with the console."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from coalition.keyfile import save_key
from coalition_demo.dice import Dice
from coalition_demo.network import NAMES, OPERATOR, SETTLEMENT
from coalition_demo.processes import PASSPHRASE, Service
from partner_sdk import Profile

#: Below the run's folder: a profile for everybody, with both services in it.
PROFILES: Final = "profiles"
_WATCH_S: Final = 0.5


class Served:
    """Hub and settlement service of a run's folder. A context manager: leaving it stops them."""

    def __init__(self, folder: Path, hub: str, settlement: str) -> None:
        """Start both, at these HOST:PORT. Raises ProcessFailed, or FileNotFoundError where there is no finished run."""
        seed = json.loads((folder / "reports" / "summary.json").read_text(encoding="utf-8"))["seed"]
        self._folder: Final = folder
        self._stack: Final = ExitStack()
        self._services: Final[list[Service]] = []
        try:
            hub_address = self._start("hub", hub, "--steward", "off")
            own = folder / f"{SETTLEMENT}-profile.toml"
            service = replace(Profile.load(own), address=hub_address)
            _put(service, own)
            address = self._start(SETTLEMENT, settlement)
            _write_profiles(folder, Dice(seed), replace(service, settlement_address=address))
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wait(self) -> None:
        """Until a service ends by itself. Raises ProcessFailed then, KeyboardInterrupt for Ctrl-C."""
        while True:
            for service in self._services:
                service.check()
            time.sleep(_WATCH_S)

    def _start(self, name: str, listen: str, *options: str) -> str:
        """Serve from the folder of that name; the address."""
        folder = self._folder
        arguments: list[str | Path] = [
            name,
            "serve",
            "--dir",
            folder / name,
            "--clock-file",
            folder / "clock",
            *options,
        ]
        service = Service(name, folder / "logs", arguments, listen)
        self._stack.callback(service.stop)
        self._services.append(service)
        return service.wait_until_ready()


def _write_profiles(folder: Path, dice: Dice, service: Profile) -> None:
    """A profile for every party, and for each of the operator's two people, with the addresses of `service`."""
    keys, profiles = folder / "keys", folder / PROFILES
    profiles.mkdir(exist_ok=True)
    everybody = dict.fromkeys(NAMES, ()) | {OPERATOR: (1,), f"{OPERATOR}-2": (2,)}
    for name, number in everybody.items():
        party_id = OPERATOR if name.startswith(OPERATOR) else name
        # In its first days the pharmacy's key was changed.
        about = ("pharmacy", "next") if name == "pharmacy" else (party_id, *number)
        key = keys / f"{name}.pem"
        if not key.exists():
            save_key(key, dice.key(*about), PASSPHRASE)
        _put(replace(service, party_id=party_id, key=key), profiles / f"{name}.toml")


def _put(profile: Profile, path: Path) -> None:
    """In the place of the profile of the last time, when the addresses may have been others."""
    path.unlink(missing_ok=True)
    profile.save(path)
