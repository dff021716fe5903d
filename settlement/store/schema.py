"""Every table of the database, wherever it is written down."""

from __future__ import annotations

from settlement.store import alert_tables, dispute_tables, payment_tables, reconciliation_tables, tables

metadata = tables.metadata

__all__ = ["alert_tables", "dispute_tables", "metadata", "payment_tables", "reconciliation_tables", "tables"]
