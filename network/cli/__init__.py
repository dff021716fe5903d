"""`coalition hub`: making a hub, running it, and what its operator does from a shell."""

from __future__ import annotations

from network.cli._group import hub

__all__ = ["hub"]
