"""Inclusion proofs step by step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.merkle import inclusion_path, leaf_hash, reader_of, root_of
from settlement.console.proof import proof_steps


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_steps_lead_to_the_root(case: tuple[int, int]) -> None:
    """For every leaf of every log the last step is the root, and a step more or less is refused."""
    size, index = case
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    path = inclusion_path(reader_of(leaves), index, size)
    steps = proof_steps(leaves[index], index, size, path)
    assert (steps[-1].result if steps else leaves[index]) == root_of(leaves)
    assert [step.sibling for step in steps] == path
    with pytest.raises(ValueError, match="too long"):
        proof_steps(leaves[index], index, size, [*path, path[-1] if path else leaves[0]])
    if path:
        with pytest.raises(ValueError, match="too short"):
            proof_steps(leaves[index], index, size, path[:-1])


def test_there_must_be_a_leaf() -> None:
    """A place past the end has no proof."""
    with pytest.raises(ValueError, match="no such leaf"):
        proof_steps(bytes(32), 3, 3, [])
