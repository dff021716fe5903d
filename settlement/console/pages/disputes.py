"""Disputes: the list, one with its history, and every step that the person's party can take."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route

from coalition.ids import id_text, new_transaction_id
from partner_sdk import PartyKind
from partner_sdk.settlement import Dispute, DisputeAttachment, DisputeReason, DisputeState
from settlement.console.frame import action, first_of, page, rows_of
from settlement.console.typed import amount_micros, whole_number
from settlement.console.visit import Console, Form, Problem, Visit

#: Listed at most, the newest; more have to be asked for by window.
_LISTED_MAX: Final = 1_000
_PAGE_SIZE: Final = 25
_CHUNK: Final = 1 << 20
#: Of attached files, which are read to make their digests and go nowhere.
FILES_BYTES_MAX: Final = 64 << 20
_UNDECIDED: Final = (
    *(DisputeState.RAISED, DisputeState.ANSWERED, DisputeState.REJECTED),
    *(DisputeState.ESCALATED, DisputeState.RULED),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A step that can be taken now, and the form for it."""

    action: str
    heading: str
    text: str
    button: str
    #: The amount to be typed; empty: none.
    amount: str = ""
    words_needed: bool = True
    files: bool = True


def routes(console: Console) -> list[Route]:
    """Everything below /disputes."""
    return [
        page(console, "/disputes", show_list),
        page(console, "/disputes/raise/{sequence:int}", show_form),
        action(console, "/disputes/raise/{sequence:int}", start, back="/disputes/raise/{sequence}"),
        page(console, "/disputes/{dispute_id}", show_one),
        *(
            action(console, f"/disputes/{{dispute_id}}/{name}", act, back="/disputes/{dispute_id}")
            for name, act in _STEPS
        ),
    ]


def show_list(visit: Visit) -> Response:
    """Disputes, newest first; with `all`, also those in which nobody has anything to do."""
    everything = visit.asked("show") == "all"
    window = visit.asked_number("window", 0, 1 << 53)
    # They come in the order in which they were raised.
    kept = deque(visit.client.disputes(window=window, open_only=not everything), _LISTED_MAX + 1)
    found, cut = first_of(reversed(kept), _LISTED_MAX)
    rows, place = rows_of(found, visit.asked_number("page", 1, max(1, len(found))), _PAGE_SIZE)
    return visit.page(
        "disputes.html",
        title="Disputes",
        rows=rows,
        place=place,
        cut=cut,
        everything=everything,
        currency=visit.currency.code,
    )


def show_one(visit: Visit) -> Response:
    """A dispute with all that happened in it, and what the person's party can do."""
    found = visit.client.dispute(visit.text("dispute_id"))
    return visit.page(
        "dispute.html",
        title=f"Dispute {found.number}",
        dispute=found,
        choices=choices(found, visit.console.person.party_id, is_operator=visit.kind is PartyKind.OPERATOR),
        currency=visit.currency.code,
    )


def choices(found: Dispute, party_id: str, *, is_operator: bool) -> list[Choice]:
    """The steps that a party can take, the likeliest first."""
    state, steps = found.state, list[Choice]()
    if party_id == found.respondent:
        answered = any(event.action is not None and event.action.value == "answer" for event in found.events)
        if found.claimed_micros and state in _UNDECIDED:
            steps.append(
                Choice(
                    "accept", "Accept the claim", "You then owe what is claimed.", "Sign and accept", "", False, False
                )
            )
        if state in (DisputeState.RAISED, DisputeState.ESCALATED, DisputeState.RULED) and not answered:
            text = "Say how you see it, once. You may offer an amount, which the other side may accept."
            steps.append(Choice("answer", "Answer", text, "Sign and answer", "Offer (may be left empty)"))
        if state in (DisputeState.RAISED, DisputeState.ANSWERED):
            text = "You accept nothing. The other side may ask the operator to decide."
            steps.append(Choice("reject", "Reject the claim", text, "Sign and reject"))
    if party_id == found.raiser and found.offered_micros and state in _UNDECIDED:
        text = "You are then owed what was offered, and no more."
        steps.append(Choice("accept", "Accept the offer", text, "Sign and accept", "", False, False))
    if party_id in (found.raiser, found.respondent) and state in (DisputeState.ANSWERED, DisputeState.REJECTED):
        text = "The operator then decides, by two people where money moves."
        steps.append(Choice("escalate", "Ask the operator to decide", text, "Sign and ask"))
    if is_operator and state in (DisputeState.ESCALATED, DisputeState.RULED):
        text = "What the respondent owes the raiser; 0 dismisses the claim. An amount needs a second person."
        steps.append(Choice("rule", "Decide", text, "Sign the ruling", "Amount"))
    if is_operator and state is DisputeState.RULED:
        text = "You confirm exactly the ruling that you see, with another key than the one that made it."
        steps.insert(0, Choice("confirm", "Confirm the ruling", text, "Sign and confirm", "", False, False))
    if party_id == found.raiser and state in _UNDECIDED:
        steps.append(Choice("withdraw", "Withdraw", "You give the dispute up.", "Sign and withdraw", "", False, False))
    return steps


