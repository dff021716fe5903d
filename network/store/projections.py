"""Which table keeps which records: the one description from which rows are flushed and by which `verify` compares them.

In every table here the columns of the primary key come first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sqlalchemy import Table

from network.ledger.records import (
    Arrear,
    Campaign,
    Hold,
    Holder,
    Lot,
    Network,
    Original,
    Party,
    Pledge,
    PolicyVersion,
    Terms,
    Totals,
    Usage,
)
from network.ledger.state import State
from network.ledger.state import Table as Records
from network.store import tables
from network.store.rows import hold_row, holder_row, party_row, pledge_row, policy_row, terms_row
from network.store.sql import Row


class Projection(NamedTuple):
    """A table, the records that it keeps, and the rows that one of them makes; None makes none."""

    table: Table
    records: Callable[[State], Records[Any, Any]]
    rows: Callable[[Any, Any], list[Row]]

    @property
    def key_columns(self) -> int:
        return len(self.table.primary_key.columns)


def _network(_key: str, network: Network | None) -> list[Row]:
    return [] if network is None else [tuple(network)]


def _policies(_key: str, versions: tuple[PolicyVersion, ...] | None) -> list[Row]:
    return [policy_row(version) for version in versions or ()]


def _parties(_key: str, party: Party | None) -> list[Row]:
    return [] if party is None else [party_row(party)]


def _terms(_key: str, versions: tuple[Terms, ...] | None) -> list[Row]:
    return [terms_row(version) for version in versions or ()]


def _campaigns(_key: str, campaign: Campaign | None) -> list[Row]:
    return [] if campaign is None else [tuple(campaign)]


def _holders(_key: str, holder: Holder | None) -> list[Row]:
    return [] if holder is None else [holder_row(holder)]


def _aliases(alias: str, holder_id: str | None) -> list[Row]:
    return [] if holder_id is None else [(alias, holder_id)]


def _lots(holder_id: str, lots: tuple[Lot, ...] | None) -> list[Row]:
    return [(holder_id, lot.issuer, lot.expires_on, lot.available_on, lot.opened, lot.points) for lot in lots or ()]


def _arrears(holder_id: str, arrears: tuple[Arrear, ...] | None) -> list[Row]:
    return [(holder_id, arrear.issuer, arrear.points) for arrear in arrears or ()]


def _holds(_key: tuple[str, bytes], hold: Hold | None) -> list[Row]:
    return [] if hold is None else [hold_row(hold)]


def _nonces(key: tuple[str, bytes], sequence: int | None) -> list[Row]:
    return [] if sequence is None else [(*key, sequence)]


def _reversals(key: tuple[str, bytes], original: Original | None) -> list[Row]:
    return [] if original is None or original.reversed_points == 0 else [(*key, original.reversed_points)]


def _totals(_key: str, totals: Totals | None) -> list[Row]:
    return [] if totals is None else [tuple(totals)]


def _usage(key: tuple[Usage, str, str], points: int | None) -> list[Row]:
    return [] if points is None else [(int(key[0]), key[1], key[2], points)]


def _pledges(holder_id: str, pledges: tuple[Pledge, ...] | None) -> list[Row]:
    return [pledge_row(holder_id, pledge) for pledge in pledges or ()]


PROJECTIONS: Final = (
    Projection(tables.network, lambda state: state.reference.network, _network),
    Projection(tables.policies, lambda state: state.reference.policies, _policies),
    Projection(tables.parties, lambda state: state.reference.parties, _parties),
    Projection(tables.terms, lambda state: state.reference.terms, _terms),
    Projection(tables.campaigns, lambda state: state.reference.campaigns, _campaigns),
    Projection(tables.holders, lambda state: state.holders, _holders),
    Projection(tables.aliases, lambda state: state.aliases, _aliases),
    Projection(tables.lots, lambda state: state.lots, _lots),
    Projection(tables.arrears, lambda state: state.arrears, _arrears),
    Projection(tables.holds, lambda state: state.holds, _holds),
    Projection(tables.nonces, lambda state: state.nonces, _nonces),
    Projection(tables.reversals, lambda state: state.originals, _reversals),
    Projection(tables.totals, lambda state: state.totals, _totals),
    Projection(tables.usage, lambda state: state.usage, _usage),
    Projection(tables.pledges, lambda state: state.pledges, _pledges),
)
