"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from .progress import Progress
from .settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Column", "Output", "text_of"]

_EMPTY = "-"
_NARROW = 24  # below this, text that is broken anywhere is no pleasure to read
_COMFORT = 16  # text that is wrapped between words gets at least this
_GAP = 2  # between two columns, as rich draws them with the padding below


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: its heading.
        whole: on one line in any case, as times.
        fold: may be broken anywhere, as addresses; other text only between words.
        optional: left out when the terminal is too narrow.
        right: numbers stand to the right.
    """

    title: str
    whole: bool = False
    fold: bool = False
    optional: bool = False
    right: bool = False


class Output:
    """Prints for a person at a terminal, or plain text into a pipe, or one JSON document."""

    def __init__(self, settings: Settings) -> None:
        self.json: bool = settings.json
        self.is_terminal: bool = _is_terminal(sys.stdout)
        self._consoles: dict[bool, Console] = {}

    @property
    def console(self) -> Console:
        """Rich's console on standard output. Made when first used: rich costs 50 ms."""
        return self._console(stderr=False)

    @property
    def notes(self) -> Console:
        """Rich's console on standard error."""
        return self._console(stderr=True)

    def _console(self, *, stderr: bool) -> Console:
        if stderr not in self._consoles:
            from rich.console import Console

            self._consoles[stderr] = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)
        return self._consoles[stderr]

    def document(self, value: Any) -> None:
        """Print one JSON document.

        Args:
            value: what `msgspec` can encode; one of our answers is printed as it is on the wire.
        """
        import msgspec

        if hasattr(value, "to_dict"):
            value = value.to_dict()
        print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())

    def print(self, text: str = "", style: str | None = None) -> None:
        """Print text; at a terminal it wraps between words, and may have a style of rich."""
        if self.is_terminal:
            self.console.print(text, style=style)
        else:
            print(text)

    def note(self, text: str, style: str | None = None) -> None:
        """Print a note on standard error."""
        if _is_terminal(sys.stderr):
            self.notes.print(text, style=style)
        else:
            print(text, file=sys.stderr)

    def done(self, document: Mapping[str, Any], text: str) -> None:
        """Say that something was done: a document, or a note on standard error, as there is no result."""
        if self.json:
            self.document(document)
        else:
            self.note(text)

    def secret(self, answer: Any, secret: str | None) -> None:
        """Print a secret alone, so that ``SECRET=$(...)`` works; with ``--json``, the answer that it is part of."""
        if self.json:
            self.document(answer)
        else:
            print(secret or "")

    def flush(self) -> None:
        """Hand what was printed to whoever reads it, now."""
        sys.stdout.flush()

    def warn(self, text: str) -> None:
        """Print a warning on standard error."""
        self.note(f"warning: {text}", style="yellow")

    def progress(self, what: str, total: float | None = None, *, unit: str = "") -> Progress:
        """Show how far something is, on standard error: ``with output.progress("Sending", size) as bar:``.

        Args:
            what: a word or two.
            total: how much there is; None when nobody knows.
            unit: ``bytes``, or a word in the plural.
        """
        return Progress(what, total, unit=unit, console=self.notes if _is_terminal(sys.stderr) else None)

    def table(
        self, title: str, columns: Sequence[Column | str], rows: Iterable[Sequence[Any]], *, empty: str | None = None
    ) -> None:
        """Print a table: with lines at a terminal, in plain columns otherwise. Nothing is ever cut off.

        Args:
            title: shown at a terminal.
            columns: `Column`, or the title of one.
            rows: values in the order of the columns; None is shown as ``-``.
            empty: what to say on standard error when there are no rows.
        """
        heads = [column if isinstance(column, Column) else Column(column) for column in columns]
        cells = [[text_of(value) for value in row] for row in rows]
        if not cells:
            self.note(empty or f"{title}: none")
        elif not self.is_terminal:
            _print_plain(heads, cells)
        else:
            self._print_rich(title, heads, cells)

    def _print_rich(self, title: str, heads: list[Column], cells: list[list[str]]) -> None:
        while (widths := _widths(heads, cells, self.console.width)) is None:
            spare = [index for index, head in enumerate(heads) if head.optional]
            if not spare:
                self._print_blocks(title, heads, cells)
                return
            del heads[spare[-1]]
            for row in cells:
                del row[spare[-1]]
        self._print_table(title, heads, cells, widths)

    def record(self, title: str, pairs: Iterable[tuple[str, Any]]) -> None:
        """Print one thing: a line for each of its properties.

        Args:
            title: shown at a terminal.
            pairs: name and value; None is shown as ``-``.
        """
        lines = [(name, text_of(value)) for name, value in pairs]
        width = max((len(name) for name, _ in lines), default=0)
        if not self.is_terminal:
            for name, value in lines:
                print(f"{name:{width}}  {value}")
            return
        self.console.print(title, style="bold")
        self._print_pairs(lines)
        self.console.print()

    def _print_pairs(self, lines: Iterable[tuple[str, str]]) -> None:
        from rich.table import Table

        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in lines:
            grid.add_row(name, value)
        self.console.print(grid)

    def _print_table(
        self, title: str, heads: Sequence[Column], cells: Sequence[Sequence[str]], widths: Sequence[int]
    ) -> None:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        for head, width in zip(heads, widths, strict=True):
            table.add_column(head.title, width=width, justify="right" if head.right else "left", overflow="fold")
        for row in cells:
            table.add_row(*row)
        self.console.print(title, style="bold")
        self.console.print(table)
        self.console.print()

    def _print_blocks(self, title: str, heads: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
        self.console.print(title, style="bold")
        for row in cells:
            self._print_pairs(zip([head.title for head in heads], row, strict=True))
            self.console.print()


def text_of(value: Any) -> str:
    """Return a value as a person reads it: times in UTC, lists with commas, ``-`` for nothing."""
    if value is None or value == "" or value == []:
        return _EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return f"{value:%Y-%m-%d %H:%M}"
        return f"{value.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of(item) for item in value)
    # Names and comments are other people's: no line break or escape sequence of theirs reaches the terminal.
    return "".join(letter if letter.isprintable() else " " for letter in str(value))


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _print_plain(heads: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    rows = [[head.title.upper() for head in heads], *cells]
    widths = [max(len(row[index]) for row in rows) for index in range(len(heads))]
    for row in rows:
        line = [
            text.rjust(width) if head.right else text.ljust(width)
            for text, width, head in zip(row, widths, heads, strict=True)
        ]
        print("  ".join(line).rstrip())


def _widths(heads: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Return how wide the columns are to be for no word to break that should not; None when that is impossible."""
    from rich.cells import cell_len  # how wide a text is: Chinese has two cells for each character

    texts = [[head.title, *(row[index] for row in cells)] for index, head in enumerate(heads)]
    wanted = [max(map(cell_len, column)) for column in texts]
    given = [_least(head, column) for head, column in zip(heads, texts, strict=True)]
    spare = width - sum(given) - _GAP * (len(heads) - 1)
    if spare < 0:
        return None
    while spare and given != wanted:
        # The narrowest of those that want more: short columns are whole soon, and long ones share the rest.
        index = min((index for index in range(len(given)) if given[index] < wanted[index]), key=given.__getitem__)
        given[index] += 1
        spare -= 1
    return given


def _least(head: Column, texts: Sequence[str]) -> int:
    from rich.cells import cell_len

    if head.whole or head.right:
        return max(map(cell_len, texts))
    if head.fold:
        return min(max(map(cell_len, texts)), _NARROW)
    return max(
        *(cell_len(word) for text in texts for word in text.split(" ")), min(max(map(cell_len, texts)), _COMFORT)
    )
