"""A party's profile: a TOML file that says which hub, as whom, and where the keys are. It holds no secret itself."""

from __future__ import annotations

import base64
import binascii
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from coalition.clock import FileClock, system_clock
from coalition.keyfile import KeyFileError, load_key
from coalition.keys import PUBLIC_KEY_BYTES
from partner_sdk._connection import DEFAULT_LIFETIME_S, DEFAULT_TIMEOUT_S, Connection
from partner_sdk._errors import ConfigurationError

SUFFIX: Final = ".toml"
FOLDER_FILE: Final = "profile.toml"
PASSPHRASE_VARIABLE: Final = "COALITION_PASSPHRASE"  # noqa: S105 - the name of a variable
PROFILE_VARIABLE: Final = "COALITION_PROFILE"
_REQUIRED: Final = ("network_id", "party_id", "address", "hub_keys", "key")
_PATHS: Final = ("key", "tls_ca", "settlement_tls_ca", "clock_file")
_OPTIONAL: Final = ("tls_ca", "extra_keys", "server_name", "settlement_address", "settlement_tls_ca", "clock_file")
#: The environment's variable for each setting: COALITION_ADDRESS, COALITION_HUB_KEYS (commas between keys), …
_VARIABLES: Final = {name: f"COALITION_{name.upper()}" for name in (*_REQUIRED, *_OPTIONAL)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a profile says. In the file, paths are relative to its folder and keys are in base64."""

    network_id: str
    party_id: str
    #: `host:port` of the hub.
    address: str
    #: Raw Ed25519 public keys of the hub.
    hub_keys: tuple[bytes, ...]
    #: The encrypted PEM file with the party's key.
    key: Path
    #: More of the party's keys, for what needs two signatures.
    extra_keys: tuple[Path, ...] = ()
    #: The certificate of the authority that signed the hub's; None: those that the system trusts.
    tls_ca: Path | None = None
    server_name: str | None = None
    settlement_address: str | None = None
    #: The certificate of the authority that signed the settlement service's; None: as for the hub.
    settlement_tls_ca: Path | None = None
    #: A clock shared with the hub, for tests and simulations; None: the system's.
    clock_file: Path | None = None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Profile:
        """The profile in a file. Raises ConfigurationError, which says what is wrong and where."""
        file = Path(path)
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(f"The profile {file} cannot be read: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"The profile {file} is not TOML: {error}.") from error
        return _from_values(values, file.parent, f"The profile {file}")

    @classmethod
    def find(cls, name: str | os.PathLike[str]) -> Profile:
        """The profile of a path or name. A folder stands for the `profile.toml` in it, which is what the operator's
        `coalition hub add-partner` makes; a name such as `grocer` for `grocer.toml` in `profile_folder()`."""
        path = Path(name)
        if path.is_dir():
            return cls.load(path / FOLDER_FILE)
        if path.suffix == SUFFIX or len(path.parts) > 1:
            return cls.load(path)
        named = profile_folder() / f"{path.name}{SUFFIX}"
        if not named.exists():
            raise ConfigurationError(
                f"There is no profile {path.name!r}: {named} is not there. A file elsewhere is named with its ending,"
                f" as in {path.name}{SUFFIX}."
            )
        return cls.load(named)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Profile:
        """The profile that COALITION_PROFILE names, with what single variables say instead, such as COALITION_ADDRESS.

        Without COALITION_PROFILE the variables must say everything. Raises ConfigurationError.
        """
        given = os.environ if environment is None else environment
        values: dict[str, Any] = {name: given[variable] for name, variable in _VARIABLES.items() if given.get(variable)}
        for name in ("hub_keys", "extra_keys"):
            if name in values:
                values[name] = [item.strip() for item in values[name].split(",")]
        here = Path.cwd()
        if not given.get(PROFILE_VARIABLE):
            if not values:
                raise ConfigurationError(
                    f"There is no profile: set {PROFILE_VARIABLE} to its file, or name it in the call (--profile FILE)."
                )
            return _from_values(values, here, f"The environment (there is no {PROFILE_VARIABLE})")
        profile = cls.find(given[PROFILE_VARIABLE])
        return replace(profile, **_typed(values, here, "The environment"))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile to a new file. Raises FileExistsError rather than overwrite one."""
        folder = Path(path).resolve().parent
        values: dict[str, Any] = {
            "network_id": self.network_id,
            "party_id": self.party_id,
            "address": self.address,
            "hub_keys": [base64.b64encode(key).decode() for key in self.hub_keys],
            "key": _relative(self.key, folder),
            "extra_keys": [_relative(key, folder) for key in self.extra_keys] or None,
            "tls_ca": _relative(self.tls_ca, folder),
            "server_name": self.server_name,
            "settlement_address": self.settlement_address,
            "settlement_tls_ca": _relative(self.settlement_tls_ca, folder),
            "clock_file": _relative(self.clock_file, folder),
        }
        # A JSON string or list of strings is a TOML one too.
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items() if value is not None]
        with open(path, "x", encoding="utf-8") as file:
            file.writelines(lines)

    def connection(
        self,
        passphrase: str | None = None,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        lifetime_s: int = DEFAULT_LIFETIME_S,
        gather: bool = True,
    ) -> Connection:
        """Read keys and certificate. `passphrase` unlocks all of the keys; None: that in COALITION_PASSPHRASE, or in
        the file that COALITION_PASSPHRASE_FILE names.

        Raises ConfigurationError.
        """
        secret = passphrase if passphrase is not None else passphrase_from_env()
        if secret is None:
            raise ConfigurationError(
                f"The key {self.key} needs its passphrase: give it as an argument, in {PASSPHRASE_VARIABLE}, or in a"
                f" file named by {PASSPHRASE_VARIABLE}_FILE."
            )
        try:
            keys = tuple(load_key(path, secret) for path in (self.key, *self.extra_keys))
            tls_ca, settlement_tls_ca = (
                None if path is None else path.read_bytes() for path in (self.tls_ca, self.settlement_tls_ca)
            )
            clock = system_clock if self.clock_file is None else FileClock(self.clock_file)
        except KeyFileError as error:
            raise ConfigurationError(str(error)) from error
        except OSError as error:
            raise ConfigurationError(f"{error.filename} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        return Connection(
            network_id=self.network_id,
            party_id=self.party_id,
            address=self.address,
            hub_keys=self.hub_keys,
            keys=keys,
            tls_ca=tls_ca,
            server_name=self.server_name,
            settlement_address=self.settlement_address,
            settlement_tls_ca=settlement_tls_ca,
            clock=clock,
            timeout_s=timeout_s,
            lifetime_s=lifetime_s,
            gather=gather,
        )


