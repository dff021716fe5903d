"""Reading XML that comes from outside and may be hostile: nothing declared, nothing fetched, nothing expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from settlement.payments.statements import unreadable, wrong

FILE_BYTES_MAX: Final = 8 << 20
#: An id in an ISO 20022 file has up to 35 characters, a name or reference up to 140.
_TEXT_MAX: Final = 140
# Control characters, and marks that nobody sees or that turn the direction of writing.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]+")


class Node:
    """An element, and its children by their names in the namespace of the file."""

    __slots__ = ("_element", "_namespace", "where")

    def __init__(self, element: etree._Element, namespace: str, where: str) -> None:
        self._element = element
        self._namespace = namespace
        #: Its place, for people.
        self.where: Final = where

    def child(self, path: str) -> Node | None:
        """The first element on a path such as `Acct/Id/IBAN`; None where there is none."""
        found = self._element.find(self._path(path))
        return None if found is None else Node(found, self._namespace, f"{self.where}.{path}")

    def children(self, path: str) -> Iterator[Node]:
        """All elements on a path, in their order."""
        for number, element in enumerate(self._element.iterfind(self._path(path)), 1):
            yield Node(element, self._namespace, f"{self.where}.{path}[{number}]")

    def text(self, *paths: str) -> str:
        """The text of the first of these elements that there is, without unprintable characters; empty for none.

        Raises Refused for one that is longer than the standard allows.
        """
        for path in paths:
            element = self._element.find(self._path(path))
            if element is not None and element.text and element.text.strip():
                text = _UNPRINTABLE.sub(" ", element.text).strip()
                if len(text) > _TEXT_MAX:
                    raise wrong(f"{self.where}.{path}", f"is longer than {_TEXT_MAX} characters")
                return text
        return ""

    def texts(self, path: str) -> list[str]:
        """The texts of all elements on a path."""
        found = (element.text or "" for element in self._element.iterfind(self._path(path)))
        return [text for text in (_UNPRINTABLE.sub(" ", text).strip() for text in found) if text]

    def attribute(self, name: str) -> str:
        """An attribute's value; empty for none."""
        return str(self._element.get(name, ""))

    @property
    def own_text(self) -> str:
        """The element's own text."""
        return str(self._element.text or "").strip()

    def _path(self, path: str) -> str:
        return "/".join(f"{{{self._namespace}}}{name}" for name in path.split("/"))


def read_xml(data: bytes) -> tuple[Node, str]:
    """The root of an XML file and its namespace. Raises Refused with MALFORMED."""
    if len(data) > FILE_BYTES_MAX:
        raise unreadable(f"it has {len(data)} bytes, of {FILE_BYTES_MAX} that a file may have")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise unreadable(f"it is not XML, or not all of it is there ({_first_line(error)})") from None
    tree = root.getroottree()
    if tree.docinfo.doctype or tree.docinfo.internalDTD is not None:
        raise unreadable("it declares types or entities of its own, which no bank does")
    name = etree.QName(root)
    return Node(root, name.namespace or "", name.localname), name.namespace or ""


def _first_line(error: Exception) -> str:
    return _UNPRINTABLE.sub(" ", str(error).splitlines()[0] if str(error) else type(error).__name__)[:150]
