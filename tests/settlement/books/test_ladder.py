"""The chain ladder, against what was published and against Mack's formulas written down plainly."""

from __future__ import annotations

import math
import random

import pytest

from settlement.books.ladder import PPM, Triangle, chain_ladders

#: General liability claims of the Reinsurance Association of America (Historical Loss Development Study, 1991), as in
#: T. Mack, "Measuring the Variability of Chain Ladder Reserve Estimates", CAS Forum, Spring 1994.
RAA = (
    (5012, 8269, 10907, 11805, 13539, 16181, 18009, 18608, 18662, 18834),
    (106, 4285, 5396, 10666, 13782, 15599, 15496, 16169, 16704),
    (3410, 8992, 13873, 16141, 18735, 22214, 22863, 23466),
    (5655, 11555, 15766, 21266, 23425, 26083, 27067),
    (1092, 9565, 15836, 22169, 25955, 26180),
    (1513, 6445, 11702, 12935, 15852),
    (557, 4020, 10946, 12314),
    (1351, 6947, 13112),
    (3133, 5395),
    (2063,),
)
#: The reserves and standard errors that the paper gives for them, rounded there to whole thousands of dollars.
RESERVES = (0, 154, 617, 1636, 2747, 3649, 5435, 10907, 10650, 16339)
STD_ERRORS = (0, 206, 623, 747, 1469, 2002, 2209, 5358, 6333, 24566)
TOTAL_RESERVE, TOTAL_STD_ERROR = 52_135, 26_909


def test_published_triangle_gives_the_published_figures() -> None:
    """Reserves and standard errors of the paper, each origin's and all together."""
    (ladder,) = chain_ladders([RAA])
    latest = [row[-1] for row in RAA]
    assert tuple(ultimate - paid for ultimate, paid in zip(ladder.ultimates, latest, strict=True)) == RESERVES
    assert abs(sum(ladder.ultimates) - sum(latest) - TOTAL_RESERVE) <= 1
    # Ours are rounded up.
    assert all(0 <= ours - theirs <= 1 for ours, theirs in zip(ladder.std_errors, STD_ERRORS, strict=True))
    assert 0 <= ladder.total_std_error - TOTAL_STD_ERROR <= 1
    assert ladder.developed_ppm[0] == math.floor(PPM / 8.920234)
    assert ladder.developed_ppm[-1] == PPM


def plainly(triangle: Triangle) -> tuple[list[float], list[float], float]:
    """Ultimates, their standard errors, and that of their sum, by the formulas of Mack's paper of 1993.

    For triangles in which every factor was seen at least twice.
    """
    ages = len(triangle[0])
    factors, variances, volumes = [], [], []
    for age in range(ages - 1):
        seen = [row for row in triangle if len(row) > age + 1]
        volume = sum(row[age] for row in seen)
        factor = sum(row[age + 1] for row in seen) / volume
        factors.append(factor)
        volumes.append(volume)
        variances.append(sum(row[age] * (row[age + 1] / row[age] - factor) ** 2 for row in seen) / (len(seen) - 1))
    full = [list(map(float, row)) for row in triangle]
    for row in full:
        while len(row) < ages:
            row.append(row[-1] * factors[len(row) - 1])
    ultimates = [row[-1] for row in full]
    squares, total = [], 0.0
    for place, row in enumerate(triangle):
        steps = range(len(row) - 1, ages - 1)
        risk = sum(variances[k] / factors[k] ** 2 * (1 / full[place][k] + 1 / volumes[k]) for k in steps)
        shared = sum(2 * variances[k] / factors[k] ** 2 / volumes[k] for k in steps)
        squares.append(ultimates[place] ** 2 * risk)
        total += squares[-1] + ultimates[place] * sum(ultimates[place + 1 :]) * shared
    return ultimates, [math.sqrt(square) for square in squares], math.sqrt(total)


def some_triangle(chance: random.Random) -> Triangle:
    """A triangle in which three origins have come to the last age; often nothing happens for an age or two."""
    ages = chance.randint(2, 7)
    height = ages + chance.randint(2, 6)
    rows = []
    for origin in range(height):
        used, row = 0, []
        for _ in range(min(ages, height - origin)):
            used = max(1, used + chance.choice([0, 0, chance.randint(0, 5), chance.randint(1, 500)]))
            row.append(used)
        rows.append(row)
    return rows


def test_ladders_follow_the_formulas() -> None:
    """Many triangles, fitted together, give what each gives by itself; also where an age adds nothing at all."""
    chance = random.Random(1993)
    triangles = [some_triangle(chance) for _ in range(60)]
    triangles += [[(100, 150, 150)] * 5 + [(100, 150), (100,)], [(1, 1)] * 4 + [(2,)]]
    for triangle, ladder in zip(triangles, chain_ladders(triangles), strict=True):
        ultimates, errors, total = plainly(triangle)
        assert ladder.ultimates == pytest.approx(ultimates, abs=0.51)
        assert ladder.std_errors == pytest.approx(errors, abs=1.01)
        assert ladder.total_std_error == pytest.approx(total, abs=1.01)
        latest = [row[-1] for row in triangle]
        for row, paid, ultimate in zip(triangle, latest, ultimates, strict=True):
            assert ladder.developed_ppm[len(row) - 1] == pytest.approx(PPM * paid / ultimate, abs=1.01)
