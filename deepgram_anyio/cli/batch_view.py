"""How far a batch is: one line that stays, on a terminal; now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .output import Output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from typing_extensions import Self

__all__ = ["BatchView", "clock"]

_LINE_EVERY_S = 15.0


class BatchView:
    """The progress of a batch, on standard error."""

    def __init__(self, output: Output, total: int) -> None:
        """
        Args:
            output: where it is shown.
            total: how many items there are.
        """
        self._output = output
        self._total = total
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._began = self._next_line = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._next_line = self._began + _LINE_EVERY_S
        if sys.stderr.isatty():
            self._bar = _bar(self._output)
            self._task = self._bar.add_task("", total=self._total, failed="", audio=clock(0), rate="")
            self._bar.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, failed: int, skipped: int, audio_s: float) -> None:
        """Show how far it is.

        Args:
            done: items that are done, in this run.
            failed: items that failed.
            skipped: items that were done before.
            audio_s: seconds of audio that were transcribed.
        """
        now = time.monotonic()
        finished = done + failed
        rate = f"{finished / max(now - self._began, 1e-3):.1f}/s" if finished else ""
        if self._bar is not None and self._task is not None:
            told = f"{failed:,} failed" if failed else ""
            self._bar.update(self._task, completed=finished + skipped, failed=told, audio=clock(audio_s), rate=rate)
        elif now >= self._next_line:
            self._next_line = now + _LINE_EVERY_S
            parts = [
                f"{finished + skipped:,} of {self._total:,}",
                f"{failed:,} failed",
                f"{clock(audio_s)} of audio",
                rate,
            ]
            print(", ".join(part for part in parts if part), file=sys.stderr, flush=True)

    def print(self, text: str) -> None:
        """Print a note above."""
        if self._bar is not None:
            self._bar.console.print(text)
        else:
            print(text, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Return a length of time as ``H:MM:SS``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _bar(output: Output) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns: list[Any] = [
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}", style="red", markup=False),
        TextColumn("{task.fields[audio]} audio", markup=False),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(compact=True),
        TextColumn("left", markup=False),
    ]
    return Progress(*columns, console=output.notes, transient=True)
