"""The form of every transaction kind: what can be told without knowing any state.

The SDK checks it before sending, the hub at admission, `verify` at replay; it is the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from coalition.form import holders, parties, points
from coalition.form.checks import POINTS_MAX, Form
from coalition.ids import is_transaction_id
from coalition.v1.transaction_pb2 import Transaction

__all__ = ["FORMS", "POINTS_MAX", "check_form"]

#: One check for each kind, by the name of its field in Transaction.
FORMS: Final[Mapping[str, Callable[[Form, Any], None]]] = {
    "issue": points.issue,
    "redeem": points.redeem,
    "donate": points.donate,
    "transfer": points.transfer,
    "hold": points.hold,
    "capture": points.capture,
    "release": points.release,
    "reverse": points.reverse,
    "expire": points.expire,
    "enrol": holders.enrol,
    "add_key": holders.add_key,
    "remove_key": holders.remove_key,
    "set_alias": holders.set_alias,
    "close": holders.close,
    "pledge": holders.pledge,
    "revoke_pledge": holders.revoke_pledge,
    "genesis": parties.genesis,
    "register_party": parties.register_party,
    "set_party_keys": parties.set_party_keys,
    "set_party_status": parties.set_party_status,
    "publish_terms": parties.publish_terms,
    "set_policy": parties.set_policy,
    "open_campaign": parties.open_campaign,
    "close_window": parties.close_window,
    "adjust": parties.adjust,
    "order_pack": parties.order_pack,
}


def check_form(message: Transaction, where: str) -> None:
    """Raises Refused (FIELD_INVALID, SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD) naming the fields below `where`."""
    kind = message.WhichOneof("kind")
    form = Form(where)
    if not is_transaction_id(message.transaction_id):
        form.refuse("transaction_id", "must be the 16 bytes of a UUIDv7 (RFC 9562)")
    if kind is not None:
        FORMS[kind](form.below(kind), getattr(message, kind))
    else:
        form.refuse("kind", "must be one of those that this version knows")
    form.finish()
