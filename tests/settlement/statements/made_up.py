"""Statements made up for tests: random sums of a window among parties with difficult names, and one fit to look at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import id_text, transaction_id
from coalition.keys import SigningKey
from coalition.merkle import inclusion_path, leaf_hash, reader_of, root_of
from coalition.note import Checkpoint, checkpoint_origin, sign_checkpoint
from coalition.v1 import network_pb2
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.network_pb2 import PartyApplication
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from coalition.v1.transaction_pb2 import RegisterParty, Transaction
from coalition.wire import encode
from partner_sdk import PartyKind
from partner_sdk.settlement import (
    CarriedReason,
    DisputeReason,
    DisputeState,
    InstructionState,
    RunState,
    SettlementMethod,
    WindowState,
)
from partner_sdk.statement import (
    SignerEntry,
    Statement,
    StatementCarried,
    StatementDispute,
    StatementFigures,
    StatementLine,
    StatementPayment,
    StatementPeriod,
    StatementSettlement,
    StatementSigner,
)
from settlement.clearing.movements import Movement, MovementKind
from settlement.clearing.totals import Tally
from settlement.statements.figures import Earlier, figures_of
from settlement.statements.lines import amount_of, concerns, kind_of
from settlement.statements.tax import TaxRates
from settlement.statements.view import PartyName, View

NETWORK = "test-network"
OPERATOR = "operator"
HUB_KEY = SigningKey.from_seed(b"h" * 32)
AUDITOR_KEY = SigningKey.from_seed(b"a" * 32)
_START = datetime(2017, 1, 1, 5, tzinfo=UTC)
_END = datetime(2017, 2, 1, 5, tzinfo=UTC)

NAMES = {
    OPERATOR: PartyName("Riverside Rewards Inc.", PartyKind.OPERATOR),
    "grocer": PartyName("Green & Sons, Grocers", PartyKind.PARTNER),
    "florist": PartyName('=HYPERLINK("http://example.com";"Fleuriste \'Ô Lilas\'")', PartyKind.PARTNER),
    "pharmacy": PartyName("日本薬局 Аптека Φαρμακείο", PartyKind.PARTNER),
    "school": PartyName("#panic() *Lincoln* $x$ [School] \\ " + "Parents and Teachers " * 2, PartyKind.CHARITY),
    "shelter": PartyName("@Shelter\u202fلملجأ 🐕", PartyKind.CHARITY),
}
PARTIES = tuple(NAMES)
ISSUERS = ("grocer", "florist", "pharmacy", "school")


def movements(micros_max: int = 10**12) -> st.SearchStrategy[list[Movement]]:
    """What entries of a window moved: every kind, between all parties."""
    points, micros = st.integers(1, 10**6), st.integers(0, micros_max)
    issuer, charity = st.sampled_from(ISSUERS), st.sampled_from(("school", "shelter"))
    acceptor = st.sampled_from((*ISSUERS, "shelter"))

    def issue(kind: MovementKind) -> st.SearchStrategy[Movement]:
        return st.builds(
            lambda who, count, arrears, fee, money: Movement(
                kind,
                who,
                points=count,
                arrears_points=min(arrears, count),
                fee_micros=fee,
                **(
                    {"paid_in_micros": money}
                    if kind is MovementKind.ISSUE
                    else {"paid_back_micros": money, "drawn_micros": money}
                ),
            ),
            issuer,
            points,
            st.just(0) | points,
            micros,
            micros,
        )

    def redeem(kind: MovementKind) -> st.SearchStrategy[Movement]:
        home = "paid_back_micros" if kind is MovementKind.REDEEM else "paid_in_micros"
        return st.builds(
            lambda who, where, count, direct, topup, margin, drawn: (
                Movement(kind, who, where, count, drawn_micros=drawn, **{home: drawn})
                if who == where
                else Movement(kind, who, where, count, 0, direct, topup, margin, drawn_micros=drawn)
            ),
            issuer,
            acceptor,
            points,
            *[micros] * 4,
        )

    def issuer_only(kind: MovementKind, money: str | None) -> st.SearchStrategy[Movement]:
        return st.tuples(issuer, points, micros).map(
            lambda drawn: Movement(kind, drawn[0], points=drawn[1], **({money: drawn[2]} if money else {}))
        )

    return st.lists(
        st.one_of(
            issue(MovementKind.ISSUE),
            issue(MovementKind.ISSUE_REVERSED),
            redeem(MovementKind.REDEEM),
            redeem(MovementKind.REDEEM_REVERSED),
            issuer_only(MovementKind.EXPIRE, "paid_back_micros"),
            issuer_only(MovementKind.POINTS_GIVEN, None),
            issuer_only(MovementKind.POINTS_TAKEN, "paid_back_micros"),
            issuer_only(MovementKind.PACK, "paid_in_micros"),
            st.tuples(issuer, charity, points).map(lambda gift: Movement(MovementKind.DONATE, *gift)),
            st.tuples(st.permutations(PARTIES), micros).map(
                lambda owed: Movement(MovementKind.OBLIGATION, owed[0][0], owed[0][1], direct_micros=owed[1])
            ),
        ),
        max_size=30,
    )


@st.composite
def statements(draw: st.DrawFn, micros_max: int = 10**12, *, lines: bool | None = None) -> Statement:
    """A statement that is right, of any party, of any of these movements."""
    party_id = draw(st.sampled_from(PARTIES))
    moved = draw(movements(micros_max))
    rate = st.none() | st.integers(0, 10_000)
    return make(
        party_id,
        moved,
        exponent=draw(st.integers(0, 6)),
        rates=TaxRates(draw(rate), draw(rate), draw(st.sampled_from(("", "=Reverse charge applies. 消費税")))),
        carried=draw(st.integers(-9_999, 9_999)),
        settled=draw(st.booleans()),
        with_lines=draw(st.booleans()) if lines is None else lines,
        closed=draw(st.booleans()),
    )


def make(
    party_id: str,
    moved: list[Movement],
    *,
    exponent: int = 2,
    rates: TaxRates | None = None,
    carried: int = 0,
    settled: bool = True,
    with_lines: bool = True,
    closed: bool = True,
) -> Statement:
    """The statement of a window in which the entries from 101 on moved this."""
    # The last entry closes the window.
    log = [leaf_hash(b"entry %d" % number) for number in range(1, 102 + len(moved))]
    log[9] = leaf_hash(registration())
    checkpoint = Checkpoint(checkpoint_origin(NETWORK), len(log), root_of(log))
    figures = _figures(party_id, moved, checkpoint, exponent, rates or TaxRates(), carried, settled, closed)
    return Statement(
        figures=figures,
        lines=_lines(party_id, moved, log) if with_lines else None,
        made_at=_END + timedelta(hours=7),
        checkpoint=sign_checkpoint(checkpoint, HUB_KEY),
        signer=StatementSigner(
            party_id="settlement",
            public_key=AUDITOR_KEY.public,
            entries=(SignerEntry(sequence=10, entry=registration(), path=_path(log, 10)),),
        ),
    )


def registration(key: SigningKey = AUDITOR_KEY) -> bytes:
    """The entry that made the settlement service an auditor."""
    application = sign_document(
        dsse.PARTY_APPLICATION,
        PartyApplication(
            network_id=NETWORK,
            party_id="settlement",
            kind=network_pb2.PARTY_KIND_AUDITOR,
            display_name="Settlement",
            public_keys=[key.public],
        ),
        key,
    )
    transaction = Transaction(transaction_id=b"t" * 16, register_party=RegisterParty(application=application))
    outcome = Outcome(transaction_id=b"t" * 16, sequence=10, committed_us=1, status=OUTCOME_STATUS_ACCEPTED)
    return encode(JournalEntry(window=1, author=OPERATOR, transaction=encode(transaction), outcome=encode(outcome)))


def _path(log: list[bytes], sequence: int) -> tuple[bytes, ...]:
    return tuple(inclusion_path(reader_of(log), sequence - 1, len(log)))


def _figures(
    party_id: str,
    moved: list[Movement],
    log: Checkpoint,
    exponent: int,
    rates: TaxRates,
    carried: int,
    settled: bool,
    closed: bool,
) -> StatementFigures:
    tally = Tally()
    for movement in moved:
        tally.move(movement)
    sums = tally.totals().sums
    view = View(party_id, OPERATOR, NAMES)
    period = StatementPeriod(
        network_id=NETWORK,
        currency="USD",
        currency_exponent=exponent,
        time_zone="America/New_York",
        operator_id=OPERATOR,
        operator_name=NAMES[OPERATOR].name,
        party_id=party_id,
        party_name=NAMES[party_id].name,
        party_kind=NAMES[party_id].kind,
        window=3,
        window_state=(WindowState.SETTLED if settled else WindowState.CLOSED) if closed else WindowState.OPEN,
        first_sequence=101,
        last_sequence=log.size,
        opened_at=_START,
        closed_at=_END if closed else None,
    )
    net = sum(amount_of(view, movement) or 0 for movement in moved)
    return figures_of(
        view,
        period,
        sums,
        earlier=Earlier(dict.fromkeys(ISSUERS, 10**9), {"grocer": 5_000_000}),
        rates=rates,
        settlement=_settlement(net, exponent, carried, settled),
        disputes=(
            StatementDispute(
                dispute_id=id_text(transaction_id(1_485_000_000_000, bytes(10))),
                sequence=101,
                raiser="florist",
                respondent="grocer",
                raised_at=_START + timedelta(days=12),
                state=DisputeState.ANSWERED,
                reason=DisputeReason.WRONG_POINTS,
                claimed_micros=12_345_678,
                due_at=_START + timedelta(days=26),
            ),
        )
        if settled and moved
        else (),
        log=log,
    )


def _settlement(net: int, exponent: int, carried: int, settled: bool) -> StatementSettlement:
    per_minor = 10 ** (6 - exponent)
    payable = (net + carried) // per_minor
    left = net + carried - payable * per_minor
    return StatementSettlement(
        run_id=id_text(transaction_id(1_486_000_000_000, bytes(10))) if settled else None,
        run_state=RunState.INSTRUCTED if settled else None,
        method=SettlementMethod.MULTILATERAL if settled else None,
        instructed_at=_END + timedelta(days=2) if settled else None,
        due_on=date(2017, 2, 8) if settled else None,
        windows=(3,),
        amount_micros=net,
        carried_in=(_carried(CarriedReason.UNPAID, carried),) if carried else (),
        payable_minor=payable,
        rounding=(_carried(CarriedReason.ROUNDING, left),) if left else (),
        payments=(
            StatementPayment(
                number=1,
                counterparty=OPERATOR,
                counterparty_name=NAMES[OPERATOR].name,
                amount_minor=payable,
                paid_minor=payable // 2,
                carried_minor=0,
                reference="RF18539007547034",
                state=InstructionState.PART_PAID,
            ),
        )
        if settled and payable
        else (),
    )


def _carried(reason: CarriedReason, micros: int) -> StatementCarried:
    return StatementCarried(counterparty=OPERATOR, reason=reason, amount_micros=micros)


def _lines(party_id: str, moved: list[Movement], log: list[bytes]) -> tuple[StatementLine, ...]:
    view = View(party_id, OPERATOR, NAMES)
    return tuple(
        StatementLine(
            sequence=sequence,
            part=0,
            committed_at=_START + timedelta(minutes=sequence),
            kind=kind_of(movement.kind),
            issuer=movement.issuer,
            counterparty=movement.counterparty,
            points=movement.points,
            arrears_points=movement.arrears_points,
            amount_micros=amount_of(view, movement) or 0,
            transaction_id=id_text(transaction_id(1_485_000_000_000 + sequence, bytes(10))) if own else "",
            reference="-2+3 till 4" if own else "",
            leaf_hash=log[sequence - 1],
            path=_path(log, sequence),
        )
        for sequence, movement in enumerate(moved, 101)
        for own in ((movement.counterparty or movement.issuer) == party_id,)
        if concerns(view, movement)
    )
