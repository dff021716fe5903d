"""Flow charts (Sankey): columns of parties, and bands between them as thick as the money that goes there.

Two charts with the same scale, one of everything that is owed and one of what is left after netting, show what netting
saves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from partner_sdk.settlement import NetPosition, Obligation
from settlement.console.charts.heatmap import largest_first

#: Of the drawing. Labels stand beside the nodes, on the bands, so that they have room on a phone as well.
WIDTH: Final = 480
#: Of a node.
NODE: Final = 12
_LABEL_GAP: Final = 6
#: Where the first node begins, below the heading of its column.
_TOP: Final = 32
#: Room of a label, so that those of small nodes do not lie on each other.
_SLOT_MIN: Final = 21
_GAP: Final = 3
#: Of all that is owed.
_BANDS_HEIGHT: Final = 260
#: The smallest ones are named in the table only.
BANDS_MAX: Final = 120
#: Colours, used in turn.
COLOURS: Final = 8


@dataclass(frozen=True, slots=True)
class Node:
    """A party in one column."""

    name: str
    amount_micros: int
    x: float
    y: float
    height: float
    #: Where its label begins or ends.
    label_x: float
    label_y: float
    #: `start`, `middle` or `end`, as SVG's text-anchor.
    anchor: str
    colour: int


@dataclass(frozen=True, slots=True)
class Band:
    """Money on its way."""

    source: str
    target: str
    amount_micros: int
    #: The outline, as an SVG path.
    path: str
    colour: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole chart."""

    height: float
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    total_micros: int
    #: Obligations too small to be drawn, and what they come to.
    left_out: int
    left_out_micros: int


#: source, target, amount in micro-units, greater than 0
Link = tuple[str, str, int]


def gross_flow(obligations: Iterable[Obligation]) -> Flow:
    """Everything that is owed: debtors on the left, creditors on the right."""
    links = _merged((item.debtor, item.creditor, item.amount_micros) for item in obligations)
    links.sort(key=lambda link: (-link[2], link[:2]))
    total = sum(amount for *_, amount in links)
    colours = colours_of(obligations)
    drawn, rest = links[:BANDS_MAX], links[BANDS_MAX:]
    left, right = _sums(drawn, 0), _sums(drawn, 1)
    columns = [_column(left, total, 0, colours), _column(right, total, 2, colours)]
    return _flow(columns, [drawn], total, colours, (len(rest), sum(amount for *_, amount in rest)))


def net_flow(positions: Iterable[NetPosition], scale_micros: int, pot: str, colours: Mapping[str, int]) -> Flow:
    """What is left after netting: payers on the left, receivers on the right, the netting itself between them.

    `scale_micros` is the total of the gross chart, to draw this one to the same scale.
    """
    payers = {item.party_id: -item.amount_micros for item in positions if item.amount_micros < 0}
    receivers = {item.party_id: item.amount_micros for item in positions if item.amount_micros > 0}
    total = max(sum(payers.values()), sum(receivers.values()))
    columns = [
        _column(payers, scale_micros, 0, colours),
        _column({pot: total} if total else {}, scale_micros, 1, {}),
        _column(receivers, scale_micros, 2, colours),
    ]
    links = [
        [(name, pot, payers[name]) for name in largest_first(payers)],
        [(pot, name, receivers[name]) for name in largest_first(receivers)],
    ]
    return _flow(columns, links, total, colours, (0, 0))


def colours_of(obligations: Iterable[Obligation]) -> dict[str, int]:
    """A colour for each party, the same in both charts."""
    volume: dict[str, int] = {}
    for item in obligations:
        for name in (item.debtor, item.creditor):
            volume[name] = volume.get(name, 0) + item.amount_micros
    return {name: place % COLOURS for place, name in enumerate(largest_first(volume))}


def _flow(
    columns: Sequence[Mapping[str, Node]],
    stages: Sequence[Sequence[Link]],
    total: int,
    colours: Mapping[str, int],
    left_out: tuple[int, int],
) -> Flow:
    bands = [
        band
        for place, links in enumerate(stages)
        for band in _bands(links, columns[place], columns[place + 1], colours)
    ]
    nodes = tuple(node for column in columns for node in column.values())
    height = max((max(node.y + node.height, node.label_y + 6) for node in nodes), default=_TOP) + 8
    return Flow(round(height, 1), nodes, tuple(bands), total, *left_out)


