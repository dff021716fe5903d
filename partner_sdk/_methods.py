"""Turns what is declared once, without I/O, into documented methods of a client."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: `Steps[Holdings]` → `Holdings`, `Draft[IssueResult]` → `IssueResult`, `Flow[Record]` → `Record`.
_WRAPPED_RESULT: Final = re.compile(r"(?:Steps|Draft|Flow)\[(.*)\]")


def present_as(method: F, source: Callable[..., Any], *, leading: int, result: str) -> F:
    """Give `method` the name, words and parameters of `source`, so that `help()` and editors show them.

    `leading` parameters of the source are replaced by `self`; `result` has `{}` where the source's own result belongs.
    """
    signature = inspect.signature(source)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = _WRAPPED_RESULT.fullmatch(str(signature.return_annotation))
    assert found is not None, f"{source.__name__} declares what it gives"
    method.__name__ = source.__name__
    method.__doc__ = source.__doc__
    method.__module__ = source.__module__
    method.__annotations__ = {}
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[own, *list(signature.parameters.values())[leading:]],
        return_annotation=result.format(found.group(1)),
    )
    return method
