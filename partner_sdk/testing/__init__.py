"""Tests against a real network: a real hub on a free port, with businesses, charities and a clock that you set.

    from partner_sdk.testing import LocalNetwork

    with LocalNetwork() as network:
        grocer = network.client("grocer")
        anna = network.member("anna", points=100)
        grocer.redeem("anna", 40, consent=anna.consent_to_redeem("grocer", 40))

In pytest, `pytest_plugins = ["partner_sdk.testing.plugin"]` gives the fixture `coalition_network`. The hub is needed:
`pip install 'coalition-points[hub]'`. `LocalNetwork(engine="postgresql")` keeps its journal on a PostgreSQL server,
which the extra `demo` brings.

`bank_statement` and `refusal_report` write what a bank sends after a settlement run was instructed.
"""

from __future__ import annotations

from partner_sdk.testing._bank import BankMovement, bank_statement, refusal_report
from partner_sdk.testing._local_network import LocalNetwork
from partner_sdk.testing._postgresql import LocalPostgres, new_database
from partner_sdk.testing._processes import LocalNetworkError
from partner_sdk.testing._seeds import CHARITIES, PARTNERS

__all__ = [
    "CHARITIES",
    "PARTNERS",
    "BankMovement",
    "LocalNetwork",
    "LocalNetworkError",
    "LocalPostgres",
    "bank_statement",
    "new_database",
    "refusal_report",
]
