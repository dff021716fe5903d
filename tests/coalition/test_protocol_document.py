"""docs/protocol.md says what the code does, where a number or a name could drift."""

from __future__ import annotations

import re
from pathlib import Path

from coalition import dsse, envelope, ids, keys, tokens
from coalition.form import POINTS_MAX, checks

TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
FLAT = " ".join(TEXT.split())


def test_payload_types_are_listed() -> None:
    """Every payload type is in the table, and no other."""
    types = [value for name, value in vars(dsse).items() if name.isupper() and not name.startswith("_")]
    forms = [re.fullmatch(r"application/vnd\.coalition\.([a-z-]+)\.v1\+(protobuf|json)", value) for value in types]
    table = TEXT.partition("| type | message | signed by |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == [form[1] for form in forms if form]
    assert [form[1] for form in forms if form and form[2] == "json"] == ["statement"]


def test_forms_of_ids_are_those_of_the_code() -> None:
    """The patterns are the code's own."""
    for pattern in (ids._PARTY_ID, ids._HOLDER_ID, ids._NETWORK_ID):
        assert f"`{pattern.pattern}`" in TEXT


def test_characters_that_no_text_has() -> None:
    """The ranges are the code's own."""
    listed = re.search(r"None of U\+([0-9A-F–, ]+)\.", FLAT)
    assert listed
    excluded: set[int] = set()
    for item in listed[1].split(", "):
        first, _, last = item.partition("–")
        excluded.update(range(int(first, 16), int(last or first, 16) + 1))
    assert excluded == {code for code in range(0x11_0000) if checks._UNPRINTABLE.search(chr(code))}


def test_limits_are_those_of_the_code() -> None:
    """Sizes, counts and times."""
    assert (envelope.ENVELOPE_BYTES_MAX, envelope.TRANSACTIONS_MAX, envelope.SIGNATURES_MAX) == (1 << 20, 1_000, 4)
    assert "size (1 MiB)" in FLAT
    assert "transactions (1 to 1,000)" in FLAT
    assert "1 to 4 signatures" in FLAT
    assert (
        f"points are 1 to 10{str(len(str(POINTS_MAX)) - 1).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
        in FLAT
    )
    assert f"nonces have {ids.NONCE_BYTES} bytes" in FLAT
    assert f"at most {tokens.LIFETIME_S} apart" in FLAT
    assert f"with {tokens.LEEWAY_S} seconds of leeway" in FLAT
    assert f"0x{keys._ORDER_8_Y:064x}" in FLAT
