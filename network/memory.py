"""How the hub's processes treat the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def settle_memory() -> None:
    """Let the garbage collector look less often, and never again at what lives as long as the hub. Once all is made.

    A batch makes tens of thousands of records, which reference counts free without it. By default it would look through
    them every few hundred, and now and then through all modules and tables: a good tenth of the writer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@contextmanager
def settled_memory() -> Iterator[None]:
    """The same for one long piece of work, such as the replay of a journal, which would take a third longer.

    The collector can only be given everything back: where it was not to look at something before, it is given nothing.
    """
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    settle_memory()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()
        gc.set_threshold(*thresholds)
