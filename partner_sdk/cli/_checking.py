"""`coalition partner profile`: what a profile says, and whether all of it is right."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import click

from coalition.keys import fingerprint
from partner_sdk._client import Client
from partner_sdk._moments import moment_of
from partner_sdk._vocabulary import PartyKind, PartyStatus
from partner_sdk.cli._keys import new_profile
from partner_sdk.cli._options import EXIT_FAILED, Caller, calling
from partner_sdk.cli._printing import print_facts, print_json
from partner_sdk.errors import CoalitionError, Unreachable

#: Twice the leeway of tokens would already fail; less than that is worth a word.
_SKEW_MAX: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    right: bool
    #: What was found, and what to do about it.
    text: str


@click.group()
def profile() -> None:
    """Make, show and check the file that says which hub, as whom, and where the keys are."""


@profile.command()
@calling
def show(caller: Caller) -> None:
    """Show what a profile says."""
    found = caller.find_profile()
    if caller.as_json:
        print_json({name: str(getattr(found, name)) for name in ("network_id", "party_id", "address", "key")})
        return
    print_facts(
        [
            ("network", found.network_id),
            ("party", found.party_id),
            ("hub", found.address),
            ("hub keys", ", ".join(base64.b64encode(key).decode() for key in found.hub_keys)),
            ("certificate authority", found.tls_ca or "the system's"),
            ("key", found.key),
            ("more keys", ", ".join(map(str, found.extra_keys)) or "none"),
            ("settlement service", found.settlement_address or "not named"),
            ("clock", found.clock_file or "the system's"),
        ]
    )


@profile.command()
@calling
def check(caller: Caller) -> None:
    """Try everything that a till needs: the keys, the connection, the hub's identity, the clock, the party, its terms.

    Exit code 0 when all is right.
    """
    findings = []
    for finding in _findings(caller):
        findings.append(finding)
        if not caller.as_json:
            click.echo(f"{'ok   ' if finding.right else 'WRONG'}  {finding.what}: {finding.text}")
    if caller.as_json:
        print_json(findings)
    if not all(finding.right for finding in findings):
        sys.exit(EXIT_FAILED)


profile.add_command(new_profile)


def _findings(caller: Caller) -> Iterator[Finding]:
    try:
        connection = caller.connection()
    except CoalitionError as error:
        yield Finding("profile", False, str(error))
        return
    keys = ", ".join(fingerprint(key.public) for key in connection.keys)
    yield Finding("profile", True, f"{connection.party_id} in {connection.network_id}, signing with {keys}")
    with Client(connection) as client:
        try:
            yield from _about_hub(client)
        except Unreachable as error:
            yield Finding("connection", False, str(error))
            return
        except CoalitionError as error:
            yield Finding("hub", False, str(error))
            return
        try:
            yield from _about_party(client)
        except CoalitionError as error:
            yield Finding("party", False, str(error))


def _about_hub(client: Client) -> Iterator[Finding]:
    connection = client.connection
    network = client.network()
    yield Finding("connection", True, f"{connection.address} answers, and its certificate is trusted")
    same = network.network_id == connection.network_id
    yield Finding(
        "network",
        same,
        network.network_id if same else f"the hub is of {network.network_id}; put that, or the right address, in.",
    )
    trusted = set(connection.hub_keys) & set(network.hub_keys)
    yield Finding(
        "hub keys",
        bool(trusted),
        "the hub shows a key that is pinned"
        if trusted
        else "the hub shows none of the pinned keys. Ask the operator for its key, not by way of this connection.",
    )
    skew = moment_of(connection.clock()) - network.now
    yield Finding(
        "clock",
        abs(skew) <= _SKEW_MAX,
        f"{abs(skew).total_seconds():.1f} s {'ahead of' if skew > timedelta(0) else 'behind'} the hub's"
        + ("" if abs(skew) <= _SKEW_MAX else ". Set this machine's clock."),
    )


def _about_party(client: Client) -> Iterator[Finding]:
    connection = client.connection
    party = client.party(connection.party_id)
    active = party.status is PartyStatus.ACTIVE
    yield Finding(
        "party",
        active,
        f"{party.display_name}, {party.kind}" + ("" if active else ", is suspended. Ask the operator."),
    )
    unknown = [fingerprint(key.public) for key in connection.keys if key.public not in party.public_keys]
    yield Finding(
        "party's keys",
        not unknown,
        "all are registered" if not unknown else f"{', '.join(unknown)} is not registered. Ask the operator.",
    )
    if party.kind in (PartyKind.PARTNER, PartyKind.CHARITY):
        network = client.network()
        today = network.now.astimezone(ZoneInfo(network.time_zone)).date()
        in_force = [terms for terms in client.terms() if terms.effective_on <= today]
        yield Finding(
            "terms",
            bool(in_force),
            f"in force since {in_force[-1].effective_on}"
            if in_force
            else "none are in force. Sign terms (coalition partner terms) and have the operator publish them.",
        )
