"""The garbage collector is left as it was found."""

from __future__ import annotations

import gc

from network.memory import settled_memory


def test_collector_is_quiet_for_a_while() -> None:
    """It looks less often, and not at what was there before; afterwards all is as it was."""
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    with settled_memory():
        assert gc.get_threshold() > thresholds
        assert gc.get_freeze_count() > frozen
    assert (gc.get_threshold(), gc.get_freeze_count()) == (thresholds, frozen)
