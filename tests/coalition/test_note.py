"""Signed notes and checkpoints, where the published vectors do not reach."""

from __future__ import annotations

import base64

import pytest

from coalition.note import (
    Checkpoint,
    NoteError,
    checkpoint_origin,
    key_id,
    open_checkpoint,
    open_note,
    parse_verifier_key,
    sign_checkpoint,
    sign_note,
    verifier_key,
)
from vectors.cast import KEYS

HUB = KEYS["hub"]
STRANGER = KEYS["stranger"]
NAME = checkpoint_origin("vectors")
TEXT = "one\n\ntwo\n"
NOTE = sign_note(TEXT, NAME, HUB)
ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(NAME, 7, ROOT)


def line(name: str, data: bytes) -> str:
    """A signature line."""
    return f"\u2014 {name} {base64.b64encode(data).decode()}\n"


def test_text_may_have_empty_lines() -> None:
    """The signatures follow the last empty line, not the first."""
    assert open_note(NOTE, NAME, HUB.public) == TEXT


def test_signatures_of_others_are_passed_over() -> None:
    """Unknown keys, unknown algorithms and keys of the same name do not disturb."""
    others = (
        sign_note(TEXT, "witness.example/1", STRANGER).removeprefix(TEXT + "\n")
        + sign_note(TEXT, NAME, STRANGER).removeprefix(TEXT + "\n")
        + line("witness.example/2", b"\x00\x01\x02\x03" + bytes(500))
        + line("witness.example/3", b"")
    )
    text, _, mine = NOTE.rpartition("\n\n")
    assert open_note(f"{text}\n\n{others}{mine}", NAME, HUB.public) == TEXT
    assert open_note(NOTE + others, NAME, HUB.public) == TEXT


def test_many_may_sign() -> None:
    """Sixty-four signatures are read."""
    assert open_note(NOTE + line("other", b"1234") * 63, NAME, HUB.public) == TEXT


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("", "a text, an empty line"),
        (TEXT, "does not start with an em dash"),
        ("one\n" + NOTE.partition("two\n\n")[2], "a text, an empty line"),
        (NOTE.removesuffix("\n"), "a text, an empty line"),
        (NOTE + "\n", "a text, an empty line"),
        (NOTE.replace("\u2014", "-"), "em dash"),
        (NOTE + "junk\n", "em dash"),
        (NOTE + "\u2014 other \u00e9\n", "not base64"),
        (NOTE + "\u2014 other AAA\n", "not base64"),
        (NOTE + "\u2014 other AA=A\n", "not base64"),
        (NOTE + "\u2014 other A A A A\n", "not base64"),
        (NOTE.replace("one", "0ne"), "is wrong"),
        (NOTE.replace("two\n", "two \n"), "is wrong"),
        (NOTE.replace("one", "\tone"), "control characters"),
        (NOTE.replace("one\n", "one\r\n"), "control characters"),
        (f"{TEXT}\n" + line(NAME, key_id(NAME, HUB.public)), "is wrong"),
        (NOTE + line(NAME, key_id(NAME, HUB.public) + bytes(64)), "is wrong"),
        (NOTE + line("other", b"1234") * 64, "at most 64"),
        (sign_note(TEXT, NAME, STRANGER), "no signature"),
        (sign_note(TEXT, "other", HUB), "no signature"),
    ],
)
def test_note_that_is_not_opened(note: str, text: str) -> None:
    """A note that is malformed, altered, or not signed by the key is refused, and it says why."""
    with pytest.raises(NoteError, match=text):
        open_note(note, NAME, HUB.public)


@pytest.mark.parametrize(
    ("text", "name"), [("no newline", NAME), ("a\x00\n", NAME), ("a\n", "my log"), ("a\n", "a+b"), ("a\n", "")]
)
def test_note_that_cannot_be_is_not_signed(text: str, name: str) -> None:
    """What no reader could open is not signed."""
    with pytest.raises(NoteError):
        sign_note(text, name, HUB)


def test_verifier_key_comes_back() -> None:
    """Name and key can be taken from the text."""
    assert parse_verifier_key(verifier_key(NAME, HUB.public)) == (NAME, HUB.public)


@pytest.mark.parametrize("text", ["", "a", "a+b", "a+b+c", "+b+AAAA", "a b+c+AAAA", "a+00000000+\u00e9"])
def test_verifier_key_that_is_none(text: str) -> None:
    """Other texts are refused."""
    with pytest.raises(NoteError):
        parse_verifier_key(text)


def test_verifier_key_without_a_name() -> None:
    """A key's name is not empty, though its hash would fit."""
    with pytest.raises(NoteError, match="form"):
        parse_verifier_key(verifier_key("", HUB.public))


def test_checkpoint_comes_back() -> None:
    """Size and root can be taken from a signed checkpoint; lines that follow them are passed over."""
    assert open_checkpoint(sign_checkpoint(CHECKPOINT, HUB), NAME, HUB.public) == CHECKPOINT
    extended = sign_note(CHECKPOINT.text() + "something more\n", NAME, HUB)
    assert open_checkpoint(extended, NAME, HUB.public) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}\n7\n",
        f"other\n7\n{base64.b64encode(ROOT).decode()}\n",
        f"{NAME}\n7\n{base64.b64encode(ROOT).decode()}\n\nmore\n",
        *(
            f"{NAME}\n{size}\n{base64.b64encode(ROOT).decode()}\n"
            for size in ("", "-1", "+1", "07", "7 ", "0x7", "7.0", "\u0667", "9" * 5_000)
        ),
        *(
            f"{NAME}\n7\n{root}\n"
            for root in (
                "",
                "AAAA",
                "\u00e9",
                base64.b64encode(ROOT[:-1]).decode(),
                base64.b64encode(ROOT).decode()[:-1],
            )
        ),
    ],
)
def test_note_that_is_no_checkpoint(text: str) -> None:
    """The hub's key does not make a checkpoint of any text."""
    with pytest.raises(NoteError):
        open_checkpoint(sign_note(text, NAME, HUB), NAME, HUB.public)


def test_checkpoint_of_another_log() -> None:
    """A checkpoint that the same key signed for another log is refused."""
    other = Checkpoint(checkpoint_origin("other"), 7, ROOT)
    with pytest.raises(NoteError):
        open_checkpoint(sign_checkpoint(other, HUB), NAME, HUB.public)
    with pytest.raises(NoteError, match="not a checkpoint of"):
        open_checkpoint(sign_note(other.text(), NAME, HUB), NAME, HUB.public)
