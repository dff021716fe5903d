"""A statement as a PDF: A4, tagged, PDF/A-3 and PDF/UA-1, with the signed JSON file inside; the same bytes every time.

typst lays it out by `statement.typ`. What the pages show is handed over as data and never as markup.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import typst

from partner_sdk.statement import Statement
from settlement.statements.page import page_of

#: Some hundred and thirty pages, and a quarter of a gigabyte while they are laid out. The other forms take more.
PDF_LINES_MAX: Final = 10_000
_STANDARDS: Final[list[typst.PDFStandard]] = ["a-3a", "ua-1"]
#: For Latin, Greek, Cyrillic and Hebrew; what one lacks is looked for in the next, and in the operator's own fonts.
_FONTS: Final = ("Libertinus Serif", "DejaVu Sans Mono")
#: Stands for a character that no font has.
_MISSING: Final = "?"
#: Each text comes as Rust writes a string.
_NOT_DISPLAYED: Final = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))")
#: Control characters, and those that Unicode has not assigned or leaves to private use: no archive takes them.
_UNPRINTABLE: Final = ("Cc", "Cn", "Co", "Cs")


def pdf_file(statement: Statement, signed: bytes, fonts: Path | None = None) -> bytes:
    """The PDF, with `signed` (the JSON file) attached. `fonts` is a folder of fonts for what those at hand lack.

    Characters that no font has are shown as question marks, for an archive takes no others; party ids are ASCII, and
    the attached file has every name in full.
    """
    page = _each_text(page_of(statement), _printable)
    try:
        return _compile(page, statement, signed, fonts)
    except typst.TypstError as error:
        missing = frozenset("".join(map(_unescaped, _NOT_DISPLAYED.findall(error.diagnostic))))
        if not missing:
            raise
    try:
        return _compile(_each_text(page, lambda text: _without(text, missing)), statement, signed, fonts)
    except typst.TypstError:
        # Some scripts are shaped from characters that are there into ones that are not.
        ascii_only = _each_text(page, lambda text: _without(text, frozenset(filter(_is_foreign, text))))
        return _compile(ascii_only, statement, signed, fonts)


def _compile(page: Any, statement: Statement, signed: bytes, fonts: Path | None) -> bytes:
    compiled = typst.compile(
        _template(),
        font_paths=_fonts(fonts),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps({**page, "fonts": _FONTS, "mono": _FONTS[1:]}), "signed": signed.decode()},
        pdf_standards=_STANDARDS,
        timestamp=statement.made_at,
    )
    assert isinstance(compiled, bytes), "a PDF is one file"
    return compiled


@cache
def _template() -> bytes:
    return resources.files("settlement.statements").joinpath("statement.typ").read_bytes()


@cache
def _fonts(folder: Path | None) -> typst.Fonts:
    """Those that typst brings, and the operator's; never the machine's, or every machine would make another file."""
    return typst.Fonts(include_system_fonts=False, font_paths=[folder] if folder else [])


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same data with every text changed."""
    if isinstance(value, dict):
        return {name: _each_text(item, change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _printable(text: str) -> str:
    if text.isascii():
        return text
    return "".join(_MISSING if unicodedata.category(character) in _UNPRINTABLE else character for character in text)


def _without(text: str, missing: frozenset[str]) -> str:
    if text.isascii():
        return text
    return "".join(_MISSING if character in missing else character for character in text)


def _is_foreign(character: str) -> bool:
    """Whether a character is not of those that the pages are written with."""
    return not character.isascii() and character not in "−–·“”"


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
