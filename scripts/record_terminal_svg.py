"""A recording of a terminal as one animated SVG, for an `<img>`: no scripts, no fonts, nothing from elsewhere.

Each row that was ever seen is drawn once, and shown by CSS while it was seen. Without animations, all that is shown is
the last screen.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

__all__ = ["PLAIN", "Frame", "Row", "Run", "Style", "draw", "settled", "shortened"]

_CELL_WIDTH, _CELL_HEIGHT = 8.4, 20
_FONT_SIZE, _BASELINE = 14, 15
_MARGIN, _TITLE_BAR = 16, 36

# Contrast is enough on the window, which is dark whatever the page is; its border sets it off from a dark one.
_WINDOW, _BAR, _BORDER, _TEXT, _DIM = "#161b22", "#21262d", "#3d444d", "#e6edf3", "#9198a1"
_COLOURS = {
    "black": "#6e7681",
    "red": "#ff7b72",
    "green": "#56d364",
    "brown": "#e3b341",  # as pyte calls yellow
    "blue": "#79c0ff",
    "magenta": "#d2a8ff",
    "cyan": "#56d4dd",
    "white": "#e6edf3",
}
_FONTS = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace'
_BUTTONS = ("#ff5f57", "#febc2e", "#28c840")


class Style(NamedTuple):
    """How characters look; colours are pyte's names, or six hexadecimal digits."""

    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    inverse: bool = False


PLAIN = Style()


class Run(NamedTuple):
    """Characters of one style in a row: the column of the first, how many columns they take, and what they are."""

    column: int
    columns: int
    text: str
    style: Style = PLAIN


Row = tuple[Run, ...]


class Frame(NamedTuple):
    """A screen, and when it was first seen, in seconds."""

    at_s: float
    rows: tuple[Row, ...]


def settled(frames: Sequence[Frame], shortest_s: float) -> list[Frame]:
    """Leave out screens that nobody could have seen.

    Args:
        frames: in order of their times.
        shortest_s: what was replaced sooner is left out.
    """
    seen = [a for a, b in itertools.pairwise(frames) if b.at_s - a.at_s >= shortest_s]
    return [*seen, frames[-1]]


def shortened(frames: Sequence[Frame], longest_s: float) -> list[Frame]:
    """Begin at 0, and cut long waits short.

    Args:
        frames: in order of their times.
        longest_s: how long a screen is seen at most.
    """
    waits = [min(b.at_s - a.at_s, longest_s) for a, b in itertools.pairwise(frames)]
    times = itertools.accumulate(waits, initial=0.0)
    return [frame._replace(at_s=at_s) for frame, at_s in zip(frames, times, strict=True)]


def draw(frames: Sequence[Frame], *, columns: int, lines: int, title: str, description: str, hold_s: float) -> str:
    """Return a recording as SVG, which begins again and again.

    Args:
        frames: at least one; times begin at 0 and ascend.
        columns: the terminal's width.
        lines: its height.
        title: stands in the window's title bar.
        description: tells how it was made.
        hold_s: how long the last screen is seen.

    Raises:
        ValueError: no frames, or their times do not begin at 0 and ascend.
    """
    times = [frame.at_s for frame in frames]
    if not times or times[0] != 0 or any(b <= a for a, b in itertools.pairwise(times)):
        raise ValueError("frames begin at 0, and their times ascend")
    total_s = times[-1] + hold_s
    width, height = round(columns * _CELL_WIDTH + 2 * _MARGIN), lines * _CELL_HEIGHT + _TITLE_BAR + 2 * _MARGIN
    drawn = _Drawing(_spans_by_row(frames, total_s), total_s)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(description)}</desc>",
            f"<style>\n{_style()}\n@media (prefers-reduced-motion:no-preference){{\n{drawn.keyframes}\n}}\n</style>",
            *([f"<defs>\n{drawn.shared}\n</defs>"] if drawn.shared else []),
            *_window(width, height, title),
            f'<g transform="translate({_MARGIN} {_TITLE_BAR + _MARGIN})">',
            *drawn.rows,
            "</g>",
            "</svg>\n",
        ]
    )


_Spans = tuple[tuple[float, float], ...]


def _spans_by_row(frames: Sequence[Frame], total_s: float) -> dict[Row, dict[int, _Spans]]:
    """When each row was seen, by the lines where it was."""
    ends = [*(frame.at_s for frame in frames[1:]), total_s]
    found: dict[Row, dict[int, _Spans]] = {}
    for frame, end_s in zip(frames, ends, strict=True):
        for line, row in enumerate(frame.rows):
            if row:
                lines = found.setdefault(row, {})
                before = lines.get(line, ())
                if before and before[-1][1] == frame.at_s:
                    lines[line] = (*before[:-1], (before[-1][0], end_s))
                else:
                    lines[line] = (*before, (frame.at_s, end_s))
    return found


