"""The name by which the service's health is asked for."""

from __future__ import annotations

from typing import Final

from coalition.v1 import settlement_service_pb2

SERVICE: Final = settlement_service_pb2.DESCRIPTOR.services_by_name["SettlementService"].full_name
