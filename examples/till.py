"""A till: earn at the checkout, redeem with the member's consent, refund.

    python examples/till.py

It starts a small network on this machine, so it needs the hub: pip install 'coalition-points[hub]'. A real till has
`Client.from_profile("grocer")` instead, and everything else the same.
"""

from __future__ import annotations

from partner_sdk import Client
from partner_sdk.errors import ConsentRequired, InsufficientPoints, ScanError
from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Consent

#: A point for each euro.
CENTS_PER_POINT = 100


class Till:
    """What the checkout calls. `receipt` is the shop's own number of a sale."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def earn(self, card: str, receipt: str, amount_cents: int) -> str:
        """Points for a purchase; gives the id to keep with the sale, for a later refund."""
        holder = self._client.holder(alias=card)
        points = amount_cents // CENTS_PER_POINT
        result = self._client.issue(holder.holder_id, points, reference=receipt, purchase_amount_minor=amount_cents)
        print(f"{receipt}: {points} points earned, {result.balance.available} available")
        return result.transaction_id

    def redeem(self, scanned: str, receipt: str, points: int) -> bool:
        """Take points in payment, by what the scanner read from the member's phone."""
        try:
            consent = Consent.from_text(scanned)
            result = self._client.redeem(consent.holder_id, points, consent=consent, reference=receipt)
        except ScanError as error:
            print(f"{receipt}: please scan again. {error}")
            return False
        except InsufficientPoints as error:
            print(f"{receipt}: only {error.available} points there, {error.asked} needed")
            return False
        except ConsentRequired as error:
            print(f"{receipt}: {error}")
            return False
        print(f"{receipt}: {points} points redeemed, {result.balance.available} left")
        return True

    def refund(self, transaction_id: str, receipt: str, amount_cents: int) -> None:
        """Goods came back: take their points back."""
        result = self._client.reverse(transaction_id, amount_cents // CENTS_PER_POINT, reference=receipt)
        print(f"{receipt}: {result.points} points taken back, {result.balance.available} left")


def main() -> None:
    """An afternoon at the greengrocer's."""
    with LocalNetwork() as network:
        client = network.client("grocer")
        anna = network.member("anna")
        client.set_alias("anna", "4006381333931")
        till = Till(client)
        sale = till.earn("4006381333931", "receipt 1", 5_499)
        till.redeem("https://some.shop/qr", "receipt 2", 20)
        till.redeem(anna.consent_to_redeem("grocer", 100).text(), "receipt 3", 80)
        till.redeem(anna.consent_to_redeem("grocer", 100).text(), "receipt 4", 30)
        till.refund(sale, "receipt 5", 1_999)


if __name__ == "__main__":
    main()
