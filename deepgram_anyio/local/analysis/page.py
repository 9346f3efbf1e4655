"""The text of a file or a web page."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from html.parser import HTMLParser

__all__ = ["text_of"]

_UNSEEN = frozenset({"script", "style", "template", "noscript", "head", "svg", "iframe"})
_SNIFFED = 2048
_MARK_UP = re.compile(r"<(!doctype\s+html|html|body)\b", re.IGNORECASE)
_BLANKS = re.compile(r"[ \n]+")
_INLINE = frozenset(
    {
        *(
            "a",
            "abbr",
            "b",
            "bdi",
            "bdo",
            "cite",
            "code",
            "data",
            "del",
            "dfn",
            "em",
            "font",
            "i",
            "ins",
            "kbd",
            "label",
        ),
        *("mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "img"),
    }
)


class _Page(HTMLParser):
    """Collects what a reader sees: text outside scripts and styles; a block begins a new paragraph."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen_in = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag == "body" and self._unseen_in == "head":
            self._unseen_in = ""  # a head need not be closed
        elif tag == self._unseen_in:
            self._depth += 1
        elif tag in _UNSEEN and not self._unseen_in:
            self._unseen_in, self._depth = tag, 1
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen_in:
            self._depth -= 1
            if self._depth == 0:
                self._unseen_in = ""
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen_in:
            self.parts.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self.parts.append("\n\n")


def text_of(content: bytes) -> str:
    """Return the text of a file, or of a web page without its mark-up; what looks like one is taken for one.

    Args:
        content: as fetched, in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
        ValueError: it is no text.
    """
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if marked else "utf-8-sig")
    if "\0" in text:
        raise ValueError("it is binary")
    if not text.lstrip().startswith("<") or not _MARK_UP.search(text[:_SNIFFED]):
        return text
    page = _Page()
    page.feed(text)
    page.close()
    return _BLANKS.sub(lambda found: "\n\n" if "\n" in found[0] else " ", "".join(page.parts)).strip()
