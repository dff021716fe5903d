"""A till that goes on selling while the hub is away, and sends what it kept when the hub is back.

    python examples/offline_till.py

It starts a small network on this machine, so it needs the hub: pip install 'coalition-points[hub]'.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from partner_sdk.errors import TransportError
from partner_sdk.outbox import Outbox
from partner_sdk.testing import LocalNetwork


def main() -> None:
    """A power cut at the hub, and a rainy day at the market."""
    with LocalNetwork() as network, tempfile.TemporaryDirectory() as folder:
        client = network.client("grocer", timeout_s=1.0)
        anna = network.member("anna", points=30)
        # Signed by her phone on the spot; it lives long enough to be sent tomorrow.
        consent = anna.consent_to_redeem("grocer", 25, valid_for=timedelta(days=2))

        network.hub.kill()
        with Outbox(Path(folder) / "till-3.outbox", client.connection) as outbox:
            outbox.issue("anna", 12, reference="receipt 1")
            outbox.redeem("anna", 25, consent=consent, reference="receipt 2")
            outbox.issue("nobody", 7, reference="receipt 3")
            try:
                list(client.flush(outbox))
            except TransportError:
                print(f"the hub is away; {len(outbox)} transactions are kept")

        network.hub.start()
        network.clock.advance(days=1)
        # Another process, another day: the file has everything.
        with Outbox(Path(folder) / "till-3.outbox", client.connection) as outbox:
            for delivery in client.with_timeout(10).flush(outbox):
                print("sent:", delivery.error or "accepted")
        print(f"anna has {client.balance('anna').available} points")


if __name__ == "__main__":
    main()
