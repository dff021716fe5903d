"""What windows add up to, asked for once where it cannot change any more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from partner_sdk.settlement import Obligation, SettlementClient, Window, WindowReport, WindowState
from settlement.report.window import Saving, gross, multilateral

_KEPT_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Sums:
    """The figures of a window that lists and curves show."""

    currency: str
    exponent: int
    gross: Saving
    net: Saving
    #: Points of all parties that the caller sees.
    issued: int
    redeemed: int
    expired: int
    #: What each party receives less what it owes, of all obligations that the caller sees; micro-units.
    nets: tuple[tuple[str, int], ...]
    #: Whose points moved, or who moved some.
    parties: tuple[str, ...]

    @property
    def saved_micros(self) -> int:
        """How much less money moves than without netting."""
        return max(0, self.gross.amount_micros - self.net.amount_micros)


class Reports:
    """Keeps the sums of windows that are closed: entries no longer come to them."""

    def __init__(self, client: SettlementClient) -> None:
        self._client = client
        self._kept: OrderedDict[int, Sums] = OrderedDict()

    def sums(self, windows: Iterable[Window]) -> dict[int, Sums]:
        """The sums of each, by number."""
        return {window.number: self.sums_of_number(window.number) for window in windows}

    def sums_of_number(self, number: int) -> Sums:
        """The sums of one window. Raises NotFound."""
        return self._kept.get(number) or self._ask(number)

    def _ask(self, number: int) -> Sums:
        report = self._client.window(number)
        found = sums_of(report)
        if report.window.state is not WindowState.OPEN:
            self._kept[number] = found
            while len(self._kept) > _KEPT_MAX:
                self._kept.popitem(last=False)
        return found


def sums_of(report: WindowReport) -> Sums:
    """A report's sums."""
    return Sums(
        currency=report.currency,
        exponent=report.currency_exponent,
        gross=gross(report),
        net=multilateral(report),
        issued=sum(item.issued for item in report.activity),
        redeemed=sum(item.redeemed for item in report.activity),
        expired=sum(item.expired for item in report.activity),
        nets=_nets(report.obligations),
        parties=tuple(item.party_id for item in report.activity),
    )


def _nets(obligations: Iterable[Obligation]) -> tuple[tuple[str, int], ...]:
    nets: dict[str, int] = {}
    for item in obligations:
        nets[item.creditor] = nets.get(item.creditor, 0) + item.amount_micros
        nets[item.debtor] = nets.get(item.debtor, 0) - item.amount_micros
    return tuple(nets.items())
