"""Draws the state diagrams of ARCHITECTURE.md, which are Mermaid text there, as SVG: the site loads no renderer.

The diagrams have one shape, and this knows no other: states that follow one another, some of which can be passed over,
and two ends, ``closed`` and ``failed``. ``scripts/state_diagrams.py`` writes the text from the transition tables.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

__all__ = ["Diagram", "draw", "parse", "with_drawings"]

_BLOCK = re.compile(r"<!-- ([\w ]+): begin -->\n```mermaid\n(.*?)```\n<!-- \1: end -->", re.DOTALL)
_ENDS = ("closed", "failed")
_LINE = 17
_BOX_X, _BOX_WIDTH, _BUS_X, _WIDTH = 150, 280, 706, 720
_BOX_CHARS, _SIDE_CHARS, _WAY_CHARS = 42, 20, 38


class Diagram(NamedTuple):
    """What a diagram says: the texts in each state's box, its title first, and the arrows as (from, to, label)."""

    boxes: dict[str, list[str]]
    arrows: list[tuple[str, str, str]]


def parse(text: str) -> Diagram:
    """Read a diagram.

    Args:
        text: a Mermaid ``stateDiagram-v2``.

    Returns:
        what it says, without the marks of beginning and end.

    Raises:
        ValueError: a line of another kind.
    """
    boxes: dict[str, list[str]] = {}
    arrows = []
    for line in text.strip().splitlines()[1:]:
        arrow = re.fullmatch(r" *(\S+) --> (\S+)(?: : (.*))?", line)
        if arrow:
            if "[*]" not in arrow.groups():
                arrows.append((arrow[1], arrow[2], arrow[3] or ""))
            continue
        state, colon, said = line.strip().partition(" : ")
        if not colon:
            raise ValueError(f"cannot draw {line!r}")
        boxes.setdefault(state, []).append(said)
    return Diagram(boxes, arrows)


def with_drawings(markdown: str) -> str:
    """Put a drawing in the place of every diagram.

    Args:
        markdown: the document.

    Returns:
        the document with the drawings.
    """
    return _BLOCK.sub(lambda found: draw(found[1], parse(found[2])), markdown)


def draw(name: str, diagram: Diagram) -> str:
    """Draw a diagram.

    Args:
        name: what it shows.
        diagram: what it says.

    Returns:
        an ``svg`` element on one line, styled by the classes of ``assets/site.css``.
    """
    chain = [state for state in diagram.boxes if state not in _ENDS]
    parts: list[str] = []
    tops: dict[str, int] = {}
    bottoms: dict[str, int] = {}
    y = 12
    for state in chain:
        following = chain[chain.index(state) + 1] if state != chain[-1] else ""
        tops[state], bottoms[state] = y, y + _height(diagram.boxes[state], _BOX_CHARS)
        parts += _box(_BOX_X, y, _BOX_WIDTH, diagram.boxes[state], _BOX_CHARS)
        labels = [label for a, b, label in diagram.arrows if (a, b) == (state, following)]
        gap = 30 + _LINE * sum(len(textwrap.wrap(label, _BOX_CHARS - 6)) for label in labels)
        if labels:
            middle = _BOX_X + _BOX_WIDTH // 2
            parts.append(_path(f"M{middle} {bottoms[state]} V{bottoms[state] + gap - 2}"))
            parts += _text(middle + 8, bottoms[state] + 18, textwrap.wrap(labels[0], _BOX_CHARS - 6))
        y = bottoms[state] + gap
    ends_y = y + 6
    parts += _passed_over(diagram, chain, tops, bottoms)
    parts += _closings(diagram, bottoms, ends_y)
    failed = ["failed", "from every state, by:", *diagram.boxes["failed"][1:]]
    parts += _box(_BOX_X, ends_y, _BOX_WIDTH, failed, _BOX_CHARS, "failed")
    parts += _box(_WIDTH - 130, ends_y, 118, ["closed"], 20, "closed")
    height = ends_y + _height(failed, _BOX_CHARS) + 12
    return (
        f'<svg class="states" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="States of {escape(name)}">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 8 4 0 8z"/></marker></defs>{"".join(parts)}</svg>'
    )


def _passed_over(diagram: Diagram, chain: list[str], tops: dict[str, int], bottoms: dict[str, int]) -> Iterator[str]:
    """Arrows from a state to one that is not the next, on the left."""
    for start, end, label in diagram.arrows:
        if start not in chain or end not in chain or chain.index(end) == chain.index(start) + 1:
            continue
        out, back = bottoms[start] - 14, tops[end] + 14
        yield _path(f"M{_BOX_X} {out} H130 V{back} H{_BOX_X - 2}")
        lines = textwrap.wrap(label, _SIDE_CHARS)
        yield from _text(122, (out + back) // 2 - _LINE * len(lines) // 2 + 12, lines, "end")


def _closings(diagram: Diagram, bottoms: dict[str, int], ends_y: int) -> Iterator[str]:
    """Arrows to ``closed``, which come together on the right."""
    for start, end, label in diagram.arrows:
        if end != "closed":
            continue
        right = _BOX_X + _BOX_WIDTH
        y = bottoms[start] - 16
        yield _path(f"M{right} {y} H{_BUS_X - 40} V{ends_y - 2}")
        lines = textwrap.wrap(label, _WAY_CHARS)
        yield from _text(right + 10, y - 6 - _LINE * (len(lines) - 1), lines)


def _height(texts: list[str], chars: int) -> int:
    return 24 + _LINE * sum(len(textwrap.wrap(text, chars)) for text in texts)


def _box(x: int, y: int, width: int, texts: list[str], chars: int, kind: str = "state") -> Iterator[str]:
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{_height(texts, chars)}" rx="8"/>'
    yield f'<text class="title" x="{x + width // 2}" y="{y + 21}" text-anchor="middle">{escape(texts[0])}</text>'
    lines = [line for text in texts[1:] for line in textwrap.wrap(text, chars)]
    yield from _text(x + width // 2, y + 21 + _LINE, lines, "middle")


def _text(x: int, y: int, lines: list[str], anchor: str = "start") -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f'<text x="{x}" y="{y + number * _LINE}" text-anchor="{anchor}">{escape(line)}</text>'


def _path(steps: str) -> str:
    return f'<path class="arrow" d="{steps}" marker-end="url(#tip)"/>'
