"""The figures of one saturated connection as a picture, the same bytes for the same figures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from .cases import CASES
from .figures import Figures

__all__ = ["draw"]

_PANELS = {"down": "CPU µs for a typed event of 818 bytes", "up": "CPU µs for an audio frame of 640 bytes"}
# Of middle brightness, to be read on a light page as well as on a dark one.
_INK, _GRID, _OURS, _OTHERS = "#7f8a96", "#7f8a9655", "#12a08a", "#9aa4af"


def draw(figures: Figures, path: Path) -> None:
    """Write an SVG with a bar for each client, on a logarithmic scale; lines show the spread.

    Raises:
        ValueError: neither direction was measured.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    panels = [name for name in _PANELS if figures.measured(name)]
    if not panels:
        raise ValueError("there is nothing to draw")
    style: dict[Any, Any] = {
        "svg.hashsalt": "deepgram_anyio",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": _INK,
        "axes.edgecolor": _INK,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
    }
    with mpl.rc_context(style):
        rows = [len(CASES[name].clients) for name in panels]
        figure = Figure(figsize=(8, 0.26 * sum(rows) + 0.9 * len(panels)), layout="constrained")
        axes = figure.subplots(len(panels), 1, height_ratios=rows, squeeze=False)
        for axis, name in zip(axes[:, 0], panels, strict=True):
            _draw_panel(axis, name, figures)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})


def _draw_panel(axis: Any, case: str, figures: Figures) -> None:
    bars = []
    for client in CASES[case].clients:
        median, spread = figures.median(case, client.key, "cpu_us"), figures.spread(case, client.key, "cpu_us")
        if median is not None and spread is not None:
            bars.append((median, spread, client))
    bars.sort(key=lambda bar: -bar[0])
    for row, (median, (low, high), client) in enumerate(bars):
        ours = client.name.startswith("deepgram_anyio")
        axis.barh(row, median, color=_OURS if ours else _OTHERS, height=0.7)
        axis.plot([low, high], [row, row], color=_INK, linewidth=1.2)
        axis.annotate(f"{median:,.1f}", (high, row), xytext=(4, 0), textcoords="offset points", va="center", color=_INK)
    axis.set_yticks(range(len(bars)), [client.name for _, _, client in bars])
    axis.set_xscale("log")
    # Full decades at the left, so that no bar looks like nothing.
    lowest = min(spread[0] for _, spread, _ in bars)
    axis.set_xlim(10.0 ** (math.ceil(math.log10(lowest)) - 1), max(spread[1] for _, spread, _ in bars) * 2)
    axis.set_title(_PANELS[case], loc="left", fontsize=10)
    axis.grid(axis="x", color=_GRID, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.xaxis.set_major_formatter("{x:g}")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
