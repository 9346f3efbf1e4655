"""The page's files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

__all__ = ["FILES", "read_file"]

FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/_page/page.css": ("page.css", "text/css; charset=utf-8"),
    "/_page/icon.svg": ("icon.svg", "image/svg+xml"),
    **{
        f"/_page/{name}": (name, "text/javascript; charset=utf-8")
        for name in ("page.js", "cards.js", "captions.js", "watching.js", "microphone.js", "recorder.js", "waveform.js")
    },
}
"""Which file answers for which path, and as which type. There is no other way to a file."""

_FOLDER = Path(__file__).parent


@lru_cache(maxsize=len(FILES))
def read_file(name: str) -> bytes:
    """Return a file of the page."""
    return (_FOLDER / name).read_bytes()
