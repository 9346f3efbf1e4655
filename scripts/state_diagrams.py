"""Write the state diagrams into ARCHITECTURE.md, each between its marker comments; with --check, say what is stale."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepgram_anyio.protocol.agent_machine import AGENT
from deepgram_anyio.protocol.diagram import state_diagram
from deepgram_anyio.protocol.flux_machine import FLUX
from deepgram_anyio.protocol.flux_speak_machine import FLUX_SPEAK
from deepgram_anyio.protocol.listen_machine import LISTEN
from deepgram_anyio.protocol.machine import SocketKind
from deepgram_anyio.protocol.speak_machine import SPEAK

__all__ = ["DOCUMENT", "SOCKETS", "main", "with_diagrams"]

DOCUMENT = Path(__file__).parent.parent / "ARCHITECTURE.md"

SOCKETS: list[SocketKind[Any]] = [
    LISTEN,
    FLUX,
    SPEAK,
    FLUX_SPEAK,
    AGENT,
]


def with_diagrams(text: str, sockets: Sequence[SocketKind[Any]] = SOCKETS) -> str:
    """Return a document with its diagrams brought up to date.

    Raises:
        ValueError: a socket has not exactly one place in the document, or a place has no socket.
    """
    places = re.findall(r"^<!-- (.+): begin -->$", text, re.MULTILINE)
    expected = [kind.name for kind in sockets]
    if sorted(places) != sorted(expected):
        raise ValueError(f"places for diagrams: {places}; sockets: {expected}")
    for kind in sockets:
        begin, end = (f"<!-- {kind.name}: {mark} -->" for mark in ("begin", "end"))
        before, _, rest = text.partition(f"{begin}\n")
        stale, found, after = rest.partition(f"{end}\n")
        if not found or ": begin -->" in stale:
            raise ValueError(f"no line {end!r} after {begin!r}")
        text = f"{before}{begin}\n```mermaid\n{state_diagram(kind)}```\n{end}\n{after}"
    return text


def main(arguments: Sequence[str] | None = None, *, document: Path = DOCUMENT) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 and a diff when stale")
    check: bool = parser.parse_args(arguments).check
    old = document.read_text("utf-8")
    new = with_diagrams(old)
    if check and new != old:
        before, after = (text.splitlines(keepends=True) for text in (old, new))
        names = (f"{document.name} as it is", f"{document.name} as it should be")
        sys.stdout.writelines(difflib.unified_diff(before, after, *names))
        return 1
    if new != old:
        document.write_text(new, "utf-8")
    sys.stdout.write(f"{document.name}: state diagrams of {len(SOCKETS)} socket kinds, up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
