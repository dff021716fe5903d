"""The tables of disputes. A dispute is its signed steps; what else stands in a row follows from them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from coalition.v1.transaction_pb2 import TRANSACTION_KIND_ADJUST
from settlement.store.tables import metadata, records

_PARTY_ID: Final = String(32)

disputes: Final = Table(
    "disputes",
    metadata,
    Column("dispute_id", LargeBinary(16), primary_key=True),
    #: Order in which they were raised, from 1.
    Column("number", BigInteger, nullable=False),
    #: Of the disputed line. No foreign keys: the books may be made anew, disputes may not.
    Column("sequence", BigInteger, nullable=False),
    Column("window_number", BigInteger, nullable=False),
    Column("raiser", _PARTY_ID, nullable=False),
    Column("respondent", _PARTY_ID, nullable=False),
    Column("operator", _PARTY_ID, nullable=False),
    #: The deadlines under which it was raised, in days.
    Column("answer_days", Integer, nullable=False),
    Column("escalate_days", Integer, nullable=False),
    Column("decide_days", Integer, nullable=False),
    #: As of the last step: after this moment the dispute is over without money; 0: it is not over by itself.
    Column("over_us", BigInteger, nullable=False),
    #: As of the last step: what was agreed on or ruled; 0: nothing.
    Column("accepted_micros", BigInteger, nullable=False),
    UniqueConstraint("number"),
    Index("ix_disputes_sequence", "sequence"),
    Index("ix_disputes_raiser", "raiser"),
    Index("ix_disputes_respondent", "respondent"),
    Index("ix_disputes_window_number", "window_number"),
)

dispute_steps: Final = Table(
    "dispute_steps",
    metadata,
    Column("dispute_id", ForeignKey(disputes.c.dispute_id), primary_key=True),
    #: From 1.
    Column("number", Integer, primary_key=True, autoincrement=False),
    #: The exact bytes of the DisputeStep, and the signature over them by a key of the party that took it.
    Column("document", LargeBinary, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    #: When the service took it in, by its clock; deadlines count from it.
    Column("recorded_us", BigInteger, nullable=False),
)

_IS_ADJUSTMENT: Final = text(f"kind = {TRANSACTION_KIND_ADJUST}")
#: Adjustments are few among the records; a dispute finds its own by their reference.
Index("ix_records_adjustment", records.c.reference, sqlite_where=_IS_ADJUSTMENT, postgresql_where=_IS_ADJUSTMENT)
