"""The demo's network: a folder, a clock that follows the data, a hub, a settlement service, and who takes part."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final

from coalition.clock import FileClock
from coalition.keyfile import save_key
from coalition.keys import SigningKey
from coalition_demo.businesses import BUSINESSES
from coalition_demo.data import TIME_ZONE
from coalition_demo.dice import Dice
from coalition_demo.housekeeping import NOTICE_DAYS, TRANSFER_POINTS_MAX
from coalition_demo.processes import PASSPHRASE, ProcessFailed, Service, run_command
from coalition_demo.schools import ENDS_ON, SCHOOLS, STARTS_ON
from partner_sdk import Client, Connection, Funding, PartyKind, Profile
from partner_sdk.operator import CampaignOffer, Operator, PartyApplication, TermsOffer

NETWORK_ID: Final = "demo.coalition.example"
OPERATOR: Final = "operator"
HUB: Final = "hub"
SETTLEMENT: Final = "settlement"

#: Everybody who owes or is owed, by party id.
NAMES: Final = (
    {business.party_id: business.name for business in BUSINESSES}
    | {school.party_id: school.name for school in SCHOOLS}
    | {OPERATOR: "Operator"}
)

#: Micro-units of the currency per point: what every charity receives, and the bounds of all terms.
CAUSE_MICROS: Final = 900
_PRICE_FLOOR_MICROS: Final = 1_000
#: From which share of the most points outstanding on finance is warned, in hundredths of a percent.
_ALARM_BPS: Final = 3_800
#: What a school would owe for points that it issues itself.
_SCHOOL_PRICE_MICROS: Final = 1_000

#: A month to spend what a month has earned, so that a quarter shows points that expire. Real networks give years.
POLICY: Final = {
    "expiry_months": 1,
    "reversal_grace_days": 14,
    "notice_days": NOTICE_DAYS,
    "transaction_points_max": 100_000,
    "hold_lifetime_max_s": 86_400,
    "transfer_points_max": TRANSFER_POINTS_MAX,
    "transfer_points_per_day_max": 2 * TRANSFER_POINTS_MAX,
    "redeem_points_per_day_max": 100_000,
    "cause_reimbursement_micros": CAUSE_MICROS,
    "price_floor_micros": _PRICE_FLOOR_MICROS,
    "reimbursement_ceiling_micros": 900,
}


class DemoNetwork:
    """Everything that runs while the demo runs. A context manager: leaving it stops what was started."""

    def __init__(self, folder: Path, dice: Dice, starts_us: int) -> None:
        """Make the network in an empty folder, at a moment in microseconds. Raises ProcessFailed."""
        self.folder: Final = folder
        self.dice: Final = dice
        self._stack: Final = ExitStack()
        self._hub: Service | None = None
        self._settlement: Service | None = None
        self._keys: Final = folder / "keys"
        self._keys.mkdir(parents=True)
        self.logs: Final = folder / "logs"
        self.logs.mkdir()
        self._clock_file: Final = folder / "clock"
        self.clock: Final = FileClock(self._clock_file, starts_us)
        self._hub_key: Final = dice.key("hub")
        self.party_keys: Final[dict[str, tuple[SigningKey, ...]]] = {
            OPERATOR: (dice.key(OPERATOR, 1), dice.key(OPERATOR, 2)),
            SETTLEMENT: (dice.key(SETTLEMENT),),
        } | {party_id: (dice.key(party_id),) for party_id in party_ids()}
        self._hub_address = ""
        self._settlement_address = ""
        self._found()

    def __enter__(self) -> DemoNetwork:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def hub_folder(self) -> Path:
        """Where `coalition hub` finds the hub."""
        return self.folder / "hub"

    @property
    def settlement_folder(self) -> Path:
        """Where `coalition settlement` finds the settlement service."""
        return self.folder / "settlement"

    @property
    def settlement_address(self) -> str:
        """HOST:PORT of the settlement service."""
        return self._settlement_address

    @property
    def settles(self) -> bool:
        """Whether the settlement service runs."""
        return self._settlement is not None

    def _found(self) -> None:
        policy = self.folder / "policy.json"
        policy.write_text(json.dumps(POLICY, indent=2) + "\n", encoding="utf-8")
        names = ("hub", "operator-1", "operator-2", SETTLEMENT)
        keys = (self._hub_key, *self.party_keys[OPERATOR], *self.party_keys[SETTLEMENT])
        for name, key in zip(names, keys, strict=True):
            save_key(self._keys / f"{name}.pem", key, PASSPHRASE)
        run_command(
            *("hub", "init", "--dir", self.hub_folder, "--network-id", NETWORK_ID, "--operator-name", "Main Street"),
            *("--time-zone", TIME_ZONE, "--currency", "USD", "--policy", policy, "--clock-file", self._clock_file),
            *("--hub-key", self._keys / "hub.pem"),
            *("--operator-key", self._keys / "operator-1.pem", "--operator-key", self._keys / "operator-2.pem"),
        )

    def start_hub(self) -> None:
        """Serve, on a free port. Raises ProcessFailed."""
        arguments = ("hub", "serve", "--dir", self.hub_folder, "--clock-file", self._clock_file, "--steward", "off")
        self._hub = Service("hub", self.logs, arguments)
        self._stack.callback(self._kill, self._hub)
        self._hub_address = self._hub.wait_until_ready()

    def start_settlement(self) -> None:
        """Follow the hub's journal and answer, on a free port; the first time, make the service first."""
        if not self.settlement_folder.exists():
            self._make_settlement()
        arguments = ("settlement", "serve", "--dir", self.settlement_folder, "--clock-file", self._clock_file)
        self._settlement = Service(SETTLEMENT, self.logs, arguments)
        self._stack.callback(self._kill, self._settlement)
        self._settlement_address = self._settlement.wait_until_ready()

    def _make_settlement(self) -> None:
        profile = self.folder / "settlement-profile.toml"
        Profile(
            network_id=NETWORK_ID,
            party_id=SETTLEMENT,
            address=self._hub_address,
            hub_keys=(self._hub_key.public,),
            key=self._keys / f"{SETTLEMENT}.pem",
            tls_ca=self.hub_folder / "tls" / "ca.pem",
            clock_file=self._clock_file,
        ).save(profile)
        run_command(
            *("settlement", "init", "--dir", self.settlement_folder, "--profile", profile),
            *("--authority", self.hub_folder / "tls"),
        )

    def check(self) -> None:
        """Raises ProcessFailed when a process has ended by itself."""
        for service in (self._hub, self._settlement):
            if service is not None:
                service.check()

    def stop_settlement(self) -> None:
        """End the settlement service; it may be started again."""
        if self._settlement is not None:
            self._settlement.stop()
            self._settlement = None

    def stop(self) -> None:
        """End both processes as an operator would. Raises ProcessFailed when one does not end well."""
        self.stop_settlement()
        if self._hub is not None:
            self._hub.stop()
            self._hub = None

    def close(self) -> None:
        """End whatever still runs, come what may."""
        try:
            self.stop()
        finally:
            self._stack.close()

    def _kill(self, service: Service) -> None:
        try:
            service.check()
        except ProcessFailed:
            return
        service.kill()

    def connection(self, party_id: str) -> Connection:
        """How a party reaches hub and settlement service, with its keys of this moment."""
        return Connection(
            network_id=NETWORK_ID,
            party_id=party_id,
            address=self._hub_address,
            hub_keys=(self._hub_key.public,),
            keys=self.party_keys[party_id],
            tls_ca=(self.hub_folder / "tls" / "ca.pem").read_bytes(),
            settlement_address=self._settlement_address or None,
            clock=self.clock,
            timeout_s=60.0,
        )

    def client(self, party_id: str) -> Client:
        """A business's or a school's client."""
        return Client(self.connection(party_id))

    def operator(self) -> Operator:
        """The operator's client, with both people's keys."""
        return Operator(self.connection(OPERATOR))


