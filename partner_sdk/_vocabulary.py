"""The protocol's enumerations as words: the member `PARTNER` of PartyKind is PARTY_KIND_PARTNER on the wire."""

from __future__ import annotations

from enum import StrEnum

from coalition.v1 import network_pb2, settlement_service_pb2, transaction_pb2


class Service(StrEnum):
    """The services that take calls, as tokens name them."""

    HUB = "hub"
    SETTLEMENT = "settlement"


class Kind(StrEnum):
    """The kinds of transaction."""

    ISSUE = "issue"
    REDEEM = "redeem"
    DONATE = "donate"
    TRANSFER = "transfer"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    REVERSE = "reverse"
    EXPIRE = "expire"
    ENROL = "enrol"
    ADD_KEY = "add_key"
    REMOVE_KEY = "remove_key"
    SET_ALIAS = "set_alias"
    CLOSE = "close"
    PLEDGE = "pledge"
    REVOKE_PLEDGE = "revoke_pledge"
    GENESIS = "genesis"
    REGISTER_PARTY = "register_party"
    SET_PARTY_KEYS = "set_party_keys"
    SET_PARTY_STATUS = "set_party_status"
    PUBLISH_TERMS = "publish_terms"
    SET_POLICY = "set_policy"
    OPEN_CAMPAIGN = "open_campaign"
    CLOSE_WINDOW = "close_window"
    ADJUST = "adjust"
    ORDER_PACK = "order_pack"

    @property
    def number(self) -> transaction_pb2.TransactionKind.ValueType:
        """As on the wire."""
        return transaction_pb2.TransactionKind.Value(f"TRANSACTION_KIND_{self.name}")


class PartyKind(StrEnum):
    """What an organisation is in the network."""

    PARTNER = "partner"
    CHARITY = "charity"
    OPERATOR = "operator"
    HUB = "hub"
    AUDITOR = "auditor"

    @property
    def number(self) -> network_pb2.PartyKind.ValueType:
        """As on the wire."""
        return network_pb2.PartyKind.Value(f"PARTY_KIND_{self.name}")


class PartyStatus(StrEnum):
    """Whether a party may write."""

    ACTIVE = "active"
    SUSPENDED = "suspended"

    @property
    def number(self) -> network_pb2.PartyStatus.ValueType:
        """As on the wire."""
        return network_pb2.PartyStatus.Value(f"PARTY_STATUS_{self.name}")


class Funding(StrEnum):
    """When an issuer's price is paid in."""

    ON_REDEMPTION = "on_redemption"
    PREFUNDED_SHARE = "prefunded_share"
    PACKS = "packs"

    @property
    def number(self) -> network_pb2.Funding.ValueType:
        """As on the wire."""
        return network_pb2.Funding.Value(f"FUNDING_{self.name}")


class HolderKind(StrEnum):
    """A person's account, or a charity's pot."""

    MEMBER = "member"
    FUND = "fund"

    @property
    def number(self) -> network_pb2.HolderKind.ValueType:
        """As on the wire."""
        return network_pb2.HolderKind.Value(f"HOLDER_KIND_{self.name}")


class HolderStatus(StrEnum):
    """Whether an account is open."""

    ACTIVE = "active"
    CLOSED = "closed"


class WindowState(StrEnum):
    """Where a settlement window stands."""

    OPEN = "open"
    CLOSED = "closed"
    PENDING_SETTLEMENT = "pending_settlement"
    SETTLED = "settled"
    ABORTED = "aborted"


