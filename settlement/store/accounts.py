"""Bank accounts of parties, every version of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select

from settlement.payments.accounts import AccountVersion, account_of
from settlement.store.payment_tables import bank_accounts


def add_account(connection: Connection, version: AccountVersion) -> None:
    """One more version of a party's account."""
    connection.execute(
        insert(bank_accounts).values(
            party_id=version.account.party_id,
            number=version.number,
            digest=version.digest,
            document=version.document,
            public_key=version.public_key,
            signature=version.signature,
            recorded_us=version.recorded_us,
        )
    )


def list_accounts(connection: Connection, party_id: str, limit: int | None = None) -> tuple[AccountVersion, ...]:
    """A party's versions, newest first."""
    found = select(bank_accounts).where(bank_accounts.c.party_id == party_id).order_by(bank_accounts.c.number.desc())
    return tuple(map(_version, connection.execute(found.limit(limit))))


def current_digests(connection: Connection) -> dict[str, bytes]:
    """The digest of every party's newest account."""
    newest = select(bank_accounts.c.party_id, func.max(bank_accounts.c.number).label("number"))
    last = newest.group_by(bank_accounts.c.party_id).subquery()
    joined = select(bank_accounts.c.party_id, bank_accounts.c.digest).join(
        last, and_(last.c.party_id == bank_accounts.c.party_id, last.c.number == bank_accounts.c.number)
    )
    return {row.party_id: row.digest for row in connection.execute(joined)}


def accounts_by_digest(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, AccountVersion]:
    """The accounts that instructions name."""
    found: dict[bytes, AccountVersion] = {}
    for digest in set(digests):
        row = connection.execute(select(bank_accounts).where(bank_accounts.c.digest == digest)).one_or_none()
        if row is not None:
            found[digest] = _version(row)
    return found


def _version(row: Row[Any]) -> AccountVersion:
    return AccountVersion(
        account=account_of(row.document),
        number=row.number,
        public_key=row.public_key,
        document=row.document,
        signature=row.signature,
        recorded_us=row.recorded_us,
    )
