"""Writes our vectors, or checks that they are what the code gives.

    python protos/vectors/generate.py            write the files of protos/vectors/coalition
    python protos/vectors/generate.py --check    fail if one is not what the code gives

The files of protos/vectors/published are other people's and are not generated.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from vectors import log, refusals, signing

FOLDER: Final = Path(__file__).parent / "coalition"

SECTIONS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "keys": signing.keys,
    "payload_types": signing.payload_types,
    "documents": signing.documents,
    "transactions": signing.transactions,
    "envelopes": signing.envelopes,
    "refused_envelopes": refusals.envelopes,
    "decoding": refusals.decoding,
    "merkle": log.trees,
    "ids": log.identifiers,
    "journal": log.journal,
    "tokens": signing.access_tokens,
}


def render() -> dict[str, str]:
    """The text of every file, by its name."""
    return {
        f"{name}.json": json.dumps(section(), indent=1, ensure_ascii=False) + "\n" for name, section in SECTIONS.items()
    }


def main() -> int:
    """Write, or with --check compare; the exit code."""
    check = sys.argv[1:] == ["--check"]
    stale = 0
    for name, text in render().items():
        path = FOLDER / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if check:
            print(f"generate: {path} is not what the code gives", file=sys.stderr)
        else:
            FOLDER.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"generate: wrote {path}")
    return stale if check else 0


if __name__ == "__main__":
    sys.exit(main())
