"""Transactions to be, for `Client.submit` and `Client.submit_stream`: `drafts.issue("anna", 10)`."""

from __future__ import annotations

from partner_sdk._draft import Draft
from partner_sdk._funding_drafts import order_pack
from partner_sdk._holder_drafts import (
    add_key,
    close_holder,
    enrol,
    pledge,
    remove_key,
    revoke_pledge,
    set_alias,
)
from partner_sdk._points_drafts import capture, donate, hold, issue, redeem, release, reverse, transfer

__all__ = [
    "Draft",
    "add_key",
    "capture",
    "close_holder",
    "donate",
    "enrol",
    "hold",
    "issue",
    "order_pack",
    "pledge",
    "redeem",
    "release",
    "remove_key",
    "reverse",
    "revoke_pledge",
    "set_alias",
    "transfer",
]
