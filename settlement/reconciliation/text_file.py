"""Text in UTF-8, whatever it was in: files of other encodings are rewritten once."""

from __future__ import annotations

import codecs
import mmap
from pathlib import Path
from typing import Final

from settlement.reconciliation.problems import RecordsError, quoted

#: The encodings that a mapping may name. Without one it is what a byte order mark says, else UTF-8.
ENCODINGS: Final = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "windows-1252")

_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHUNK: Final = 1 << 20
_LOOKED_AT: Final = 1 << 16


def as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    """A file with the same text in UTF-8 without byte order mark, and lines that end in a line feed.

    That is `path` itself where it is so already, else a new one in the folder `scratch`. Raises RecordsError.
    """
    head = _head(path)
    mark, said = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", ""))
    chosen = _chosen(encoding, said)
    text = head.removeprefix(mark)
    if chosen == "utf-8":
        _refuse_nul(path)
        if not mark and (b"\n" in text or b"\r" not in text):
            return path
    return _rewritten(path, scratch / "records.txt", chosen, len(mark))


def _chosen(encoding: str, said: str) -> str:
    if not encoding:
        return said or "utf-8"
    if encoding not in ENCODINGS:
        raise RecordsError(f"There is no encoding {quoted(encoding)}. Known: {', '.join(ENCODINGS)}.")
    # A byte order mark says which of the two it is; without one it is what Windows writes.
    if encoding == "utf-16":
        return said if said.startswith("utf-16") else "utf-16-le"
    return encoding


def _refuse_nul(path: Path) -> None:
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(b"\0")
        if at >= 0:
            line = _lines_before(data, at) + 1
            raise RecordsError(
                f"Line {line:,} has a NUL character. Is the file in UTF-16? Say so in the mapping: encoding utf-16-le."
            )


def _lines_before(data: mmap.mmap, end: int) -> int:
    return sum(data[start : min(start + _CHUNK, end)].count(b"\n") for start in range(0, end, _CHUNK))


def _rewritten(path: Path, target: Path, encoding: str, skip: int) -> Path:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, carriage = 1, False
    with path.open("rb") as source, target.open("wb") as out:
        source.seek(skip)
        while True:
            data = source.read(_CHUNK)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                line = lines + error.object[: error.start].decode(encoding, errors="ignore").count("\n")
                raise RecordsError(
                    f"Line {line:,} is not {encoding}. Say in the mapping which encoding the file has:"
                    f" {', '.join(ENCODINGS)}."
                ) from error
            if "\0" in text:
                line = lines + text[: text.index("\0")].count("\n")
                raise RecordsError(f"Line {line:,} has a NUL character. Is it another encoding than {encoding}?")
            if carriage:
                text = "\r" + text
            # A line feed may follow in the next part.
            carriage = bool(data) and text.endswith("\r")
            text = (text[:-1] if carriage else text).replace("\r\n", "\n").replace("\r", "\n")
            lines += text.count("\n")
            out.write(text.encode())
            if not data:
                return target


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LOOKED_AT)
