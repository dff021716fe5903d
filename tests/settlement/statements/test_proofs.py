"""Audit paths that share their hashes are those that each entry has by itself."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.merkle import inclusion_path, reader_of
from settlement.statements.proofs import Proofs

LEAVES = [sha256(b"%d" % number).digest() for number in range(1_600)]


@given(st.integers(1, len(LEAVES)), st.lists(st.integers(1, len(LEAVES)), max_size=20))
def test_paths_are_those_of_the_standard(size: int, sequences: list[int]) -> None:
    """In logs of any size, in any order, beyond the size not at all."""
    read = reader_of(LEAVES)
    proofs = Proofs(read, size)
    for sequence in sequences:
        assert proofs.leaf(sequence) == LEAVES[sequence - 1]
        if sequence > size:
            with pytest.raises(ValueError, match="is not in a tree"):
                proofs.path(sequence)
        else:
            assert proofs.path(sequence) == tuple(inclusion_path(read, sequence - 1, size))
