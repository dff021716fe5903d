"""Reads the reference tables. They are small: read as a whole, and kept in memory from batch to batch."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select

from network.ledger.records import Campaign, Network, Terms
from network.ledger.state import Reference
from network.store import tables
from network.store.rows import party_of, policy_of, terms_of


def load_reference(connection: Connection) -> Reference:
    """The reference tables as the database has them."""
    reference = Reference()
    for row in connection.execute(select(tables.network)):
        reference.network.load("", Network(*row))

    versions = select(tables.policies).order_by(tables.policies.c.effective_on, tables.policies.c.sequence)
    policies = tuple(policy_of(row) for row in connection.execute(versions))
    if policies:
        reference.policies.load("", policies)

    for row in connection.execute(select(tables.parties)):
        party = party_of(row)
        reference.parties.load(party.party_id, party)

    terms: defaultdict[str, list[Terms]] = defaultdict(list)
    published = select(tables.terms).order_by(tables.terms.c.effective_on, tables.terms.c.sequence)
    for row in connection.execute(published):
        version = terms_of(row)
        terms[version.party_id].append(version)
    for party_id, of_party in terms.items():
        reference.terms.load(party_id, tuple(of_party))

    for row in connection.execute(select(tables.campaigns)):
        campaign = Campaign(*row)
        reference.campaigns.load(campaign.fund_id, campaign)
    return reference


def copy_reference(reference: Reference) -> Reference:
    """The same records in tables of their own, for readers, while the writer changes the original."""
    copy = Reference()
    for source, target in zip(reference.tables(), copy.tables(), strict=True):
        target.rows.update(source.rows)
    return copy
