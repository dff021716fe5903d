"""A party's statement of a window, and how to tell that it is right.

`verify_statement` takes the signed JSON file of a statement, as `SettlementClient.statement_file` and
`coalition settlement statement` give it, and needs nothing but the hub's pinned keys. Amounts are whole millionths of
the settlement currency (`_micros`), or minor units of it (`_minor`).
"""

from __future__ import annotations

from partner_sdk._errors import StatementInvalid
from partner_sdk._plain import decimal_of
from partner_sdk._settlement_lines import LineKind
from partner_sdk._statement_check import verify_statement
from partner_sdk._statement_form import STATEMENT_BYTES_MAX, sign_statement
from partner_sdk._statement_models import (
    SignerEntry,
    Statement,
    StatementFigures,
    StatementLine,
    StatementPeriod,
    StatementSigner,
)
from partner_sdk._statement_rows import (
    Accepted,
    Charge,
    Donated,
    Elsewhere,
    PointsAccount,
    PrefundedPool,
    Purpose,
    Section,
    Side,
    TaxLine,
)
from partner_sdk._statement_settlement import StatementCarried, StatementDispute, StatementPayment, StatementSettlement
from partner_sdk._statement_sums import TAXED, check_sums, tax_base, tax_on

__all__ = [
    "STATEMENT_BYTES_MAX",
    "TAXED",
    "Accepted",
    "Charge",
    "Donated",
    "Elsewhere",
    "LineKind",
    "PointsAccount",
    "PrefundedPool",
    "Purpose",
    "Section",
    "Side",
    "SignerEntry",
    "Statement",
    "StatementCarried",
    "StatementDispute",
    "StatementFigures",
    "StatementInvalid",
    "StatementLine",
    "StatementPayment",
    "StatementPeriod",
    "StatementSettlement",
    "StatementSigner",
    "TaxLine",
    "check_sums",
    "decimal_of",
    "sign_statement",
    "tax_base",
    "tax_on",
    "verify_statement",
]
