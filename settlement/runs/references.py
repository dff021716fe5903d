"""What payer, bank and payee call an instruction: an ISO 11649 creditor reference, which has check digits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from stdnum import iso11649
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

#: Instructions of one run, at most: their numbers have this many digits.
INSTRUCTIONS_MAX: Final = 99_999
_NUMBER_DIGITS: Final = 5
_RUN_CHARACTERS: Final = 10
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: RF, two check digits, ten characters for the run and five digits for the instruction.
_LENGTH: Final = 4 + _RUN_CHARACTERS + _NUMBER_DIGITS
# People set references off in groups, and banks break lines anywhere. What looks like the beginning of a reference may
# hide the true one behind it, so matches may overlap.
_WRITTEN: Final = re.compile(
    rf"(?=(R[\s-]?F(?:[\s-]?[0-9]){{2}}(?:[\s-]?[0-9A-Z]){{{_LENGTH - 4}}}))", re.IGNORECASE | re.ASCII
)
_GAPS: Final = re.compile(r"[\s-]+", re.ASCII)


def creditor_reference(run_id: bytes, number: int) -> str:
    """The reference of a run's instruction: the same for ever, and another one for every other instruction.

    Derived from the run's id, which its proposer chose at random, and not from a count, so that a service that was made
    anew gives no reference a second time.
    """
    assert 1 <= number <= INSTRUCTIONS_MAX
    value = int.from_bytes(hashlib.sha256(run_id).digest()[:8]) % len(_ALPHABET) ** _RUN_CHARACTERS
    characters = []
    for _ in range(_RUN_CHARACTERS):
        value, digit = divmod(value, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    body = f"{''.join(characters)}{number:0{_NUMBER_DIGITS}}"
    return f"RF{mod_97_10.calc_check_digits(body + 'RF')}{body}"


def references_in(text: str) -> Iterator[str]:
    """References of ours in free text, such as what a payer wrote, whose check digits are right."""
    for found in _WRITTEN.finditer(text):
        try:
            yield str(iso11649.validate(_GAPS.sub("", found.group(1))))
        except ValidationError:
            continue
