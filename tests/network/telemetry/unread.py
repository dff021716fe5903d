"""Metrics that nobody reads."""

from __future__ import annotations

from network.config import Limits
from network.telemetry.metrics import Metrics
from network.telemetry.readings import About


def unread_metrics() -> Metrics:
    """For parts that count, where nobody asks."""
    return Metrics(About("0", "points.example", certificate_ends_s=0.0, limits=Limits()))
