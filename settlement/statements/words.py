"""What people read for the words of a statement."""

from __future__ import annotations

from typing import Final

TITLES: Final = {
    "points": "Own points",
    "charges": "Charges",
    "elsewhere": "Own points redeemed elsewhere, by acceptor",
    "accepted": "Points accepted, by issuer",
    "donated": "Own points donated, by charity",
    "donations": "Donations received, by issuer",
    "pools": "Prefunded money held by the operator",
    "settlement": "From net position to payment",
    "payments": "Payments",
    "tax": "Taxable amounts",
    "disputes": "Open disputes",
    "lines": "Lines",
}

COLUMNS: Final = {
    "item": "Item",
    "section": "Section",
    "purpose": "For",
    "reversal": "Reversal",
    "party": "With",
    "party_name": "Name",
    "points": "Points",
    "reversed_points": "Reversed points",
    "arrears_points": "Arrears",
    "reimbursement": "Reimbursement",
    "top_up": "From prefunding",
    "margin": "Margin",
    "amount": "Amount",
    "opening": "Opening",
    "paid_in": "Paid in",
    "put_back": "Put back",
    "drawn": "Drawn",
    "closing": "Closing",
    "why": "Why",
    "number": "No.",
    "reference": "Reference",
    "state": "State",
    "paid": "Paid",
    "side": "Supply",
    "base": "Base",
    "rate": "Rate",
    "tax": "Tax",
    "dispute_id": "Dispute",
    "sequence": "Entry",
    "part": "Part",
    "carried": "Left to next",
    "raiser": "Raised by",
    "respondent": "Against",
    "raised_at": "Raised",
    "due_at": "Due by",
    "claimed": "Claimed",
    "reason": "Reason",
    "committed_at": "Committed",
    "kind": "What",
    "issuer": "Issuer",
    "transaction_id": "Transaction",
}

#: What is said about a table before it.
NOTES: Final = {
    "charges": "In {currency}. Positive amounts are owed to you, negative ones by you.",
    "elsewhere": "In {currency}, less reversals. The reimbursement and the margin are owed by you; what comes from "
    "prefunding the operator pays out of what you have paid in.",
    "accepted": "In {currency}, less reversals, owed to you.",
    "pools": "In {currency}. Paid in for points that are still to be redeemed, and drawn when they are, or expire.",
    "settlement": "In {currency}.",
    "payments": "In {currency}. Negative amounts are paid by you. What is left goes into the next run.",
    "tax": "In {currency}, for information: what a tax on supplies would be reckoned on. No tax is part of any amount "
    "above, and which tax is due is for the parties to say.",
    "lines": "Amounts in {currency}, owed to you or, negative, by you. Transaction ids, references in full and the "
    "proof that each entry is in the hub's log are in the signed file.",
    "disputes": "In {currency}, claimed by the one from the other. The figures above count the entries as they are; a "
    "decision is booked as a correction in a later window.",
}

_WORDS: Final = {
    "issuance": "Issuance",
    "redemption": "Redemption",
    "funding": "Funding",
    "correction": "Corrections",
    "issue_fee": "Issue fee",
    "reimbursement": "Reimbursement",
    "top_up": "Reimbursement from prefunding",
    "margin": "Margin",
    "paid_in": "Paid in advance",
    "paid_back": "Prefunding paid back",
    "opening": "Outstanding at the beginning",
    "issued": "Issued",
    "arrears_repaid": "Of these, to repay arrears",
    "issues_reversed": "Issues reversed",
    "arrears_made": "Of these, spent already (arrears)",
    "redeemed_elsewhere": "Redeemed elsewhere",
    "redemptions_reversed_elsewhere": "Redemptions elsewhere reversed",
    "redeemed_here": "Redeemed here",
    "redemptions_reversed_here": "Redemptions here reversed",
    "expired": "Expired (breakage)",
    "given": "Corrections: given",
    "taken": "Corrections: taken",
    "net": "Net position",
    "carried_in": "Carried in",
    "carried_out": "Left to the next run",
    "rounding": "rounding",
    "unpaid": "unpaid",
    "overpaid": "overpaid",
    "received": "Received from others",
    "supplied": "Supplied to others",
}

#: What the sums of tables are.
TOTALS: Final = {
    "points": "Outstanding at the end",
    "charges": "Net position",
    "settlement": "Payable",
    "lines": "Net position",
}


def words_of(code: str) -> str:
    """What people read for one of our words."""
    return _WORDS.get(code) or code.replace("_", " ").capitalize()
