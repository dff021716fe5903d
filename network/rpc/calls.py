"""One call's name in log and answer: a request id, and the party once it is known."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import Final

from network.logs import facts_of_call

REQUEST_ID_KEY: Final = "x-request-id"

_SANE: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id(metadata: Iterable[tuple[str, str | bytes]] | None) -> str:
    """The caller's own request id where it is short and plain, else a new one."""
    for key, value in metadata or ():
        if key == REQUEST_ID_KEY and isinstance(value, str) and _SANE.fullmatch(value):
            return value
    # It names a call, and is nobody's secret.
    return f"{random.getrandbits(128):032x}"


def begin_call(identifier: str, method: str, trace_id: str) -> None:
    """Name the call on every line that is logged while it is served."""
    facts: dict[str, object] = {"request_id": identifier, "method": method, "party": ""}
    if trace_id:
        facts["trace_id"] = trace_id
    facts_of_call.set(facts)


def name_party(party_id: str) -> None:
    """Name the party on every further line of this call. Only for one that has proven who it is."""
    facts_of_call.get()["party"] = party_id


def note_facts(**facts: int) -> None:
    """Counts for the line that ends the call, such as the envelopes of a stream."""
    facts_of_call.get().update(facts)
