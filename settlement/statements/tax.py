"""What taxes on supplies are reckoned on. For information: which tax is due is not for a ledger to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from partner_sdk.statement import TAXED, Charge, Section, Side, TaxLine, tax_base, tax_on


@dataclass(frozen=True, slots=True)
class TaxRates:
    """What the operator has configured: hundredths of a percent, None for none; and words to print."""

    issuance_bps: int | None = None
    redemption_bps: int | None = None
    note: str = ""

    def of(self, section: Section) -> int | None:
        """The rate of a section."""
        return self.issuance_bps if section is Section.ISSUANCE else self.redemption_bps


def tax_lines(found: Iterable[Charge], rates: TaxRates, minor_digits: int) -> tuple[TaxLine, ...]:
    """What taxes on supplies are reckoned on: issuance and redemption apart, what is bought and what is sold apart."""
    all_charges = tuple(found)
    return tuple(
        TaxLine(
            section=section,
            side=side,
            base_micros=base,
            rate_bps=rates.of(section),
            tax_minor=None if (rate := rates.of(section)) is None else tax_on(base, rate, minor_digits),
        )
        for section in TAXED
        for side in Side
        if (base := tax_base(all_charges, section, side))
    )