def _column(amounts: Mapping[str, int], scale: int, place: int, colours: Mapping[str, int]) -> dict[str, Node]:
    """Nodes below each other, largest first. Places are 0 (left), 1 (middle) and 2 (right)."""
    x = (0, (WIDTH - NODE) / 2, WIDTH - NODE)[place]
    label_x = (x + NODE + _LABEL_GAP, x + NODE / 2, x - _LABEL_GAP)[place]
    nodes: dict[str, Node] = {}
    y: float = _TOP
    for name in largest_first(dict(amounts)):
        height = max(1.0, _BANDS_HEIGHT * amounts[name] / scale)
        slot = max(height, _SLOT_MIN)
        top = y + (slot - height) / 2
        label_y = top - 8 if place == 1 else y + slot / 2 + 5
        nodes[name] = Node(
            name=name,
            amount_micros=amounts[name],
            x=round(x, 1),
            y=round(top, 1),
            height=round(height, 1),
            label_x=round(label_x, 1),
            label_y=round(label_y, 1),
            anchor=("start", "middle", "end")[place],
            colour=colours.get(name, COLOURS),
        )
        y += slot + _GAP
    return nodes


def _bands(
    links: Sequence[Link], left: Mapping[str, Node], right: Mapping[str, Node], colours: Mapping[str, int]
) -> list[Band]:
    """Bands leave a node in the order of their targets and arrive in that of their sources, so that few cross."""
    leaving = sorted(links, key=lambda link: (left[link[0]].y, right[link[1]].y))
    arriving = sorted(links, key=lambda link: (right[link[1]].y, left[link[0]].y))
    starts = _stacked(((link[:2], link[0], link[2]) for link in leaving), left)
    ends = _stacked(((link[:2], link[1], link[2]) for link in arriving), right)
    bands = []
    for link in leaving:
        source, target = left[link[0]], right[link[1]]
        path = _outline(
            source.x + NODE, starts[link[:2]], target.x, ends[link[:2]], _thickness(link[2], source, target)
        )
        colour = colours.get(source.name, colours.get(target.name, COLOURS))
        bands.append(Band(source.name, target.name, link[2], path, colour))
    return bands


def _stacked(
    links: Iterable[tuple[tuple[str, str], str, int]], nodes: Mapping[str, Node]
) -> dict[tuple[str, str], float]:
    """Where each band touches its node: one below the other. Of each the pair, its end here, and the amount."""
    used: dict[str, int] = {}
    tops: dict[tuple[str, str], float] = {}
    for pair, name, amount in links:
        node, before = nodes[name], used.get(name, 0)
        tops[pair] = node.y + node.height * before / node.amount_micros
        used[name] = before + amount
    return tops


def _thickness(amount: int, source: Node, target: Node) -> float:
    at_source, at_target = (node.height * amount / node.amount_micros for node in (source, target))
    return max(0.6, min(at_source, at_target))


def _outline(x0: float, y0: float, x1: float, y1: float, thickness: float) -> str:
    middle = (x0 + x1) / 2
    top0, top1, low0, low1 = (f"{value:.1f}" for value in (y0, y1, y0 + thickness, y1 + thickness))
    at0, at1, bend = f"{x0:.1f}", f"{x1:.1f}", f"{middle:.1f}"
    return (
        f"M{at0} {top0}C{bend} {top0} {bend} {top1} {at1} {top1}L{at1} {low1}C{bend} {low1} {bend} {low0} {at0} {low0}Z"
    )


def _merged(links: Iterable[Link]) -> list[Link]:
    sums: dict[tuple[str, str], int] = {}
    for source, target, amount in links:
        if amount:
            sums[source, target] = sums.get((source, target), 0) + amount
    return [(source, target, amount) for (source, target), amount in sums.items()]


def _sums(links: Iterable[Link], end: int) -> dict[str, int]:
    sums: dict[str, int] = {}
    for link in links:
        name = str(link[end])
        sums[name] = sums.get(name, 0) + link[2]
    return sums
