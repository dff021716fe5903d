"""Measurements of a running network, each beside a ceiling measured in the same run. `make bench` runs them."""

from __future__ import annotations
