"""The tables of alerts: when each began and ended, and what people of the operator noted on it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from settlement.store.tables import metadata

_LASTS: Final = text("ended_us = 0")

alert_events: Final = Table(
    "alert_events",
    metadata,
    #: In the order in which they were noticed, from 1.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    #: What it is about; see settlement.alerts.alert.About.
    Column("kind", Integer, nullable=False),
    Column("party_id", String(32), nullable=False),
    Column("window_number", BigInteger, nullable=False),
    Column("subject_id", String(64), nullable=False),
    #: What was the matter when it began, and the figures then, as JSON.
    Column("text", Text, nullable=False),
    Column("figures", Text, nullable=False),
    Column("raised_us", BigInteger, nullable=False),
    #: 0 while it lasts.
    Column("ended_us", BigInteger, nullable=False),
    #: Of all changes of any alert this one's last, from 1: whoever follows goes on from there.
    Column("change", BigInteger, nullable=False),
    Index("ix_alert_events_change", "change", unique=True),
    # The database itself refuses a second alert about the same.
    Index(
        "ix_alert_events_lasting",
        *("kind", "party_id", "window_number", "subject_id"),
        unique=True,
        sqlite_where=_LASTS,
        postgresql_where=_LASTS,
    ),
)

alert_notes: Final = Table(
    "alert_notes",
    metadata,
    Column("alert_number", ForeignKey(alert_events.c.number), primary_key=True),
    #: From 1.
    Column("number", Integer, primary_key=True, autoincrement=False),
    #: The exact bytes of the AlertNote, and the operator's signature over them.
    Column("document", LargeBinary, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Column("recorded_us", BigInteger, nullable=False),
)