class _Drawing:
    """The rows as SVG, with the animations that show them; rows seen together share one."""

    def __init__(self, spans: Mapping[Row, Mapping[int, _Spans]], total_s: float) -> None:
        self._total_s = total_s
        self._names: dict[_Spans, str] = {}
        shared: list[str] = []
        self.rows: list[str] = []
        for row, lines in spans.items():
            body = "".join(_run(run) for run in row)
            if len(lines) > 1:
                shared.append(f'<g id="r{len(shared)}">{body}</g>')
            for line, seen in lines.items():
                shown = self._class(seen)
                if len(lines) > 1:
                    self.rows.append(f'<use href="#r{len(shared) - 1}" y="{line * _CELL_HEIGHT}"{shown}/>')
                else:
                    self.rows.append(f'<g transform="translate(0 {line * _CELL_HEIGHT})"{shown}>{body}</g>')
        self.shared = "\n".join(shared)
        self.keyframes = "\n".join(self._rule(seen, name) for seen, name in self._names.items())

    def _class(self, seen: _Spans) -> str:
        if seen == ((0.0, self._total_s),):
            return ""
        name = self._names.setdefault(seen, f"k{len(self._names)}")
        return f' class="{name}"' if seen[-1][1] == self._total_s else f' class="h {name}"'

    def _rule(self, seen: _Spans, name: str) -> str:
        stops = [] if seen[0][0] == 0 else [(0.0, "hidden")]
        for start_s, end_s in seen:
            stops.append((start_s, "visible"))
            if end_s < self._total_s:
                stops.append((end_s, "hidden"))
        text = "".join(f"{round(100 * at_s / self._total_s, 2):g}%{{visibility:{how}}}" for at_s, how in stops)
        return f".{name}{{animation:{name} {self._total_s:.2f}s step-end infinite}}@keyframes {name}{{{text}}}"


def _style() -> str:
    colours = "\n".join(f".{name}{{fill:{colour}}}" for name, colour in _COLOURS.items())
    return (
        f"text{{font:{_FONT_SIZE}px {_FONTS};fill:{_TEXT};white-space:pre}}\n{colours}\n"
        f".bold{{font-weight:bold}}.italic{{font-style:italic}}.underline{{text-decoration:underline}}"
        f".dim{{fill:{_DIM}}}.h{{visibility:hidden}}"
    )


def _window(width: int, height: int, title: str) -> Iterator[str]:
    yield f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="9" fill="{_WINDOW}"/>'
    yield f'<path d="M.5 {_TITLE_BAR}V9.5a9 9 0 0 1 9-9H{width - 9.5}a9 9 0 0 1 9 9V{_TITLE_BAR}z" fill="{_BAR}"/>'
    yield f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="9" fill="none" stroke="{_BORDER}"/>'
    for number, colour in enumerate(_BUTTONS):
        yield f'<circle cx="{20 + 20 * number}" cy="{_TITLE_BAR / 2:g}" r="6" fill="{colour}"/>'
    yield f'<text x="{width / 2:g}" y="{_TITLE_BAR / 2 + 5:g}" class="dim" text-anchor="middle">{escape(title)}</text>'


def _run(run: Run) -> str:
    style, x, width = run.style, f"{run.column * _CELL_WIDTH:.5g}", f"{run.columns * _CELL_WIDTH:.5g}"
    ink, ground = _colour(style.fg), _colour(style.bg)
    if style.inverse:
        ink, ground = ground or _WINDOW, ink or (_DIM if style.dim else _TEXT)
    parts = [f'<rect x="{x}" width="{width}" height="{_CELL_HEIGHT}" fill="{ground}"/>'] if ground else []
    if run.text.strip():
        names = [name for name in ("bold", "dim", "italic", "underline") if getattr(style, name)]
        plain = style.fg in _COLOURS and not style.inverse
        shown = f' class="{" ".join([*names, style.fg] if plain else names)}"' if names or plain else ""
        # Beside a class, an attribute would count for nothing.
        fill = f' style="fill:{ink}"' if ink and not plain else ""
        # The length keeps columns in place, whatever font there is.
        place = f'x="{x}" y="{_BASELINE}" textLength="{width}"'
        parts.append(f'<text {place} xml:space="preserve"{shown}{fill}>{escape(run.text)}</text>')
    return "".join(parts)


def _colour(name: str) -> str | None:
    """A colour of pyte's as SVG has it; None for what the terminal takes by itself."""
    if name == "default":
        return None
    return _COLOURS.get(name.removeprefix("bright")) or f"#{name}"
