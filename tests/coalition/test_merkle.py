"""The tree of RFC 6962, against its own recursive definition."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    reader_of,
    root_from_inclusion,
    root_of,
    root_over,
    verify_consistency,
    verify_inclusion,
)

SIZE_MAX = 70
LEAVES = [leaf_hash(bytes([number])) for number in range(SIZE_MAX)]
READ = reader_of(LEAVES)
SOME_HASH = hashlib.sha256(b"something else").digest()


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word, given leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:split]) + mth(leaves[split:])).digest()


ROOTS = [mth(LEAVES[:size]) for size in range(SIZE_MAX + 1)]


def altered(path: list[bytes]) -> Iterator[list[bytes]]:
    """Paths that are not this one: each hash changed or left out, one more at each place, two exchanged."""
    for place, item in enumerate(path):
        flipped = bytes([item[0] ^ 1]) + item[1:]
        yield [*path[:place], flipped, *path[place + 1 :]]
        yield [*path[:place], item[:-1], *path[place + 1 :]]
        yield [*path[:place], *path[place + 1 :]]
        yield [*path[:place], *path[place + 1 : place + 2], item, *path[place + 2 :]]
    for place in range(len(path) + 1):
        yield [*path[:place], SOME_HASH, *path[place:]]


@given(st.lists(st.binary(max_size=40), max_size=SIZE_MAX))
def test_root_is_that_of_the_definition(data: list[bytes]) -> None:
    """The root over any leaves is MTH of RFC 6962, however it is computed."""
    leaves = [hashlib.sha256(b"\x00" + item).digest() for item in data]
    assert root_over(data) == root_of(leaves) == mth(leaves)


def test_leaf_and_node_are_told_apart() -> None:
    """A leaf that looks like two hashes does not hash as their node."""
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)
    assert EMPTY_ROOT == root_over([]) != root_over([b""])


@given(st.integers(0, SIZE_MAX), st.integers(0, SIZE_MAX))
def test_frontier_grows_as_the_tree_does(stored: int, more: int) -> None:
    """A frontier that was stored and loaded goes on as if it had never been away."""
    frontier = Frontier()
    for leaf in LEAVES[:stored]:
        frontier.append(leaf)
    loaded = Frontier(frontier.size, frontier.hashes)
    for leaf in LEAVES[stored : stored + more]:
        loaded.append(leaf)
    at_once = Frontier(frontier.size, frontier.hashes)
    at_once.extend(LEAVES[stored : stored + more])
    assert (at_once.size, at_once.hashes) == (loaded.size, loaded.hashes)
    assert (frontier.size, frontier.root()) == (stored, ROOTS[stored])
    assert (loaded.size, loaded.root()) == (min(stored + more, SIZE_MAX), ROOTS[min(stored + more, SIZE_MAX)])


def test_copy_of_a_frontier_is_independent() -> None:
    """Appending to a copy leaves the original as it was."""
    frontier = Frontier(0)
    copy = frontier.copy()
    copy.append(LEAVES[0])
    assert (frontier.size, frontier.root(), copy.root()) == (0, EMPTY_ROOT, LEAVES[0])


@pytest.mark.parametrize(("size", "hashes"), [(0, 1), (1, 0), (3, 1), (4, 2)])
def test_frontier_of_another_size_is_refused(size: int, hashes: int) -> None:
    """A frontier has one hash for each complete subtree."""
    with pytest.raises(ValueError, match="complete subtrees"):
        Frontier(size, [SOME_HASH] * hashes)


def test_every_inclusion_proof_holds_and_no_altered_one() -> None:
    """In every tree, every leaf's path leads to the root; another path, leaf, place or root does not."""
    for size in range(1, SIZE_MAX + 1):
        for index in range(size):
            path = inclusion_path(READ, index, size)
            assert verify_inclusion(LEAVES[index], index, size, path, ROOTS[size])
            assert not verify_inclusion(LEAVES[index], index, size, path, ROOTS[size - 1])
            assert not verify_inclusion(SOME_HASH, index, size, path, ROOTS[size])
            assert not any(
                verify_inclusion(LEAVES[index], other, size, path, ROOTS[size])
                for other in {index - 1, index + 1, index ^ 2, size - 1 - index} - {index}
            )
            assert root_from_inclusion(LEAVES[index], index, size, [*path, SOME_HASH]) is None
            assert not path or root_from_inclusion(LEAVES[index], index, size, path[:-1]) is None
            for wrong in altered(path):
                assert wrong == path or not verify_inclusion(LEAVES[index], index, size, wrong, ROOTS[size])


def test_every_consistency_proof_holds_and_no_altered_one() -> None:
    """Every tree is proven to begin with every smaller one; another path, or other roots, prove nothing."""
    for new in range(1, SIZE_MAX + 1):
        for old in range(1, new + 1):
            path = consistency_path(READ, old, new)
            assert verify_consistency(old, new, path, ROOTS[old], ROOTS[new])
            assert not verify_consistency(old, new, path, SOME_HASH, ROOTS[new])
            assert not verify_consistency(old, new, path, ROOTS[old], SOME_HASH)
            assert old == new or not verify_consistency(new, old, path, ROOTS[new], ROOTS[old])
            assert not any(
                verify_consistency(other, new, path, ROOTS[old], ROOTS[new]) for other in {old - 1, old + 1, old ^ 2}
            )
            for wrong in altered(path):
                assert wrong == path or not verify_consistency(old, new, wrong, ROOTS[old], ROOTS[new])


def test_rewritten_log_is_not_consistent() -> None:
    """A log that changed an old leaf cannot prove that it begins with what it was."""
    for place in range(9):
        rewritten = [*LEAVES[:place], SOME_HASH, *LEAVES[place + 1 : 20]]
        path = consistency_path(reader_of(rewritten), 9, 20)
        assert not verify_consistency(9, 20, path, ROOTS[9], root_of(rewritten))


def test_everything_begins_with_nothing() -> None:
    """The empty log needs no proof, and takes none."""
    assert consistency_path(READ, 0, 5) == []
    assert verify_consistency(0, 5, [], EMPTY_ROOT, ROOTS[5])
    assert verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    assert not verify_consistency(0, 5, [], SOME_HASH, ROOTS[5])
    assert not verify_consistency(0, 5, [SOME_HASH], EMPTY_ROOT, ROOTS[5])
    assert not verify_consistency(5, 5, [SOME_HASH], ROOTS[5], ROOTS[5])
    assert not verify_consistency(4, 5, [], ROOTS[4], ROOTS[5])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, -1)])
def test_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    """A path is asked for, and believed, only for a leaf of the tree."""
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_path(READ, index, size)
    assert root_from_inclusion(SOME_HASH, index, size, []) is None


@pytest.mark.parametrize(("old", "new"), [(3, 2), (-1, 2)])
def test_log_does_not_shrink(old: int, new: int) -> None:
    """Nothing is consistent with a log that was larger before."""
    with pytest.raises(ValueError, match="cannot shrink"):
        consistency_path(READ, old, new)
    assert not verify_consistency(old, new, [SOME_HASH], SOME_HASH, SOME_HASH)
