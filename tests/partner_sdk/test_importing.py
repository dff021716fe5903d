"""Importing the SDK is quick: a till's program starts without what few calls need."""

from __future__ import annotations

import json
import subprocess
import sys

from coalition import tokens
from partner_sdk._vocabulary import Service

#: What takes long to import and a writing till does without, and what belongs to other programs.
SELDOM_NEEDED = {
    "click",
    "coalition.tls",
    "cryptography.x509",
    "grpc_status",
    "http.client",
    "jwt",
    "partner_sdk.cli",
    "partner_sdk.operator",
    "partner_sdk.settlement",
    "partner_sdk.testing",
    "partner_sdk.wallet",
    "urllib.request",
}


def test_importing_loads_nothing_that_is_seldom_needed() -> None:
    """`import partner_sdk` brings no command line, no HTTP client, no certificates and no other party's tools."""
    code = "import json, sys, partner_sdk; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert SELDOM_NEEDED & set(json.loads(result.stdout)) == set()


def test_services_are_named_as_in_tokens() -> None:
    """The SDK's words for the services are those of the protocol, which it does not import for them."""
    assert [service.value for service in Service] == [tokens.HUB, tokens.SETTLEMENT]
