"""The garbage collector is left as it was found."""

from __future__ import annotations

import gc

from network.memory import settled_memory


def test_collector_is_quiet_for_a_while() -> None:
    """It looks less often, and not at what was there before; afterwards all is as it was."""
    gc.unfreeze()
    thresholds = gc.get_threshold()
    with settled_memory():
        assert gc.get_threshold() > thresholds
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (thresholds, 0)


def test_what_the_collector_was_not_to_look_at_stays_so() -> None:
    """A command's imports, for example."""
    gc.freeze()
    with settled_memory():
        pass
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
