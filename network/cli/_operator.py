"""The operator's client: a profile, a channel, signed envelopes, verified receipts. All commands call through it."""

from __future__ import annotations

import base64
import binascii
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import grpc
from google.protobuf.message import Message

from coalition.clock import US_PER_S, Clock, FileClock, system_clock
from coalition.envelope import ENVELOPE_BYTES_MAX, open_envelope, seal
from coalition.errors import reason_name
from coalition.ids import id_text, new_transaction_id
from coalition.keyfile import load_key
from coalition.keys import PUBLIC_KEY_BYTES, SigningKey
from coalition.receipt import open_receipt
from coalition.status import from_rpc_error
from coalition.tokens import HUB, METADATA_KEY, authorization, make_token
from coalition.v1 import outcome_pb2
from coalition.v1.directory_service_pb2_grpc import DirectoryServiceStub
from coalition.v1.journal_pb2_grpc import JournalServiceStub
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitResponse
from coalition.v1.ledger_service_pb2_grpc import LedgerServiceStub
from coalition.v1.operator_service_pb2_grpc import OperatorServiceStub
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import encode
from network.config import ConfigError

R = TypeVar("R", bound=Message)

CALL_S: Final = 15.0
#: A sweep answers when everything that was due is committed.
SWEEP_S: Final = 600.0
_ENVELOPE_LIFETIME_US: Final = 600 * US_PER_S
_TRIES: Final = 3
_PAUSE_S: Final = 0.5
_RECEIVE_BYTES_MAX: Final = 16 * ENVELOPE_BYTES_MAX
_TEXTS: Final = ("network_id", "party_id", "address", "key")


class CallFailed(Exception):
    """The hub refused a call or gave no answer. The text says why and what to do."""


class TransactionRejected(Exception):
    """The ledger rejected a transaction, for ever. The text gives the reason and its facts."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A party's profile, read. The file has the form that the SDK reads too."""

    network_id: str
    party_id: str
    #: HOST:PORT of the hub.
    address: str
    #: The PEM file of the authority that signed the hub's certificate; None: those that the system trusts.
    tls_ca: Path | None
    #: Raw Ed25519 public keys of the hub.
    hub_keys: tuple[bytes, ...]
    #: The party's key files, the first one for everyday use.
    keys: tuple[Path, ...]
    clock_file: Path | None

    @classmethod
    def load(cls, path: Path) -> Profile:
        """Read a profile. Paths in it are relative to its folder. Raises ConfigError."""
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"The profile {path} cannot be read: {error}") from error
        for name in _TEXTS:
            if not isinstance(values.get(name), str):
                raise ConfigError(f"The profile {path} lacks {name}.")
        return cls(
            network_id=values["network_id"],
            party_id=values["party_id"],
            address=values["address"],
            tls_ca=_below(path.parent, values.get("tls_ca")),
            hub_keys=tuple(_public_key(path, text) for text in values.get("hub_keys", [])),
            keys=tuple(path.parent / name for name in (values["key"], *values.get("extra_keys", []))),
            clock_file=_below(path.parent, values.get("clock_file")),
        )

    def clock(self) -> Clock:
        """The clock that the hub goes by. Raises ConfigError."""
        return system_clock if self.clock_file is None else open_clock(self.clock_file)


def open_clock(path: Path) -> FileClock:
    """The clock in a file. Raises ConfigError."""
    try:
        return FileClock(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"The clock file {path} cannot be used: {error}") from error


def _below(folder: Path, name: str | None) -> Path | None:
    return None if name is None else folder / name


def _public_key(path: Path, text: object) -> bytes:
    try:
        key = base64.b64decode(str(text), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        raise ConfigError(f"The profile {path}: {text!r} is not the base64 of a hub's public key.")
    return key


def open_channel(address: str, tls_ca: Path | None) -> grpc.Channel:
    """A channel that trusts this authority and no other. Raises ConfigError."""
    try:
        authority = None if tls_ca is None else tls_ca.read_bytes()
    except OSError as error:
        raise ConfigError(f"The certificate {tls_ca} cannot be read: {error.strerror}.") from error
    options = [("grpc.max_receive_message_length", _RECEIVE_BYTES_MAX), ("grpc.enable_retries", 0)]
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(root_certificates=authority), options=options)