def passphrase_from_env() -> str | None:
    """The passphrase in COALITION_PASSPHRASE, or in the file that COALITION_PASSPHRASE_FILE names; None: neither.

    Raises ConfigurationError when the file cannot be read.
    """
    given = os.environ.get(PASSPHRASE_VARIABLE)
    file = os.environ.get(f"{PASSPHRASE_VARIABLE}_FILE")
    if given or not file:
        return given or None
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(f"The passphrase file {file} cannot be read: {error.strerror}.") from error


def profile_folder() -> Path:
    """Where profiles with a mere name lie: `coalition` in $XDG_CONFIG_HOME, which is ~/.config unless set."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "coalition"


def _from_values(values: Mapping[str, Any], folder: Path, what: str) -> Profile:
    missing = [name for name in _REQUIRED if not values.get(name)]
    if missing:
        raise ConfigurationError(f"{what} lacks {', '.join(missing)}.")
    return Profile(**_typed(values, folder, what))


def _typed(values: Mapping[str, Any], folder: Path, what: str) -> dict[str, Any]:
    """The settings as Profile has them. Raises ConfigurationError."""
    typed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in _VARIABLES:
            raise ConfigurationError(f"{what} has a setting {name!r}, which there is not.")
        if name in ("hub_keys", "extra_keys"):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise ConfigurationError(f"{what}: {name} is a list of texts.")
            decode = _public_key if name == "hub_keys" else folder.joinpath
            typed[name] = tuple(decode(item) for item in value)
        elif not isinstance(value, str):
            raise ConfigurationError(f"{what}: {name} is a text.")
        else:
            typed[name] = folder / value if name in _PATHS else value
    return typed


def _public_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        raise ConfigurationError(f"The hub key {text!r} is not the base64 of a raw Ed25519 key of 32 bytes.")
    return key


def _relative(path: Path | None, folder: Path) -> str | None:
    if path is None:
        return None
    absolute = path.resolve()
    return str(absolute.relative_to(folder)) if absolute.is_relative_to(folder) else str(absolute)
