"""Records pledges that were scanned, one text a line on standard input.

COALITION_PROFILE=school.toml python examples/schools/record_pledges.py < scanned.txt
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from partner_sdk import Client
from partner_sdk.errors import ConsentUsed, Rejection, ScanError
from partner_sdk.wallet import PledgeOffer


def record(school: Client, lines: Iterable[str]) -> int:
    """Record each pledge; the number of lines that nothing came of."""
    failed = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            offer = PledgeOffer.from_text(line.strip())
            school.pledge(offer)
        except ConsentUsed:
            print(f"line {number}: recorded before")
        except (ScanError, Rejection) as error:
            failed += 1
            print(f"line {number}: not recorded. {error}")
        else:
            print(f"line {number}: {offer.holder_id} gives {offer.share_bps / 100:g} % to {offer.fund_id}")
    return failed


def main() -> int:
    """Exit status 1 when a line was not recorded."""
    with Client.from_env() as school:
        return 1 if record(school, sys.stdin) else 0


if __name__ == "__main__":
    sys.exit(main())