class Operator:
    """A party's calls, usually the operator's. Closes its channel at the end of a `with`."""

    def __init__(self, profile: Profile, passphrase: str, address: str | None = None) -> None:
        """Raises ConfigError, KeyFileError."""
        self.profile = profile
        self.address = address or profile.address
        self.clock = profile.clock()
        self.keys = tuple(load_key(path, passphrase) for path in profile.keys)
        self._channel = open_channel(self.address, profile.tls_ca)
        self.ledger = LedgerServiceStub(self._channel)
        self.directory = DirectoryServiceStub(self._channel)
        self.journal = JournalServiceStub(self._channel)
        self.operator = OperatorServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def ask(self, method: Callable[..., Any], request: Message, timeout_s: float = CALL_S) -> Any:
        """A reading call, with a token. Raises CallFailed."""
        token = make_token(
            self.profile.party_id,
            self.keys[0],
            network_id=self.profile.network_id,
            service=HUB,
            now_s=self.clock() // US_PER_S,
        )
        try:
            return method(request, timeout=timeout_s, metadata=((METADATA_KEY, authorization(token)),))
        except grpc.RpcError as error:
            raise call_failed(error, self.address) from error

    def submit(self, transaction: Transaction, *, keys: Sequence[SigningKey] | None = None) -> Outcome:
        """Commit one transaction, with a new id; by default the first key signs.

        Sends the same bytes again while it is unknown whether they arrived. Raises CallFailed, TransactionRejected,
        ReceiptError, Refused for what has a wrong form.
        """
        now_us = self.clock()
        transaction.transaction_id = new_transaction_id(now_us // 1_000)
        data = seal(
            [encode(transaction)],
            network_id=self.profile.network_id,
            author=self.profile.party_id,
            keys=keys or self.keys[:1],
            created_us=now_us,
            expires_us=now_us + _ENVELOPE_LIFETIME_US,
        )
        envelope = open_envelope(data)
        response = self._send(data, transaction.transaction_id)
        _, (outcome,) = open_receipt(
            response.receipt,
            response.outcomes,
            network_id=self.profile.network_id,
            hub_keys=self.profile.hub_keys,
            digest=envelope.digest,
            transaction_ids=[transaction.transaction_id],
        )
        if outcome.status != outcome_pb2.OUTCOME_STATUS_ACCEPTED:
            facts = ", ".join(f"{fact.name} = {fact.value}" for fact in outcome.facts)
            raise TransactionRejected(f"Rejected: {reason_name(outcome.reason)}{f' ({facts})' if facts else ''}.")
        return outcome

    def _send(self, data: bytes, identifier: bytes) -> SubmitResponse:
        for attempt in range(1, _TRIES + 1):
            try:
                return self.ledger.Submit(SubmitRequest(envelope=data), timeout=CALL_S)
            except grpc.RpcError as error:
                failed = call_failed(error, self.address)
                if not _in_doubt(error):
                    raise failed from error
                if attempt == _TRIES:
                    raise CallFailed(
                        f"{failed} Whether transaction {id_text(identifier)} was committed is not known: look for it "
                        "with `coalition hub status` before you try again."
                    ) from error
            time.sleep(_PAUSE_S * attempt)
        raise AssertionError("the last attempt answers or raises")


def call_failed(error: grpc.RpcError, address: str) -> CallFailed:
    """What a failed call means for the person at the shell."""
    refused = from_rpc_error(error)
    if refused is not None:
        return CallFailed(f"{reason_name(refused.reason)}: {refused.message}")
    code, details = _ended(error)
    if code is grpc.StatusCode.UNAVAILABLE:
        return CallFailed(
            f"The hub at {address} cannot be reached. Check that it runs (coalition hub serve), the address, and that "
            f"its certificate is for this host. ({details})"
        )
    return CallFailed(f"The hub at {address} answered {code.name}: {details}")


def _in_doubt(error: grpc.RpcError) -> bool:
    return _ended(error)[0] in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


def _ended(error: object) -> tuple[grpc.StatusCode, str]:
    """How a call ended. The library's errors are calls too, which its types do not say."""
    assert isinstance(error, grpc.Call)
    return error.code(), error.details() or ""
