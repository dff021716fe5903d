"""The `coalition` command: one group for each part of the product that is installed."""

from __future__ import annotations

from partner_sdk.cli._main import main

__all__ = ["main"]
