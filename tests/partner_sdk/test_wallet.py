"""What holders sign, and its text form."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition import dsse, text_form
from coalition.documents import sign_document
from coalition.form import POINTS_MAX
from coalition.ids import id_text
from coalition.keys import SigningKey
from coalition.v1 import consent_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.wire import encode
from partner_sdk import PartyKind
from partner_sdk.errors import FieldInvalid, ScanError
from partner_sdk.operator import CampaignOffer, KeyChange, PartyApplication, TermsOffer
from partner_sdk.wallet import CodeRequest, Consent, ConsentPurpose, HolderOrder, OrderAction, PledgeOffer, Wallet

NOW_US = 1_700_000_000_000_000
NOW = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
OTHER_KEY = SigningKey.from_seed(bytes([1] * 32)).public
QR_ALPHANUMERIC = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


@pytest.fixture
def wallet() -> Wallet:
    return Wallet("points.example", "anna", SigningKey.from_seed(bytes(32)), clock=lambda: NOW_US)


def test_consents_say_what_was_signed(wallet: Wallet) -> None:
    """A consent names holder, acceptor, purpose, most points and expiry, and is signed by the wallet's key."""
    consent = wallet.consent_to_redeem("grocer", 50)
    assert (consent.network_id, consent.holder_id, consent.acceptor) == ("points.example", "anna", "grocer")
    assert (consent.purpose, consent.points_max, consent.recipient_id) == (ConsentPurpose.REDEEM, 50, None)
    assert consent.expires_at == NOW + timedelta(minutes=5)
    assert consent.signed_by == wallet.public_key
    donation = wallet.consent_to_donate("grocer", "school-fund", 5, valid_for=timedelta(days=1))
    assert (donation.purpose, donation.recipient_id) == (ConsentPurpose.DONATE, "school-fund")
    assert donation.expires_at == NOW + timedelta(days=1)
    assert wallet.consent_to_transfer("grocer", "otto", 5).purpose is ConsentPurpose.TRANSFER


def test_no_two_consents_are_the_same(wallet: Wallet) -> None:
    """Each has its own nonce, unless a simulation says which."""
    assert wallet.consent_to_redeem("grocer", 50) != wallet.consent_to_redeem("grocer", 50)
    repeating = Wallet("n", "anna", wallet.key, clock=lambda: NOW_US, nonces=lambda: bytes(16))
    assert repeating.consent_to_redeem("grocer", 50) == repeating.consent_to_redeem("grocer", 50)


def test_every_document_survives_its_text(wallet: Wallet) -> None:
    """What is read from the text is what was signed, for every kind of document."""
    key = wallet.key
    pledge = wallet.pledge("school-fund", share_bps=500, points_max=9, ends_on=date(2025, 1, 1))
    party = {"network_id": "points.example", "party_id": "grocer"}
    rates = {"price_micros": 10_000, "reimbursement_micros": 9_000}
    campaign = CampaignOffer.sign(
        key,
        network_id="points.example",
        campaign_id="books",
        charity="school",
        fund_id="books",
        title="Books",
        goal_points=5,
        starts_on=date(2025, 1, 1),
        ends_on=date(2025, 2, 1),
    )
    for document in (
        wallet.consent_to_redeem("grocer", 50),
        pledge,
        wallet.order_to_add_key(OTHER_KEY),
        wallet.order_to_remove_key(OTHER_KEY),
        wallet.order_to_revoke_pledge(id_text(bytes(16))),
        wallet.order_to_close(),
        wallet.code_request(20),
        PartyApplication.sign([key], **party, kind=PartyKind.PARTNER, display_name="Grün & Söhne"),
        TermsOffer.sign(key, **party, effective_on=date(2025, 1, 1), **rates),
        KeyChange.sign(key, **party, add_keys=[OTHER_KEY]),
        campaign,
    ):
        text = document.text()
        assert set(text) <= QR_ALPHANUMERIC
        assert type(document).from_text(f"  {text}\r\n") == document
        assert document.network_id == "points.example"


