"""Flow charts: what is drawn is what is owed, and nothing lies on anything else."""

from __future__ import annotations

import itertools

from hypothesis import given

from partner_sdk.settlement import NetPosition, Obligation
from settlement.console.charts.flow import BANDS_MAX, NODE, WIDTH, Flow, colours_of, gross_flow, net_flow
from tests.settlement.console.charts.obligations import obligations, positions_of


def check_drawing(flow: Flow) -> None:
    """Nodes stand inside, below each other; their labels do not overlap."""
    columns: dict[float, list[tuple[float, float, float]]] = {}
    for node in flow.nodes:
        assert 0 <= node.x <= WIDTH - NODE
        assert 0 < node.y < node.y + node.height <= flow.height
        columns.setdefault(node.x, []).append((node.y, node.height, node.label_y))
    for column in columns.values():
        for (y, height, label_y), (next_y, _, next_label_y) in itertools.pairwise(sorted(column)):
            assert y + height <= next_y
            assert next_label_y - label_y >= 14


@given(obligations())
def test_gross_flow_is_what_is_owed(owed: tuple[Obligation, ...]) -> None:
    """Bands and what is left out come to all that is owed, and a node to its bands."""
    flow = gross_flow(owed)
    check_drawing(flow)
    total = sum(item.amount_micros for item in owed)
    assert flow.total_micros == total
    assert sum(band.amount_micros for band in flow.bands) + flow.left_out_micros == total
    assert len(flow.bands) + flow.left_out == sum(1 for item in owed if item.amount_micros)
    for node in flow.nodes:
        ends = [band.source if node.x == 0 else band.target for band in flow.bands]
        assert node.amount_micros == sum(
            band.amount_micros for band, end in zip(flow.bands, ends, strict=True) if end == node.name
        )


@given(obligations())
def test_net_flow_balances(owed: tuple[Obligation, ...]) -> None:
    """What comes into the netting goes out of it, and it is no more than what is owed."""
    gross = gross_flow(owed)
    flow = net_flow(positions_of(owed), max(1, gross.total_micros), "netting", colours_of(owed))
    check_drawing(flow)
    paid = sum(band.amount_micros for band in flow.bands if band.target == "netting")
    received = sum(band.amount_micros for band in flow.bands if band.source == "netting")
    assert paid == received == flow.total_micros <= gross.total_micros


def test_only_the_largest_are_drawn() -> None:
    """A network of many parties is drawn by its largest obligations, and the rest is said in a figure."""
    names = [f"p{number}" for number in range(14)]
    owed = [Obligation(a, b, 0, place + 1) for place, (a, b) in enumerate(itertools.permutations(names, 2))]
    flow = gross_flow(owed)
    assert len(flow.bands) == BANDS_MAX
    assert flow.left_out == len(owed) - BANDS_MAX
    assert flow.left_out_micros == sum(range(1, flow.left_out + 1))


def test_own_position_alone_is_drawn() -> None:
    """A party that sees its own position only sees one band."""
    flow = net_flow([NetPosition("grocer", -500, 0, 0, 0)], 1_000, "netting", {})
    assert [(band.source, band.target, band.amount_micros) for band in flow.bands] == [("grocer", "netting", 500)]


def test_nothing_owed_is_nothing_drawn() -> None:
    """No node and no band, and no division by nothing."""
    assert gross_flow([]).bands == net_flow([], 1, "netting", {}).bands == ()
