"""A whole network on this machine, for as long as a `with` block lasts."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeVar

from coalition.calendar import Calendar
from coalition.clock import Clock, FileClock, system_clock
from coalition.keyfile import save_key
from coalition.keys import SigningKey
from partner_sdk import drafts
from partner_sdk._async_client import AsyncClient
from partner_sdk._client import Client
from partner_sdk._connection import DEFAULT_TIMEOUT_S, Connection
from partner_sdk._draft import Draft
from partner_sdk._moments import microseconds_of, moment_of
from partner_sdk._outcomes import Outcome
from partner_sdk._profile import Profile
from partner_sdk._vocabulary import PartyKind
from partner_sdk.operator import Operator
from partner_sdk.settlement import SettlementClient
from partner_sdk.testing import _seeds
from partner_sdk.testing._population import Newcomer, population
from partner_sdk.testing._postgresql import new_database
from partner_sdk.testing._processes import DATABASE_VARIABLE, LocalNetworkError, Service, require
from partner_sdk.wallet import Wallet

NETWORK_ID: Final = "local.test"
START: Final = datetime(2025, 1, 15, 12, tzinfo=UTC)
_PASSPHRASE: Final = "local-network"  # noqa: S105 - protects keys that follow from a published seed
_TIME_ZONE: Final = "Europe/Berlin"
#: Which engine's database a network has that is not told.
ENGINE_VARIABLE: Final = "COALITION_TEST_ENGINE"

Engine = Literal["sqlite", "postgresql"]
T = TypeVar("T")


class LocalNetwork:
    """A hub with its operator, partners and charities, all of them with terms in force; and a clock.

    The clock stands still until `clock.advance(...)` or `clock.set(...)`; hub, clients and wallets share it. With
    `start=None` it is the machine's own instead. Keys follow from `seed`. With `settlement=True` there is a settlement
    service as well. With `engine="postgresql"` the hub's database is on a PostgreSQL server: on that of the environment
    variable DATABASE_URL, or on one that is started for it. Without `engine`, COALITION_TEST_ENGINE says which. Or name
    an empty PostgreSQL database by its URL, as `database`.
    """

    def __init__(
        self,
        *,
        seed: str = "1",
        start: datetime | None = START,
        partners: Mapping[str, str] = _seeds.PARTNERS,
        charities: Mapping[str, str] = _seeds.CHARITIES,
        policy: Mapping[str, int] | None = None,
        settlement: bool = False,
        engine: Engine | None = None,
        database: str | None = None,
    ) -> None:
        """`partners` and `charities` are party ids with display names; `policy` is what differs from the hub's
        default, by the names of `partner_sdk.Policy`."""
        self._seed = seed
        self._start = start
        self._names = {**partners, **charities}
        self._partners = tuple(partners)
        self._charities = tuple(charities)
        self._policy = dict(policy or {})
        self._with_settlement = settlement
        self._engine = engine or os.environ.get(ENGINE_VARIABLE) or "sqlite"
        self._database_url = database
        self._database = ExitStack()
        self._open: list[Client | Operator | SettlementClient] = []
        self._members = 0
        self._folder: Path | None = None
        self._clock: FileClock | None = None
        self._hub: Service | None = None
        self._settlement: Service | None = None

    def __enter__(self) -> Self:
        require("hub")
        if self._with_settlement:
            require("settlement")
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End clients and services, and remove everything that was made."""
        for client in self._open:
            client.close()
        self._open.clear()
        for service in (self._settlement, self._hub):
            if service is not None:
                service.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        self._database.close()

    @property
    def network_id(self) -> str:
        """The network's id."""
        return NETWORK_ID

    @property
    def folder(self) -> Path:
        """Where everything lies while the network runs; removed afterwards."""
        return _running(self._folder)

    @property
    def clock(self) -> FileClock:
        """The time of hub, clients and wallets: `clock.advance(days=1)`. Raises LocalNetworkError with `start=None`."""
        if self._start is None:
            raise LocalNetworkError("This network has the machine's own time, which cannot be set.")
        return _running(self._clock)

    @property
    def time(self) -> Clock:
        """Gives the time, in microseconds since the Unix epoch."""
        return system_clock if self._start is None else self.clock

    @property
    def now(self) -> datetime:
        """What the clock says, in UTC."""
        return moment_of(self.time())

    @property
    def today(self) -> date:
        """The day that it is in the network's time zone."""
        return date.fromisoformat(Calendar(_TIME_ZONE).day(self.time()))

    @property
    def hub(self) -> Service:
        """The hub's process: `hub.kill()` and `hub.start()` try what a power cut does."""
        return _running(self._hub)

    @property
    def settlement(self) -> Service:
        """The settlement service's process."""
        return _running(self._settlement)

    @property
    def operator(self) -> Operator:
        """The operator, with the keys of two people, so that it can also do what needs both."""
        operator = Operator(self.connection(_seeds.OPERATOR))
        self._open.append(operator)
        return operator

    def key(self, name: str) -> SigningKey:
        """The key of a party or member. `operator-2` is the operator's second person."""
        return _seeds.key_of(self._seed, name)

    def connection(self, party_id: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Connection:
        """Everything that a client of a party needs."""
        names = (party_id, f"{party_id}-2") if party_id == _seeds.OPERATOR else (party_id,)
        return Connection(
            network_id=NETWORK_ID,
            party_id=party_id,
            address=self.hub.address,
            hub_keys=(self.key("hub").public,),
            keys=tuple(map(self.key, names)),
            tls_ca=(self.folder / "hub" / "tls" / "ca.pem").read_bytes(),
            settlement_address=None if self._settlement is None else self._settlement.address,
            clock=self.time,
            timeout_s=timeout_s,
        )

    def client(self, party_id: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Client:
        """A client of a partner or charity; closed with the network."""
        client = Client(self.connection(party_id, timeout_s=timeout_s))
        self._open.append(client)
        return client

    def async_client(self, party_id: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> AsyncClient:
        """An asyncio client of a partner or charity, to be closed by the caller: `async with`."""
        return AsyncClient(self.connection(party_id, timeout_s=timeout_s))

    def settlement_client(self, party_id: str = _seeds.OPERATOR) -> SettlementClient:
        """A client of the settlement service."""
        client = SettlementClient(self.connection(party_id))
        self._open.append(client)
        return client

    def profile(self, party_id: str) -> Path:
        """A profile file of a party, for commands and other processes; `passphrase` unlocks the key beside it."""
        path = self.folder / "parties" / party_id / "profile.toml"
        if not path.exists():
            path.parent.mkdir(parents=True, mode=0o700)
            save_key(path.with_name("key.pem"), self.key(party_id), _PASSPHRASE)
            Profile(
                network_id=NETWORK_ID,
                party_id=party_id,
                address=self.hub.address,
                hub_keys=(self.key("hub").public,),
                key=path.with_name("key.pem"),
                tls_ca=self.folder / "hub" / "tls" / "ca.pem",
                settlement_address=None if self._settlement is None else self._settlement.address,
                clock_file=None if self._start is None else self.folder / "clock",
            ).save(path)
        return path

    @property
    def passphrase(self) -> str:
        """Unlocks every key file of the network."""
        return _PASSPHRASE

    def member(self, holder_id: str = "", *, at: str = "", points: int = 0) -> Wallet:
        """Enrol a member with a key, at the first partner or `at` another, and give it points if you like.

        Without a holder id, one is made up: `member-1` and so on.
        """
        if not holder_id:
            self._members += 1
            holder_id = f"member-{self._members}"
        party_id = at or self._partners[0]
        wallet = Wallet(NETWORK_ID, holder_id, self.key(holder_id), clock=self.time)
        todo: list[Draft[Outcome]] = [drafts.enrol(holder_id, public_keys=[wallet.public_key])]
        if points:
            todo.append(drafts.issue(holder_id, points, reason="welcome"))
        with Client(self.connection(party_id)) as client:
            for outcome in client.submit(todo, atomic=True):
                outcome.raise_for_rejection()
        return wallet

    def fund(self, charity: str) -> Wallet:
        """The wallet of a charity's fund, whose key is the charity's; `fund(...).holder_id` is the fund's id."""
        return Wallet(NETWORK_ID, _seeds.fund_of(charity), self.key(charity), clock=self.time)

    def _begin(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="coalition-"))
        if self._start is not None:
            self._clock = FileClock(self._folder / "clock", microseconds_of(self._start))
        environment = {"COALITION_PASSPHRASE": _PASSPHRASE}
        if self._database_url is not None:
            environment[DATABASE_VARIABLE] = self._database_url
        elif self._engine == "postgresql":
            environment[DATABASE_VARIABLE] = self._database.enter_context(new_database())
        elif self._engine != "sqlite":
            raise LocalNetworkError(f"There is no engine {self._engine!r}; there are sqlite and postgresql.")
        self._hub = Service("hub", self._folder / "hub", environment, self._clock_options())
        self._hub.start(make=self._founding())
        self._populate()
        if self._with_settlement:
            self._start_settlement(environment)

    def _clock_options(self) -> tuple[str, ...]:
        return () if self._start is None else ("--clock-file", str(self.folder / "clock"))

    def _founding(self) -> tuple[str, ...]:
        """How the hub is made, with keys that follow from the seed."""
        keys = self.folder / "keys"
        keys.mkdir(mode=0o700)
        for name in ("hub", _seeds.OPERATOR, f"{_seeds.OPERATOR}-2"):
            save_key(keys / f"{name}.pem", self.key(name), _PASSPHRASE)
        policy = self.folder / "policy.json"
        policy.write_text(json.dumps(self._policy), encoding="utf-8")
        return (
            *("--network-id", NETWORK_ID, "--time-zone", _TIME_ZONE),
            *("--host", "localhost", "--policy", str(policy), *self._clock_options()),
            *("--hub-key", str(keys / "hub.pem")),
            *("--operator-key", str(keys / f"{_seeds.OPERATOR}.pem")),
            *("--operator-key", str(keys / f"{_seeds.OPERATOR}-2.pem")),
        )

    def _populate(self) -> None:
        kinds = dict.fromkeys(self._partners, PartyKind.PARTNER)
        kinds |= dict.fromkeys(self._charities, PartyKind.CHARITY)
        if self._with_settlement:
            kinds[_seeds.AUDITOR] = PartyKind.AUDITOR
        todo = population(
            [
                Newcomer(party_id, kind, self._names.get(party_id, party_id), self.key(party_id))
                for party_id, kind in kinds.items()
            ],
            NETWORK_ID,
            self.today,
        )
        with Operator(self.connection(_seeds.OPERATOR)) as operator:
            for outcome in operator.submit(todo):
                outcome.raise_for_rejection()

    def _start_settlement(self, environment: Mapping[str, str]) -> None:
        authority = self.folder / "hub" / "tls"
        # Of its own profile, in which no settlement service is named.
        profile = self.profile(_seeds.AUDITOR)
        self._settlement = Service("settlement", self.folder / "settlement", environment, self._clock_options())
        self._settlement.start(make=("--profile", str(profile), "--host", "localhost", "--authority", str(authority)))


def _running(value: T | None) -> T:
    if value is None:
        raise LocalNetworkError("The network is not running: use it inside `with LocalNetwork() as network:`.")
    return value