def test_a_consent_fits_a_qr_code(wallet: Wallet) -> None:
    """A usual one fits version 10, which holds 395 alphanumeric characters at level L (ISO/IEC 18004, table 7), and
    one with the longest ids fits version 20 with its 1,249."""
    longest = Wallet("n" * 64, "h" * 64, wallet.key).consent_to_donate("a" * 32, "f" * 64, POINTS_MAX)
    assert len(wallet.consent_to_redeem("grocer", 50).text()) <= 395
    assert len(longest.text()) <= 1_249


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[:-1], "cut off|damaged"),
        (lambda text: text[: len(text) // 2], "cut off|damaged"),
        (lambda text: text.replace("CP1C:", ""), "begins with CP1C:"),
        (lambda _: "https://shop.example/4711", "is not a consent"),
        (lambda _: "", "is not a consent"),
        (lambda text: text.lower(), "lower-case"),
        (lambda text: text[:5] + text[5:].lower(), "lower-case"),
        (lambda text: text.replace("CP1C", "CP2C"), "another version"),
        (lambda text: text.replace("CP1C", "CP1P"), "is a pledge, and a consent is needed"),
        (lambda text: text.replace("CP1C", "CP1X"), "is something else"),
        (lambda text: text + text[5:], "damaged"),
        (lambda text: text[:20] + "1" + text[21:], "'1'"),
        (lambda text: text[:20] + " " + text[21:], "' '"),
        (lambda text: text[:20] + ("A" if text[20] != "A" else "B") + text[21:], "checksum is wrong"),
        (lambda _: "CP1C:", "cut off"),
        (lambda _: "CP1C:" + "A" * 5_000, "too long"),
    ],
)
def test_a_bad_scan_says_what_to_do(wallet: Wallet, spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    """A damaged, wrong or foreign text is an error that the person at the till understands."""
    with pytest.raises(ScanError, match=message) as caught:
        Consent.from_text(spoil(wallet.consent_to_redeem("grocer", 50).text()))
    assert isinstance(caught.value, ValueError)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_any_single_changed_character_is_found(document: bytes, data: st.DataObject) -> None:
    """No text differs from a right one in one character and is read all the same."""
    text = text_form.to_text("C", document)
    assert text_form.from_text("C", text) == document
    place = data.draw(st.integers(5, len(text) - 1))
    other = data.draw(st.sampled_from(sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") - {text[place]})))
    with pytest.raises(text_form.TextFormError):
        text_form.from_text("C", text[:place] + other + text[place + 1 :])


def test_only_one_spelling_is_read() -> None:
    """Base32's spare bits at the end must be zero, as RFC 4648 §3.5 recommends."""
    text = text_form.to_text("C", b"\x00")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".index(text[-1])
    assert len(base64.b32decode(text[5:])) == 5
    odd = text_form.to_text("C", b"\x00\x00")
    assert len(odd[5:]) % 8
    with pytest.raises(text_form.TextFormError):
        text_form.from_text("C", odd[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[last ^ 1])


def test_a_forged_document_is_refused(wallet: Wallet) -> None:
    """A text with a right checksum and a wrong signature is damaged goods."""
    signed = SignedDocument.FromString(wallet.consent_to_redeem("grocer", 50).signed)
    signed.document = signed.document.replace(b"grocer", b"forger")
    with pytest.raises(ScanError, match="signature"):
        Consent.from_text(text_form.to_text("C", encode(signed)))
    with pytest.raises(ScanError, match="signature"):
        Consent.from_bytes(wallet.order_to_close().signed)


@pytest.mark.parametrize(
    ("kind", "payload_type", "message"),
    [
        (Consent, dsse.CONSENT, consent_pb2.Consent()),
        (Consent, dsse.CONSENT, consent_pb2.Consent(purpose=9)),  # type: ignore[arg-type]
        (PledgeOffer, dsse.PLEDGE, consent_pb2.PledgeOffer(ends_on="soon")),
        (HolderOrder, dsse.HOLDER_ORDER, consent_pb2.HolderOrder()),
        (CodeRequest, dsse.CODE_REQUEST, consent_pb2.CodeRequest(expires_us=1 << 62)),
    ],
)
def test_an_incomplete_document_is_refused(wallet: Wallet, kind, payload_type: str, message) -> None:  # type: ignore[no-untyped-def]
    """A signature alone does not make a document."""
    signed = sign_document(payload_type, message, wallet.key)
    with pytest.raises(ScanError, match="incomplete"):
        kind.from_bytes(encode(signed))


def test_orders_and_requests(wallet: Wallet) -> None:
    """Orders live for a day, requests for a code for two minutes, unless said otherwise."""
    order = wallet.order_to_revoke_pledge(id_text(bytes(16)))
    assert (order.action, order.pledge_id) == (OrderAction.REVOKE_PLEDGE, id_text(bytes(16)))
    assert order.expires_at == NOW + timedelta(days=1)
    assert wallet.order_to_close().action is OrderAction.CLOSE
    assert wallet.code_request(20).expires_at == NOW + timedelta(minutes=2)
    generated = Wallet.generate("points.example", "otto")
    assert generated.public_key != wallet.public_key


def test_what_no_hub_would_take_is_not_signed(wallet: Wallet) -> None:
    """Zero points, wrong ids, wrong shares and consents that are over before they begin."""
    wrong = [
        lambda: wallet.consent_to_redeem("grocer", 0),
        lambda: wallet.consent_to_redeem("The Grocer", 5),
        lambda: wallet.consent_to_donate("grocer", "not a fund", 5),
        lambda: wallet.pledge("fund", share_bps=0, points_max=5, ends_on=date(2025, 1, 1)),
        lambda: wallet.pledge("fund", share_bps=-1, points_max=5, ends_on=date(2025, 1, 1)),
        lambda: wallet.code_request(-1),
        lambda: wallet.order_to_add_key(b"short"),
        lambda: Wallet("n", "anna maria", wallet.key).consent_to_redeem("grocer", 5),
    ]
    for make in wrong:
        with pytest.raises(FieldInvalid):
            make()
    with pytest.raises(ValueError, match="valid_for"):
        wallet.consent_to_redeem("grocer", 5, valid_for=timedelta(0))
    with pytest.raises(ValueError, match="date, not a moment"):
        wallet.pledge("fund", share_bps=5, points_max=5, ends_on=NOW)
