"""A web shop with asyncio: set points aside at checkout, capture what was shipped, release what was not.

    python examples/web_shop.py

It starts a small network on this machine, so it needs the hub: pip install 'coalition-points[hub]'.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from partner_sdk import AsyncClient, new_transaction_id
from partner_sdk.errors import InsufficientPoints
from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Consent


class Shop:
    """The shop's side of an order. The ids would be columns of its orders table."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._holds: dict[str, str] = {}

    async def check_out(self, order: str, points: int, consent: Consent) -> str:
        """Set the points aside until the order is shipped, at most for two days; says how that went."""
        # The id is stored before anything is sent: whatever happens now, the shop can always ask what became of it.
        self._holds[order] = new_transaction_id(self._client.connection.clock)
        try:
            held = await self._client.hold(
                consent.holder_id,
                points,
                consent=consent,
                lifetime=timedelta(days=2),
                reference=order,
                transaction_id=self._holds[order],
            )
        except InsufficientPoints as error:
            return f"{order}: {error}"
        return f"{order}: {held.points} points held until {held.expires_at:%d %B %H:%M}, {held.balance.available} free"

    async def ship(self, order: str, points: int) -> None:
        """Redeem what was shipped; the rest goes back to the member."""
        captured = await self._client.capture(self._holds.pop(order), points, reference=order)
        print(f"{order}: {captured.points} points redeemed, {captured.balance.available} left")

    async def cancel(self, order: str) -> None:
        """Give all of it back."""
        released = await self._client.release(self._holds.pop(order))
        assert released.balance is not None
        print(f"{order}: cancelled, {released.balance.available} points there again")


async def main() -> None:
    """Three orders of two members."""
    with LocalNetwork() as network:
        anna, otto = network.member("anna", points=500), network.member("otto", points=50)
        async with network.async_client("florist") as client:
            shop = Shop(client)
            both = await asyncio.gather(
                shop.check_out("order 1", 120, anna.consent_to_redeem("florist", 120)),
                shop.check_out("order 2", 60, otto.consent_to_redeem("florist", 60)),
            )
            print(*both, sep="\n")
            print(await shop.check_out("order 3", 200, anna.consent_to_redeem("florist", 200)))
            await shop.ship("order 1", 100)
            await shop.cancel("order 3")


if __name__ == "__main__":
    asyncio.run(main())
