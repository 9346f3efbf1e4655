"""Captions on the screen: final lines scroll up, and the one that may still change is redrawn below them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from .caption_lines import CaptionLine, caption_lines, time_stamp

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text
    from typing_extensions import Self

    from ..protocol.listen import Results
    from .output import Output

__all__ = ["CaptionsView", "LiveCaptions", "NoCaptions", "PlainCaptions", "labelled"]

_SPEAKERS = ["cyan", "green", "magenta", "yellow", "blue", "red"]
_ROWS_KEPT_FREE = 2
_COLUMNS_KEPT_FREE = 4  # for the ^C that a terminal writes: a line that it broke would be redrawn in the wrong place


class CaptionsView(Protocol):
    """Where captions are shown, from entering to leaving it.

    Attributes:
        redraws: it shows what may still change.
    """

    redraws: bool

    def __enter__(self) -> Self: ...

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def show(self, results: Results) -> None:
        """Show a result."""

    def status(self, text: str) -> None:
        """Show a line about the stream itself, in place of the last one."""

    def note(self, text: str) -> None:
        """Say something that is no caption."""


class PlainCaptions:
    """Captions line by line, for pipes and files."""

    redraws: bool = False

    def __init__(self, output: Output, *, timestamps: bool = False, interim: bool = False) -> None:
        """
        Args:
            output: gets the captions, and what is none.
            timestamps: show when each line began.
            interim: show lines that may still change, behind ``...``.
        """
        self._output = output
        self._timestamps = timestamps
        self._interim = interim

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def show(self, results: Results) -> None:
        if not results.is_final and not self._interim:
            return
        for line in caption_lines(results):
            text = line.plain(timestamps=self._timestamps)
            self._output.print(text if results.is_final else f"... {text}")
            sys.stdout.flush()  # what reads the other end wants each line as it comes

    def status(self, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        self._output.note(text)


class NoCaptions:
    """No captions: where the transcript is wanted at its end, or standard output has other things to tell."""

    redraws: bool = False

    def __init__(self, output: Output) -> None:
        self._output = output

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def show(self, results: Results) -> None:
        pass

    def status(self, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        self._output.note(text)


class LiveCaptions:
    """Captions on a terminal."""

    redraws: bool = True

    def __init__(self, console: Console, *, timestamps: bool = False) -> None:
        """
        Args:
            console: a terminal.
            timestamps: show when each line began.
        """
        from rich.live import Live

        self._console = console
        self._timestamps = timestamps
        self._interim: dict[int, list[CaptionLine]] = {}
        self._status = ""
        # The last rows go when they are replaced; nothing refreshes by itself, since that would take a thread.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, results: Results) -> None:
        channel = results.channel_index[0] if results.channel_index else 0
        lines = caption_lines(results)
        if results.is_final:
            self._interim.pop(channel, None)
            self._draw()  # first, so that the words are not seen twice
            for line in lines:
                self.write(self._drawn(line, interim=False))
        else:
            self._interim[channel] = lines
            self._draw()

    def status(self, text: str) -> None:
        self._status = text
        self._draw()

    def note(self, text: str) -> None:
        from rich.text import Text

        self.write(Text(text, style="dim italic"))

    def write(self, what: RenderableType) -> None:
        """Print something above what is redrawn."""
        self._console.print(what)

    def _draw(self) -> None:
        from rich.text import Text

        rows: list[RenderableType] = [
            self._drawn(line, interim=True) for channel in sorted(self._interim) for line in self._interim[channel]
        ]
        if self._status:
            rows.append(Text(self._status, style="dim", no_wrap=True, overflow="ellipsis"))
        self._live.update(_Tail(rows), refresh=True)

    def _drawn(self, line: CaptionLine, *, interim: bool) -> RenderableType:
        ahead = self._ahead(line)
        text = _text(line.text, style="dim" if interim else "")
        return labelled(ahead, text) if ahead else text

    def _ahead(self, line: CaptionLine) -> Text:
        from rich.text import Text

        ahead = Text()
        if self._timestamps:
            ahead.append(time_stamp(line.start_s), style="dim")
        if line.label:
            number = line.channel if line.speaker is None else line.speaker
            style = _SPEAKERS[(number or 0) % len(_SPEAKERS)]
            ahead.append(" " if ahead else "").append(f"{line.label}:", style=f"bold {style}")
        return ahead


class _Tail:
    """As many of the last rows as the terminal has room for: who reads along looks at the end."""

    def __init__(self, rows: Sequence[RenderableType]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.console import Group
        from rich.segment import Segment

        width = max(1, options.max_width - _COLUMNS_KEPT_FREE)
        lines = console.render_lines(Group(*self._rows), options.update(width=width, height=None), pad=False)
        kept = lines[-max(1, console.height - _ROWS_KEPT_FREE) :] if self._rows else []
        for number, line in enumerate(kept):
            if number:
                yield Segment.line()
            yield from line


def labelled(label: Text, text: Text) -> RenderableType:
    """Put a label ahead of a text, whose further lines begin below its first word."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(label, text)
    return grid


def _text(text: str, *, style: str) -> Text:
    from rich.text import Text

    return Text(text, style=style, overflow="fold")
