"""Files are sent in parts, which may be sent again; one of each party is kept, and not for ever."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.errors import Refused, reason_name
from settlement.reconciliation.limits import MIB, Limits
from settlement.reconciliation.uploads import KEPT_S, PART_BYTES_MAX, Uploads


def digest_of(data: bytes) -> bytes:
    """By which a file is named."""
    return hashlib.sha256(data).digest()


def send(uploads: Uploads, data: bytes, party_id: str = "grocer", step: int = PART_BYTES_MAX) -> Path:
    """Send a whole file and find it."""
    received = 0
    while received < len(data):
        received = uploads.add(party_id, digest_of(data), len(data), received, data[received : received + step])
    return uploads.find(party_id, digest_of(data))


def refusal(uploads: Uploads, *arguments: object) -> tuple[str, str]:
    """Why a part is refused."""
    with pytest.raises(Refused) as refused:
        uploads.add(*arguments)  # type: ignore[arg-type]
    return reason_name(refused.value.reason), refused.value.message


@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(1, 400), max_size=30), st.randoms())
def test_parts_make_the_file(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, steps: list[int], random: object
) -> None:
    """In whatever parts it comes, and however often a part comes again, it is the file."""
    uploads = Uploads(tmp_path_factory.mktemp("uploads") / "files", Limits())
    received = 0
    for step in steps:
        offset = random.randrange(received + 1)  # type: ignore[attr-defined]
        part = data[offset : offset + step]
        if part:
            received = uploads.add("grocer", digest_of(data), len(data), offset, part)
    assert send(uploads, data, step=7).read_bytes() == data


def test_what_is_there_is_not_sent_again(tmp_path: Path) -> None:
    """The first part of a file that is there already is answered with all of it; a gap with what is there."""
    uploads = Uploads(tmp_path / "files", Limits())
    data = bytes(range(200))
    assert uploads.add("grocer", digest_of(data), 200, 100, data[100:]) == 0
    assert uploads.add("grocer", digest_of(data), 200, 0, data[:50]) == 50
    assert uploads.add("grocer", digest_of(data), 200, 150, data[150:]) == 50
    send(uploads, data)
    assert uploads.add("grocer", digest_of(data), 200, 0, data[:1]) == 200


def test_a_file_keeps_its_size(tmp_path: Path) -> None:
    """Room was made for what its first part said; a later part, or one that comes again, does not say otherwise."""
    uploads = Uploads(tmp_path / "files", Limits(upload_mib=1, uploads_mib=1))
    data = bytes(PART_BYTES_MAX)
    uploads.add("grocer", digest_of(data), 2, 0, b"x")
    for offset in (0, 1):
        reason, text = refusal(uploads, "grocer", digest_of(data), MIB, offset, data)
        assert (reason, text.partition(".")[0]) == (
            "FIELD_INVALID",
            "The file was begun as one of 2 bytes, not of 1,048,576",
        )


def test_another_file_takes_its_place(tmp_path: Path) -> None:
    """A party has one; others' files stay, and are not found by the digest alone."""
    uploads = Uploads(tmp_path / "files", Limits())
    mine = send(uploads, b"mine")
    send(uploads, b"theirs", "florist")
    send(uploads, b"mine too")
    assert not mine.exists()
    with pytest.raises(Refused, match="does not have this file"):
        uploads.find("grocer", digest_of(b"mine"))
    with pytest.raises(Refused, match="does not have this file"):
        uploads.find("grocer", digest_of(b"theirs"))
    assert uploads.find("florist", digest_of(b"theirs")).read_bytes() == b"theirs"


def test_what_is_too_much_is_refused(tmp_path: Path) -> None:
    """A file, its parts, what waits in all; and what does not hash to what was said."""
    uploads = Uploads(tmp_path / "files", Limits(upload_mib=1, uploads_mib=1))
    digest = digest_of(b"x")
    assert refusal(uploads, "grocer", digest, MIB + 1, 0, b"x")[1].startswith("The file has 1,048,577 bytes; 1,048,576")
    assert refusal(uploads, "grocer", digest, 0, 0, b"") == ("FIELD_INVALID", "The file is empty.")
    assert "32 bytes" in refusal(uploads, "grocer", b"short", 1, 0, b"x")[1]
    for offset, data in ((0, b"xx"), (1, b"x"), (0, b"")):
        assert "A part must have" in refusal(uploads, "grocer", digest, 1, offset, data)[1]
    assert "does not have the digest" in refusal(uploads, "grocer", digest, 1, 0, b"y")[1]
    uploads.add("florist", digest, MIB, 0, b"x")
    assert refusal(uploads, "grocer", digest_of(b"z"), 1, 0, b"z")[0] == "OVERLOADED"
    assert send(uploads, b"anew", "florist").exists()
    assert send(uploads, b"z").exists()


def test_files_are_kept_for_an_hour(tmp_path: Path) -> None:
    """Of use or not, whatever nobody has touched for long makes room; a start of the service finds nothing."""
    uploads = Uploads(tmp_path / "files", Limits())
    old, used = send(uploads, b"old", "florist"), send(uploads, b"used", "school")
    long_ago = time.time() - KEPT_S - 1
    os.utime(old, (long_ago, long_ago))
    os.utime(used, (long_ago + KEPT_S / 2, long_ago + KEPT_S / 2))
    uploads.find("school", digest_of(b"used"))
    assert used.stat().st_mtime > long_ago + KEPT_S
    with pytest.raises(Refused, match="kept for an hour"):
        uploads.find("florist", digest_of(b"old"))
    assert send(uploads, b"old", "florist").stat().st_mtime > long_ago + KEPT_S
    os.utime(old, (long_ago, long_ago))
    send(uploads, b"new")
    assert (old.exists(), used.exists()) == (False, True)
    Uploads(tmp_path / "files", Limits())
    assert not used.exists()
