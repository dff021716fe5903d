"""Disputes between parties about lines of the settlement. Pure but for the desk: steps are signed, deadlines follow."""

from __future__ import annotations
