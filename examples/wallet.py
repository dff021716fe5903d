"""A member's side: a wallet on a phone that signs consents, gives to a school, and changes its key.

    python examples/wallet.py

It starts a small network on this machine, so it needs the hub: pip install 'coalition-points[hub]'.
"""

from __future__ import annotations

from datetime import timedelta

from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Wallet


def main() -> None:
    """What Anna's phone does in a month."""
    with LocalNetwork() as network:
        grocer = network.client("grocer")
        phone = Wallet.generate(network.network_id, "anna", clock=network.clock)
        grocer.enrol("anna", public_keys=[phone.public_key])
        grocer.issue("anna", 200)

        consent = phone.consent_to_redeem("grocer", 40)
        print(f"a QR code of {len(consent.text())} characters: {consent.text()[:24]}…")
        grocer.redeem("anna", 35, consent=consent)

        code = grocer.create_code(phone.code_request(20))
        print(f"to read out where nobody can scan: a code of {len(code.code)} digits")
        grocer.redeem("anna", 15, consent=grocer.exchange_code(code.code, 15, holder_id="anna"))

        fund = network.fund("school").holder_id
        gift = phone.consent_to_donate("grocer", fund, 50)
        grocer.donate("anna", fund, 50, consent=gift)
        offer = phone.pledge(fund, share_bps=1_000, points_max=500, ends_on=network.today + timedelta(days=365))
        grocer.pledge(offer)
        grocer.issue("anna", 100)
        network.operator.sweep()
        (campaign,) = grocer.campaigns("school")
        print(f"{campaign.title}: {campaign.raised_points} points raised")

        new_phone = Wallet.generate(network.network_id, "anna", clock=network.clock)
        grocer.add_key("anna", new_phone.public_key, order=phone.order_to_add_key(new_phone.public_key))
        grocer.remove_key("anna", phone.public_key, order=new_phone.order_to_remove_key(phone.public_key))
        print(f"anna has {grocer.balance('anna').available} points and a new phone")


if __name__ == "__main__":
    main()