def show_form(visit: Visit) -> Response:
    """The form with which a line is disputed."""
    entry = visit.client.entry(visit.number("sequence"))
    own = visit.console.person.party_id
    sides = {name for line in entry.lines for name in (line.issuer, line.counterparty) if name}
    operator = visit.operator
    others = sorted((sides | {operator}) - {own, ""})
    return visit.page(
        "raise.html",
        title=f"Dispute entry {entry.sequence}",
        entry=entry,
        others=others if own in sides | {operator} and entry.lines else [],
        reasons=tuple(DisputeReason),
        dispute_id=id_text(new_transaction_id(visit.client.connection.clock() // 1_000)),
        currency=visit.currency.code,
    )


def start(visit: Visit, form: Form) -> str:
    """Raise a dispute. The form brought its id, so that sending it twice raises one."""
    reason = form.text("reason")
    if reason not in [item.value for item in DisputeReason]:
        raise Problem("No reason is chosen.", "Choose what is wrong.")
    raised = visit.client.raise_dispute(
        visit.number("sequence"),
        form.text("respondent"),
        reason,
        form.text("text"),
        amount_micros=_typed(amount_micros, form.text("amount")),
        points=_typed(whole_number, form.text("points")),
        attachments=_attachments(form),
        dispute_id=form.text("dispute_id"),
    )
    path = f"/disputes/{raised.dispute_id}"
    visit.tell(path, "the dispute is raised.", f"{raised.respondent} answers now.")
    return path


def _step(visit: Visit, form: Form, take: Callable[[Dispute], Dispute], text: str) -> str:
    """Take a step on what the person saw, which the form names."""
    seen = visit.client.dispute(visit.text("dispute_id"))
    if form.text("seen") != seen.seen_digest.hex():
        raise Problem("Somebody has taken another step since you looked.", "Look at it again, then decide.", 409)
    after = take(seen)
    path = f"/disputes/{after.dispute_id}"
    visit.tell(path, text)
    return path


def answer(visit: Visit, form: Form) -> str:
    """The respondent says how it sees it."""
    offer, files = _typed(amount_micros, form.text("amount")), _attachments(form)
    return _step(
        visit,
        form,
        lambda seen: visit.client.answer_dispute(seen, form.text("text"), offer_micros=offer, attachments=files),
        "your answer is recorded.",
    )


def accept(visit: Visit, form: Form) -> str:
    """The respondent accepts the claim, or the raiser the offer."""
    return _step(visit, form, lambda seen: visit.client.accept_dispute(seen, form.text("text")), "it is accepted.")


def reject(visit: Visit, form: Form) -> str:
    """The respondent accepts nothing."""
    files = _attachments(form)
    return _step(
        visit,
        form,
        lambda seen: visit.client.reject_dispute(seen, form.text("text"), attachments=files),
        "the claim is rejected.",
    )


def escalate(visit: Visit, form: Form) -> str:
    """Either side asks the operator to decide."""
    files = _attachments(form)
    return _step(
        visit,
        form,
        lambda seen: visit.client.escalate_dispute(seen, form.text("text"), attachments=files),
        "the operator is asked to decide.",
    )


def withdraw(visit: Visit, form: Form) -> str:
    """The raiser gives it up."""
    return _step(visit, form, lambda seen: visit.client.withdraw_dispute(seen, form.text("text")), "it is withdrawn.")


def rule(visit: Visit, form: Form) -> str:
    """A person of the operator decides."""
    if not form.text("amount"):
        raise Problem("The ruling has no amount.", "Type 0 to dismiss the claim.")
    amount, files = _typed(amount_micros, form.text("amount")), _attachments(form)
    return _step(
        visit,
        form,
        lambda seen: visit.client.rule_dispute(seen, amount, form.text("text"), attachments=files),
        "the ruling is recorded.",
    )


def confirm(visit: Visit, form: Form) -> str:
    """A second person of the operator confirms."""
    return _step(
        visit, form, lambda seen: visit.client.confirm_ruling(seen, form.text("text")), "the ruling is confirmed."
    )


def _attachments(form: Form) -> list[DisputeAttachment]:
    return [_attachment(item) for item in form.files("files")]


def _attachment(upload: UploadFile) -> DisputeAttachment:
    """Name, size and digest of a file, which goes no further."""
    digest, size = hashlib.sha256(), 0
    while chunk := upload.file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return DisputeAttachment(upload.filename or "file", size, digest.digest())


def _typed(read: Callable[[str], int], text: str) -> int:
    """What was typed; 0 for nothing."""
    try:
        return read(text) if text else 0
    except ValueError as error:
        raise Problem(str(error), "Correct it and send the form again.") from error


_STEPS: Final[tuple[tuple[str, Callable[[Visit, Form], str]], ...]] = (
    ("answer", answer),
    ("accept", accept),
    ("reject", reject),
    ("escalate", escalate),
    ("withdraw", withdraw),
    ("rule", rule),
    ("confirm", confirm),
)
