"""How far something is: a bar at a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID
    from typing_extensions import Self

__all__ = ["Progress"]

_LINE_EVERY_S = 15.0


class Progress:
    """A progress bar on standard error; without a terminal, a line every 15 s, and none for what takes less."""

    def __init__(self, what: str, total: float | None = None, *, unit: str = "", console: Console | None) -> None:
        """
        Args:
            what: a word or two.
            total: how much there is; None when nobody knows.
            unit: ``bytes``, or a word in the plural.
            console: the terminal; None for none.
        """
        self._what = what
        self._unit = unit
        self._console = console
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._total = total
        self._done = 0.0
        self._note = ""
        self._next_line = time.monotonic() + _LINE_EVERY_S

    def __enter__(self) -> Self:
        if self._console is not None:
            self._bar = _bar(self._console, self._unit)
            self._task = self._bar.add_task(self._what, total=self._total, note="")
            self._bar.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, amount: float, note: str | None = None) -> None:
        """Count some more; see `update`."""
        self.update(self._done + amount, note=note)

    def update(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """Say how far it is.

        Args:
            done: how much is done.
            total: how much there is; None for what was said before.
            note: text behind the bar; None for what was said before.
        """
        self._done = done
        self._total = total if total is not None else self._total
        self._note = note if note is not None else self._note
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=self._total, note=self._note)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY_S
            print(self._line(), file=sys.stderr, flush=True)

    def print(self, text: str) -> None:
        """Print a note on standard error, above the bar."""
        if self._console is not None:
            self._console.print(text)
        else:
            print(text, file=sys.stderr)

    def _line(self) -> str:
        share = f"{self._done / self._total:.0%}" if self._total else f"{self._done:,.0f} {self._unit}".strip()
        return f"{self._what}: {share}{', ' if self._note else ''}{self._note}"


def _bar(console: Console, unit: str) -> Bar:
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        amount,
        TextColumn(escape(unit) if unit != "bytes" else ""),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
        transient=True,
    )
