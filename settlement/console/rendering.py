"""Templates and what they may call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from coalition.keys import fingerprint
from settlement.console import amounts
from settlement.console.guard import STATIC

_PACKAGE: Final = "settlement.console"
_MEDIA_TYPES: Final = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Place:
    """An item of the navigation."""

    path: str
    name: str
    #: Other addresses whose pages belong to it.
    others: tuple[str, ...] = ()

    def is_at(self, path: str) -> bool:
        """Whether an address belongs to it."""
        roots = (self.path, *self.others)
        return any(path == root or (root != "/" and path.startswith(f"{root}/")) for root in roots)


class Renderer:
    """Makes pages out of templates."""

    def __init__(self, places: tuple[Place, ...]) -> None:
        self._files = {
            item.name: item.read_bytes() for item in files(_PACKAGE).joinpath("static").iterdir() if item.is_file()
        }
        self._environment = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {"places": places, "static": self._static_address}
        texts: dict[str, Callable[..., str]] = {
            "points": amounts.points_text,
            "minor": amounts.minor_text,
            "exact": amounts.exact_text,
            "rounded": amounts.rounded_text,
            "moment": amounts.moment_text,
            "day": amounts.day_text,
            "counted": amounts.count_text,
            "figure": amounts.figure_text,
            "fingerprint": fingerprint,
        }
        self._environment.filters |= texts

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page. Raises what Jinja raises: a mistake in a template is one in the program."""
        return HTMLResponse(self._environment.get_template(template).render(**values), status)

    def static(self, name: str) -> Response | None:
        """A style sheet or picture; None when there is no such file."""
        data = self._files.get(name)
        if data is None:
            return None
        return Response(data, media_type=_MEDIA_TYPES[name.rpartition(".")[2]])

    def _static_address(self, name: str) -> str:
        """Changes with the file's content, so that an old one is never taken for a new one."""
        return f"{STATIC}{name}?{hashlib.sha256(self._files[name]).hexdigest()[:12]}"
