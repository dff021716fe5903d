"""Chain ladder with Mack's standard error (ASTIN Bulletin 23, 1993), by the `chainladder` library.

The one place of the books where figures are floats: estimates go in as whole points and come out as whole points and
parts per million, rounded to the careful side.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from threading import Lock
from typing import Any, Final, TypeAlias

PPM: Final = 1_000_000

#: Cumulative points by age, one row for each origin, the oldest first. Every row has all ages that its cohort has seen,
#: each more than 0; the first row has all of them. A row is as long as the one above, or one shorter.
Triangle: TypeAlias = Sequence[Sequence[int]]

# The library counts origins and ages in calendar years; which years does not matter.
_FIRST_YEAR: Final = 1700
# The last column stands for what comes after the last age: nothing here, of which the library sometimes gets the error
# wrong.
_LAST_AGE: Final = -2
# warnings.catch_warnings belongs to the whole process.
_FITTING: Final = Lock()


@dataclass(frozen=True, slots=True)
class Ladder:
    """What the triangle says of its origins once all of them have come to the last age."""

    #: By origin, in the triangle's order; rounded to whole points.
    ultimates: tuple[int, ...]
    #: Mack's standard error of each, and of their sum; rounded up.
    std_errors: tuple[int, ...]
    total_std_error: int
    #: The part of the ultimate that is there at each age, rounded down.
    developed_ppm: tuple[int, ...]


def chain_ladders(triangles: Sequence[Triangle]) -> tuple[Ladder, ...]:
    """The ladder of each triangle. Loads the library at the first call, which takes a second or two."""
    groups: dict[int, list[int]] = {}
    for place, triangle in enumerate(triangles):
        # The library fits triangles of one height together, many times faster than one by one. With different heights
        # it would fill the gaps, and err.
        groups.setdefault(len(triangle), []).append(place)
    found: dict[int, Ladder] = {}
    for places in groups.values():
        found.update(zip(places, _fit([triangles[place] for place in places]), strict=True))
    return tuple(found[place] for place in range(len(triangles)))


def _fit(triangles: Sequence[Triangle]) -> list[Ladder]:
    with _FITTING, warnings.catch_warnings():
        # It divides zero by zero where an origin does not develop any more, says so, and goes on with the right
        # figures; and it uses what pandas has announced to change.
        warnings.simplefilter("ignore")
        library: Any = import_module("chainladder")
        data = _library_triangle(library, triangles)
        model = library.MackChainladder().fit(library.Development(sigma_interpolation="mack").fit_transform(data))
        order = [int(name) for name in data.index["triangle"]]
        total = (model.total_process_risk_**2 + model.total_parameter_risk_**2).sqrt()
        figures = {
            place: (
                [float(value) for value in model.ultimate_.values[row, 0, :, -1]],
                [float(value) for value in model.mack_std_err_.values[row, 0, :, _LAST_AGE]],
                float(total.values[row, 0, 0, _LAST_AGE]),
                [float(value) for value in model.cdf_.values[row, 0, 0, :]],
            )
            for row, place in enumerate(order)
        }
    return [_ladder(triangle, *figures[place]) for place, triangle in enumerate(triangles)]


def _library_triangle(library: Any, triangles: Sequence[Triangle]) -> Any:
    import pandas

    height = len(triangles[0])
    cells: list[Mapping[str, object]] = [
        {
            "triangle": f"{place:06}",
            "origin": str(_FIRST_YEAR + origin),
            "valuation": str(_FIRST_YEAR + origin + age),
            # The library wants all origins up to one day. What has come to its last age stays as it is.
            "points": float(row[min(age, len(row) - 1)]),
        }
        for place, triangle in enumerate(triangles)
        for origin, row in enumerate(triangle)
        for age in range(height - origin)
    ]
    return library.Triangle(
        pandas.DataFrame(cells),
        index=["triangle"],
        origin="origin",
        origin_format="%Y",
        development="valuation",
        development_format="%Y",
        columns=["points"],
        cumulative=True,
    )


def _ladder(
    triangle: Triangle, ultimates: list[float], errors: list[float], total_error: float, factors: list[float]
) -> Ladder:
    ages = len(triangle[0])
    # Where nothing can deviate any more, the library writes no number for an error of zero.
    errors = [0.0 if math.isnan(error) else error for error in errors]
    total_error = 0.0 if math.isnan(total_error) else total_error
    developed = [*factors[: ages - 1], 1.0]
    assert min(developed) > 0, "cells of more than 0 have factors of more than 0"
    return Ladder(
        ultimates=tuple(round(value) for value in ultimates),
        std_errors=tuple(math.ceil(value) for value in errors),
        total_std_error=math.ceil(total_error),
        developed_ppm=tuple(min(PPM, math.floor(PPM / value)) for value in developed),
    )