def party_ids() -> tuple[str, ...]:
    """Everybody who issues and accepts: partners and schools."""
    return (*(business.party_id for business in BUSINESSES), *(school.party_id for school in SCHOOLS))


def register_everybody(network: DemoNetwork) -> None:
    """Partners and schools apply and sign their terms, schools their campaigns; the operator publishes all of it.

    The settlement service takes part as an auditor, which reads everything and writes nothing.
    """
    starts_on, ends_on = date.fromisoformat(STARTS_ON), date.fromisoformat(ENDS_ON)
    with network.operator() as operator:

        def identify(*about: str) -> str:
            return network.dice.id(network.clock(), *about)

        def register(party_id: str, kind: PartyKind, name: str) -> None:
            application = PartyApplication.sign(
                network.party_keys[party_id], network_id=NETWORK_ID, party_id=party_id, kind=kind, display_name=name
            )
            operator.register_party(application, transaction_id=identify("register", party_id))

        for business in BUSINESSES:
            register(business.party_id, PartyKind.PARTNER, business.name)
            terms = TermsOffer.sign(
                network.party_keys[business.party_id][0],
                network_id=NETWORK_ID,
                party_id=business.party_id,
                effective_on=starts_on,
                price_micros=business.price_micros,
                reimbursement_micros=business.reimbursement_micros,
                issue_fee_micros=business.issue_fee_micros,
                prefunded_bps=business.prefunded_bps,
                outstanding_points_max=business.outstanding_points_max,
                alarm_bps=_ALARM_BPS if business.outstanding_points_max else 0,
                funding=Funding.PACKS if business.pack_points else None,
                pack_points=business.pack_points,
                reorder_points=business.pack_points * 2 // 5,
            )
            operator.publish_terms(terms, transaction_id=identify("terms", business.party_id))
        for school in SCHOOLS:
            register(school.party_id, PartyKind.CHARITY, school.name)
            key = network.party_keys[school.party_id][0]
            terms = TermsOffer.sign(
                key,
                network_id=NETWORK_ID,
                party_id=school.party_id,
                effective_on=starts_on,
                price_micros=_SCHOOL_PRICE_MICROS,
                reimbursement_micros=0,
            )
            operator.publish_terms(terms, transaction_id=identify("terms", school.party_id))
            campaign = CampaignOffer.sign(
                key,
                network_id=NETWORK_ID,
                campaign_id=school.campaign_id,
                charity=school.party_id,
                fund_id=school.fund_id,
                title=school.title,
                goal_points=school.goal_points,
                starts_on=starts_on,
                ends_on=ends_on,
            )
            operator.open_campaign(campaign, transaction_id=identify("campaign", school.campaign_id))
        register(SETTLEMENT, PartyKind.AUDITOR, "Settlement service")
