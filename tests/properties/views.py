"""The same state in the same plain form, from the model and from the ledger, so that they can be compared."""

from __future__ import annotations

from typing import Any

from network.ledger.records import HoldStatus, PledgeStatus, Usage
from network.ledger.state import State, Table
from tests.properties.model.books import Books, Lot
from tests.properties.model.pledges import due

View = dict[str, dict[Any, Any]]


def _figures(terms: Any) -> tuple[int, ...]:
    """What both know of terms, message or record, by the same names."""
    names = ("price_micros", "prefunded_bps", "outstanding_points_max", "funding", "pack_points", "reorder_points")
    return tuple(getattr(terms, name) for name in (*names, "alarm_bps"))


def model_view(books: Books, day: str) -> View:
    """The model's books, as of a day."""
    issuers = {issuer for issuer, _ in books.flows} | {lot.issuer for lots in books.lots.values() for lot in lots}
    return {
        "head": {"sequence": books.sequence, "committed_us": books.committed_us, "window": books.window},
        "network": dict(books.network),
        "policies": {sequence: (first_day, raw) for first_day, sequence, raw in books.policies},
        "parties": {
            party_id: (party["kind"], party["name"], party["active"], party["keys"], party["revoked"])
            for party_id, party in books.parties.items()
        },
        "terms": {
            (party_id, sequence): (first_day, *_figures(offer))
            for party_id, versions in books.terms.items()
            for first_day, sequence, offer in versions
        },
        "campaigns": {
            fund: (offer.campaign_id, offer.charity, offer.starts_on, offer.ends_on)
            for fund, offer in books.campaigns.items()
        },
        "holders": {
            holder_id: (
                holder["kind"],
                holder["open"],
                holder["owner"],
                holder["keys"],
                books.points_of(holder_id),
                books.held(holder_id),
                holder["raised"],
            )
            for holder_id, holder in books.holders.items()
        },
        "aliases": dict(books.aliases),
        "lots": {
            holder_id: [(lot.order(), lot.points) for lot in found]
            for holder_id in books.lots
            if (found := books.lots_of(holder_id, day))
        },
        "arrears": {key: points for key, points in books.arrears.items() if points},
        "holds": {
            key: (hold["holder"], hold["points"], hold["expires"], hold["status"], list(hold["parts"]))
            for key, hold in books.holds.items()
        },
        "nonces": dict(books.nonces),
        "usage": {key: points for key, points in books.usage.items() if points},
        "pledges": {
            (holder_id, found["id"]): (found["fund"], found["revoked"], found["accrued"], found["donated"], due(found))
            for holder_id, pledges in books.pledges.items()
            for found in pledges
        },
        "reversed": {key: original["reversed"] for key, original in books.originals.items() if original["reversed"]},
        "totals": {
            issuer: (
                books.flows[issuer, "issued"],
                books.flows[issuer, "issue_reversed"],
                books.flows[issuer, "redeemed"],
                books.flows[issuer, "redeem_reversed"],
                books.flows[issuer, "expired"],
                books.flows[issuer, "adjusted"],
                books.in_lots(issuer),
                books.in_holds(issuer),
                books.owed_to(issuer),
            )
            for issuer in issuers
        },
    }


def state_view(state: State, day: str) -> View:
    """The ledger's tables, as of a day."""
    tables = tables_of(state)
    network = tables["network"].get("")
    lots = Books(
        lots={holder_id: [Lot(*lot) for lot in found] for holder_id, found in tables["lots"].items()},
    )
    return {
        "head": {
            "sequence": state.head.sequence,
            "committed_us": state.head.committed_us,
            "window": state.head.window,
        },
        "network": {}
        if network is None
        else {
            "network_id": network.network_id,
            "time_zone": network.time_zone,
            "currency": network.currency,
            "exponent": network.currency_exponent,
            "operator": network.operator,
            "hub": network.hub,
        },
        "policies": {
            version.sequence: (version.effective_on, version.policy)
            for versions in tables["policies"].values()
            for version in versions
        },
        "parties": {
            party_id: (party.kind, party.display_name, party.status == 1, list(party.keys), list(party.revoked_keys))
            for party_id, party in tables["parties"].items()
        },
        "terms": {
            (party_id, terms.sequence): (terms.effective_on, *_figures(terms))
            for party_id, versions in tables["terms"].items()
            for terms in versions
        },
        "campaigns": {
            fund: (campaign.campaign_id, campaign.charity, campaign.starts_on, campaign.ends_on)
            for fund, campaign in tables["campaigns"].items()
        },
        "holders": {
            holder_id: (
                holder.kind,
                holder.status == 1,
                holder.enrolled_by,
                list(holder.keys),
                holder.points,
                holder.held_points,
                holder.raised_points,
            )
            for holder_id, holder in tables["holders"].items()
        },
        "aliases": tables["aliases"],
        "lots": {
            holder_id: [(lot.order(), lot.points) for lot in lots.lots_of(holder_id, day)] for holder_id in lots.lots
        },
        "arrears": {
            (holder_id, arrear.issuer): arrear.points
            for holder_id, arrears in tables["arrears"].items()
            for arrear in arrears
        },
        "holds": {
            key: (
                hold.holder_id,
                hold.points,
                hold.expires_us,
                HoldStatus(hold.status).name,
                [tuple(part) for part in hold.parts],
            )
            for key, hold in tables["holds"].items()
        },
        "nonces": tables["nonces"],
        "usage": {(Usage(what).name, who, day): points for (what, who, day), points in tables["usage"].items()},
        "pledges": {
            (holder_id, pledge.pledge_id): (
                pledge.fund_id,
                pledge.status == PledgeStatus.REVOKED,
                pledge.accrued_bps,
                pledge.donated_points,
                pledge.due_points,
            )
            for holder_id, pledges in tables["pledges"].items()
            for pledge in pledges
        },
        "reversed": {
            key: original.reversed_points for key, original in tables["originals"].items() if original.reversed_points
        },
        "totals": {issuer: tuple(totals)[1:] for issuer, totals in tables["totals"].items()},
    }


def tables_of(state: State) -> View:
    """A copy of every table but the journal's own; records that do not exist are left out. Records never change."""
    named = (*state.reference.tables(), *working_tables(state))
    return {table.name: {key: row for key, row in table.rows.items() if row} for table in named}


def working_tables(state: State) -> tuple[Table[Any, Any], ...]:
    """All but the reference tables and the journal."""
    return (
        state.holders,
        state.aliases,
        state.lots,
        state.arrears,
        state.holds,
        state.nonces,
        state.originals,
        state.totals,
        state.usage,
        state.pledges,
    )
