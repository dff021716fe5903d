"""The sections `[tax]` and `[statements]` of `settlement.toml`, all of which may be left out.

[tax]                          # for information on statements; part of no amount
issuance_bps = 2000            # hundredths of a percent, on issue fees
redemption_bps = 750           # on reimbursements and margins
note = "Reverse charge applies."

[statements]
fonts = "fonts"                # a folder of fonts for scripts that PDF files lack; below the service's folder
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from settlement.settings import ConfigError
from settlement.statements.tax import TaxRates

_BPS_MAX: Final = 10_000
_NOTE_MAX: Final = 500


def read_tax(values: object, where: str) -> TaxRates:
    """Rates and words on tax. Raises ConfigError; `where` names the section."""
    table = _table(values, where, ("issuance_bps", "redemption_bps", "note"))
    rates: dict[str, int | None] = {}
    for name in ("issuance_bps", "redemption_bps"):
        rate = table.get(name)
        if rate is not None and (type(rate) is not int or not 0 <= rate <= _BPS_MAX):
            raise ConfigError(f"{where}: {name} must be a whole number from 0 to {_BPS_MAX}, not {rate!r}.")
        rates[name] = rate
    note = table.get("note", "")
    if not isinstance(note, str) or len(note) > _NOTE_MAX:
        raise ConfigError(f"{where}: note must be text of at most {_NOTE_MAX} characters.")
    return TaxRates(rates["issuance_bps"], rates["redemption_bps"], note)


def read_fonts(values: object, folder: Path, where: str) -> Path | None:
    """The folder of fonts; None for no more than those at hand. Raises ConfigError."""
    name = _table(values, where, ("fonts",)).get("fonts")
    if name is None:
        return None
    if not isinstance(name, str) or not (folder / name).is_dir():
        raise ConfigError(f"{where}: fonts must name a folder with font files; {name!r} is none.")
    return folder / name


def _table(values: object, where: str, known: Collection[str]) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ConfigError(f"{where} is a section: write [{where.rpartition(' ')[2]}] and its settings below it.")
    for name in sorted(values.keys() - set(known)):
        raise ConfigError(f"{where}: there is no setting {name}. Known: {', '.join(known)}.")
    return values
