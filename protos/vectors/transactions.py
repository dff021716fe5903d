"""The transactions of our vectors: a well-formed one of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coalition.v1 import network_pb2
from coalition.v1 import transaction_pb2 as pb
from vectors.cast import DAY_US, FUND, KEYS, MEMBER, NETWORK, NOW_US, OTHER_MEMBER, identifier
from vectors.documents import signed

POLICY: Final = network_pb2.Policy(
    expiry_months=24,
    reversal_grace_days=30,
    notice_days=14,
    transaction_points_max=1_000_000,
    hold_lifetime_max_s=7 * 86_400,
    transfer_points_max=5_000,
    transfer_points_per_day_max=10_000,
    unconsented_points_max=50,
    unconsented_points_per_day_max=1_000,
    redeem_points_per_day_max=100_000,
    envelope_lifetime_max_s=30 * 86_400,
    cause_reimbursement_micros=9_500,
    price_floor_micros=9_500,
    reimbursement_ceiling_micros=9_500,
)

#: By a name that begins with the kind. The order is that of Transaction.kind.
TRANSACTIONS: Final[Mapping[str, pb.Transaction]] = {
    "issue": pb.Transaction(
        transaction_id=identifier(2),
        issue=pb.Issue(
            holder_id=MEMBER,
            points=120,
            reason="purchase",
            reference="R-2023-004711",
            purchase_amount_minor=11_990,
            available_on="2023-11-28",
        ),
    ),
    "redeem": pb.Transaction(
        transaction_id=identifier(3),
        redeem=pb.Redeem(
            holder_id=MEMBER,
            points=100,
            reference="P-77",
            consent=signed("consent-redeem"),
            purchase_amount_minor=4_250,
        ),
    ),
    "redeem without consent": pb.Transaction(
        transaction_id=identifier(40), redeem=pb.Redeem(holder_id=MEMBER, points=20)
    ),
    "donate": pb.Transaction(
        transaction_id=identifier(4),
        donate=pb.Donate(holder_id=MEMBER, fund_id=FUND, points=50, reference="jar", consent=signed("consent-donate")),
    ),
    "donate for a pledge": pb.Transaction(
        transaction_id=identifier(41),
        donate=pb.Donate(holder_id=MEMBER, fund_id=FUND, points=3, pledge_id=identifier(16)),
    ),
    "transfer": pb.Transaction(
        transaction_id=identifier(5),
        transfer=pb.Transfer(
            holder_id=MEMBER,
            recipient_id=OTHER_MEMBER,
            points=25,
            reference="happy birthday",
            consent=signed("consent-transfer"),
        ),
    ),
    "hold": pb.Transaction(
        transaction_id=identifier(6),
        hold=pb.Hold(
            holder_id=MEMBER,
            points=300,
            reference="click and collect",
            consent=signed("consent-redeem"),
            expires_us=NOW_US + DAY_US,
        ),
    ),
    "capture": pb.Transaction(
        transaction_id=identifier(7), capture=pb.Capture(hold_id=identifier(6), points=280, reference="collected")
    ),
    "release": pb.Transaction(
        transaction_id=identifier(8), release=pb.Release(hold_id=identifier(6), acceptor="pharmacy")
    ),
    "reverse": pb.Transaction(
        transaction_id=identifier(9), reverse=pb.Reverse(original_id=identifier(2), points=20, reference="returned")
    ),
    "expire": pb.Transaction(
        transaction_id=identifier(10), expire=pb.Expire(through="2023-10-31", holder_ids=[MEMBER, OTHER_MEMBER])
    ),
    "enrol": pb.Transaction(
        transaction_id=identifier(11),
        enrol=pb.Enrol(
            holder_id=MEMBER,
            kind=network_pb2.HOLDER_KIND_MEMBER,
            public_keys=[KEYS["member"].public],
            alias="4006381333931",
        ),
    ),
    "add_key": pb.Transaction(
        transaction_id=identifier(12),
        add_key=pb.AddKey(holder_id=MEMBER, public_key=KEYS["member-new"].public, order=signed("order-add-key")),
    ),
    "remove_key": pb.Transaction(
        transaction_id=identifier(13),
        remove_key=pb.RemoveKey(
            holder_id=MEMBER, public_key=KEYS["member-new"].public, order=signed("order-remove-key")
        ),
    ),
    "set_alias": pb.Transaction(
        transaction_id=identifier(14), set_alias=pb.SetAlias(holder_id=MEMBER, alias="4006381333931", remove=True)
    ),
    "close": pb.Transaction(
        transaction_id=identifier(15), close=pb.Close(holder_id=MEMBER, order=signed("order-close"))
    ),
    "pledge": pb.Transaction(transaction_id=identifier(16), pledge=pb.Pledge(offer=signed("pledge"))),
    "revoke_pledge": pb.Transaction(
        transaction_id=identifier(18),
        revoke_pledge=pb.RevokePledge(pledge_id=identifier(17), order=signed("order-revoke-pledge")),
    ),
    "genesis": pb.Transaction(
        transaction_id=identifier(19),
        genesis=pb.Genesis(
            network_id=NETWORK,
            time_zone="Europe/Berlin",
            currency="EUR",
            currency_exponent=2,
            operator=signed("application-operator"),
            hub=signed("application-hub"),
            policy=POLICY,
        ),
    ),
    "register_party": pb.Transaction(
        transaction_id=identifier(20), register_party=pb.RegisterParty(application=signed("application-partner"))
    ),
    "set_party_keys": pb.Transaction(
        transaction_id=identifier(21),
        set_party_keys=pb.SetPartyKeys(
            party_id="grocer",
            add_keys=[KEYS["grocer-new"].public],
            remove_keys=[KEYS["grocer"].public],
            change=signed("key-change"),
        ),
    ),
    "set_party_status": pb.Transaction(
        transaction_id=identifier(22),
        set_party_status=pb.SetPartyStatus(
            party_id="grocer", status=network_pb2.PARTY_STATUS_SUSPENDED, reason="No answer about window 1"
        ),
    ),
    "publish_terms": pb.Transaction(
        transaction_id=identifier(23), publish_terms=pb.PublishTerms(terms=signed("terms"))
    ),
    "publish_terms by packs": pb.Transaction(
        transaction_id=identifier(43), publish_terms=pb.PublishTerms(terms=signed("terms-packs"))
    ),
    "set_policy": pb.Transaction(
        transaction_id=identifier(24), set_policy=pb.SetPolicy(policy=POLICY, effective_on="2024-01-01")
    ),
    "open_campaign": pb.Transaction(
        transaction_id=identifier(25), open_campaign=pb.OpenCampaign(campaign=signed("campaign"))
    ),
    "close_window": pb.Transaction(transaction_id=identifier(26), close_window=pb.CloseWindow(window=1)),
    "adjust points": pb.Transaction(
        transaction_id=identifier(27),
        adjust=pb.Adjust(
            reason="Issued twice by hand",
            reference="T-9",
            points=pb.PointsCorrection(holder_id=MEMBER, issuer="grocer", points=-120),
        ),
    ),
    "adjust obligation": pb.Transaction(
        transaction_id=identifier(42),
        adjust=pb.Adjust(
            reason="Agreed after a complaint",
            obligation=pb.ObligationCorrection(debtor="grocer", creditor="pharmacy", amount_micros=1_500_000),
        ),
    ),
    "order_pack": pb.Transaction(
        transaction_id=identifier(28), order_pack=pb.OrderPack(packs=3, reference="PO-2024-01")
    ),
}
