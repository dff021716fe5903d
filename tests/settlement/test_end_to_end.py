"""A real hub and real settlement services: late, stopped and killed ones agree with one that ran throughout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coalition.errors import reason_name
from partner_sdk import Client
from partner_sdk.errors import PermissionDenied, SamePerson, WrongState
from partner_sdk.settlement import PartyActivity, SettlementClient, WindowReport
from partner_sdk.testing import CHARITIES, PARTNERS, LocalNetwork
from settlement.clearing.books import Books, recompute
from settlement.clearing.entry import Entry
from settlement.clearing.netting import bilateral, multilateral
from settlement.clearing.totals import Pair
from tests.settlement.business import POLICY, Business