class RunState(StrEnum):
    """Where a settlement run stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    INSTRUCTED = "instructed"
    SETTLING = "settling"
    SETTLED = "settled"
    ABORTED = "aborted"


class RunAction(StrEnum):
    """What a person of the operator decides about a settlement run."""

    PROPOSE = "propose"
    APPROVE = "approve"
    INSTRUCT = "instruct"
    CONFIRM = "confirm"
    ABORT = "abort"
    CARRY = "carry"
    #: A bank statement was taken in.
    IMPORT = "import"
    #: A payment was assigned to an instruction.
    ASSIGN = "assign"

    @property
    def number(self) -> settlement_service_pb2.RunAction.ValueType:
        """As on the wire."""
        return settlement_service_pb2.RunAction.Value(f"RUN_ACTION_{self.name}")


class SettlementMethod(StrEnum):
    """How obligations become payments."""

    #: Every party against all others; debtors pay the operator, the operator pays creditors.
    MULTILATERAL = "multilateral"
    #: Each two parties against each other.
    BILATERAL = "bilateral"
    #: Nothing is netted.
    GROSS = "gross"

    @property
    def number(self) -> settlement_service_pb2.SettlementMethod.ValueType:
        """As on the wire."""
        return settlement_service_pb2.SettlementMethod.Value(f"SETTLEMENT_METHOD_{self.name}")


class CarriedReason(StrEnum):
    """Why an amount is settled with a later run."""

    ROUNDING = "rounding"
    UNPAID = "unpaid"
    OVERPAID = "overpaid"


class InstructionState(StrEnum):
    """How an instruction stands."""

    OPEN = "open"
    PART_PAID = "part_paid"
    PAID = "paid"
    OVERPAID = "overpaid"
    #: Returned or rejected by a bank, and not paid since.
    REJECTED = "rejected"
    #: What was wrong with it went into the next run.
    CARRIED = "carried"


def kind_of(number: transaction_pb2.TransactionKind.ValueType) -> Kind:
    """The word for a number from the wire. Raises KeyError for one that this version lacks."""
    return Kind[transaction_pb2.TransactionKind.Name(number).removeprefix("TRANSACTION_KIND_")]


def party_kind_of(number: network_pb2.PartyKind.ValueType) -> PartyKind:
    """The word for a number from the wire."""
    return PartyKind[network_pb2.PartyKind.Name(number).removeprefix("PARTY_KIND_")]


def party_status_of(number: network_pb2.PartyStatus.ValueType) -> PartyStatus:
    """The word for a number from the wire."""
    return PartyStatus[network_pb2.PartyStatus.Name(number).removeprefix("PARTY_STATUS_")]


def funding_of(terms: network_pb2.Terms) -> Funding:
    """How terms are funded; those that do not say so, as their prefunded share says."""
    if terms.funding == network_pb2.FUNDING_UNSPECIFIED:
        return Funding.PREFUNDED_SHARE if terms.prefunded_bps else Funding.ON_REDEMPTION
    return Funding[network_pb2.Funding.Name(terms.funding).removeprefix("FUNDING_")]


def holder_kind_of(number: network_pb2.HolderKind.ValueType) -> HolderKind:
    """The word for a number from the wire."""
    return HolderKind[network_pb2.HolderKind.Name(number).removeprefix("HOLDER_KIND_")]


def holder_status_of(number: network_pb2.HolderStatus.ValueType) -> HolderStatus:
    """The word for a number from the wire."""
    return HolderStatus[network_pb2.HolderStatus.Name(number).removeprefix("HOLDER_STATUS_")]


def window_state_of(number: settlement_service_pb2.WindowState.ValueType) -> WindowState:
    """The word for a number from the wire."""
    return WindowState[settlement_service_pb2.WindowState.Name(number).removeprefix("WINDOW_STATE_")]


def run_state_of(number: settlement_service_pb2.RunState.ValueType) -> RunState:
    """The word for a number from the wire."""
    return RunState[settlement_service_pb2.RunState.Name(number).removeprefix("RUN_STATE_")]


def run_action_of(number: settlement_service_pb2.RunAction.ValueType) -> RunAction:
    """The word for a number from the wire."""
    return RunAction[settlement_service_pb2.RunAction.Name(number).removeprefix("RUN_ACTION_")]


def settlement_method_of(number: settlement_service_pb2.SettlementMethod.ValueType) -> SettlementMethod:
    """The word for a number from the wire."""
    return SettlementMethod[settlement_service_pb2.SettlementMethod.Name(number).removeprefix("SETTLEMENT_METHOD_")]


def carried_reason_of(number: settlement_service_pb2.CarriedReason.ValueType) -> CarriedReason:
    """The word for a number from the wire."""
    return CarriedReason[settlement_service_pb2.CarriedReason.Name(number).removeprefix("CARRIED_REASON_")]


def instruction_state_of(number: settlement_service_pb2.InstructionState.ValueType) -> InstructionState:
    """The word for a number from the wire."""
    return InstructionState[settlement_service_pb2.InstructionState.Name(number).removeprefix("INSTRUCTION_STATE_")]
