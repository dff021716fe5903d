"""What Prometheus is asked for: the expressions of the dashboard and of the alerts, and which metrics stand in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import yaml

#: What Grafana puts in before it asks.
VARIABLES = {"$__rate_interval": "5m", "$hub": ".+"}
#: Labels that Prometheus adds to what it reads.
ADDED = {"instance", "job", "hub", "process"}


@dataclass(frozen=True, slots=True)
class Used:
    """One metric in an expression, with the labels that the expression counts on."""

    where: str
    metric: str
    labels: frozenset[str]


def dashboard_expressions(dashboard: Path) -> Iterator[tuple[str, str]]:
    """Title of each panel of a dashboard, and an expression of it."""
    for panel in json.loads(dashboard.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            expression: str = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            yield panel["title"], expression


def alerts_of(rules: Path) -> Iterator[dict[str, Any]]:
    """The alerts of a file of rules."""
    for group in yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


def used_in(where: str, expression: str) -> Iterator[Used]:
    """The metrics in an expression. Raises ValueError when it is none."""
    found: list[Used] = []
    grouped: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            assert node.name is not None, f"{where}: every selector names its metric"
            labels = frozenset(matcher.name for matcher in node.matchers.matchers)
            found.append(Used(where, node.name, labels))
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            grouped.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(expression), visit)
    for used in found:
        yield Used(where, used.metric, (used.labels | grouped) - ADDED)
