"""A holder's life."""

from __future__ import annotations

from coalition.v1 import transaction_pb2 as pb
from tests.properties.model.books import CHARITY, FUND, MEMBER, OPERATOR, Books
from tests.properties.model.consents import burn_order, check_order
from tests.properties.model.verdict import Answer, Done, Moment, Why, find_holder

KEYS_MAX = 8


def enrol(books: Books, at: Moment, message: pb.Enrol) -> Answer:
    why = Why()
    why.unless(message.kind == MEMBER or at.author_kind == CHARITY, "HOLDER_KIND_WRONG")
    why.unless(message.holder_id not in books.holders, "HOLDER_EXISTS")
    why.unless(not message.alias or message.alias not in books.aliases, "ALIAS_TAKEN")
    if why:
        return why
    open_account(books, message.holder_id, message.kind, at.author, list(message.public_keys))
    if message.alias:
        books.aliases[message.alias] = message.holder_id
    return Done(message.holder_id)


def open_account(books: Books, holder_id: str, kind: int, owner: str, keys: list[bytes]) -> None:
    books.holders[holder_id] = {"kind": kind, "open": True, "owner": owner, "keys": keys, "raised": 0}


def add_key(books: Books, at: Moment, message: pb.AddKey) -> Answer:
    why = Why()
    holder = find_holder(books, why, message.holder_id, MEMBER)
    if holder is None:
        return why
    first = not holder["keys"] and holder["owner"] == at.author
    _may_change_keys(books, why, at, message, first)
    why.unless(message.public_key not in holder["keys"] and len(holder["keys"]) < KEYS_MAX, "KEY_EXISTS")
    if why:
        return why
    if message.HasField("order"):
        burn_order(books, at, message.holder_id, message.order)
    holder["keys"] = [*holder["keys"], message.public_key]
    return Done(message.holder_id)


def remove_key(books: Books, at: Moment, message: pb.RemoveKey) -> Answer:
    why = Why()
    holder = find_holder(books, why, message.holder_id, MEMBER)
    if holder is None:
        return why
    _may_change_keys(books, why, at, message, False)
    left = [key for key in holder["keys"] if key != message.public_key]
    if why.unless(message.public_key in holder["keys"], "CONSENT_KEY_UNKNOWN"):
        why.unless(len(left) > 0, "LAST_KEY")
    if why:
        return why
    if message.HasField("order"):
        burn_order(books, at, message.holder_id, message.order)
    holder["keys"] = left
    return Done(message.holder_id)


def _may_change_keys(books: Books, why: Why, at: Moment, message: pb.AddKey | pb.RemoveKey, first: bool) -> None:
    if message.HasField("order"):
        check_order(books, why, at, message.holder_id, books.holders[message.holder_id], message.order)
    else:
        why.unless(first or (at.author_kind == OPERATOR and at.signatures >= 2), "ORDER_REQUIRED")


def set_alias(books: Books, at: Moment, message: pb.SetAlias) -> Answer:
    why = Why()
    holder = find_holder(books, why, message.holder_id)
    if holder is None:
        return why
    why.unless(at.author_kind == OPERATOR or holder["owner"] == at.author, "ORDER_REQUIRED")
    tied = books.aliases.get(message.alias)
    if message.remove:
        why.unless(tied == message.holder_id, "ALIAS_UNKNOWN")
    else:
        why.unless(tied is None, "ALIAS_TAKEN")
    if why:
        return why
    if message.remove:
        del books.aliases[message.alias]
    else:
        books.aliases[message.alias] = message.holder_id
    return Done(message.holder_id)


def close(books: Books, at: Moment, message: pb.Close) -> Answer:
    why = Why()
    holder = find_holder(books, why, message.holder_id)
    if holder is None:
        return why
    if message.HasField("order"):
        check_order(books, why, at, message.holder_id, holder, message.order)
    else:
        why.unless(holder["kind"] == FUND and holder["owner"] == at.author, "ORDER_REQUIRED")
    empty = books.points_of(message.holder_id) == 0 and books.held(message.holder_id) == 0
    why.unless(empty, "HOLDER_NOT_EMPTY")
    if why:
        return why
    if message.HasField("order"):
        burn_order(books, at, message.holder_id, message.order)
    holder["open"] = False
    return Done(message.holder_id)
