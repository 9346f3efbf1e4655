"""What tables, records, values and progress look like."""

from __future__ import annotations

import io
import re
import sys
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from rich.console import Console

from deepgram_anyio.cli import output as module
from deepgram_anyio.cli.output import Column, Output, text_of
from deepgram_anyio.cli.progress import Progress
from deepgram_anyio.cli.settings import Settings

IDENTIFIER = "4a9f5b1c-0d3e-4f2a-8b7c-6d5e4f3a2b1c"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """What it shows."""
        return [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", self.getvalue()).splitlines()]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        (0, "0"),
        (0.0, "0"),
        (True, "yes"),
        (False, "no"),
        (1234567.891, "1,234,567.89"),
        (0.5, "0.5"),
        (100.0, "100"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 1, 30, tzinfo=timezone(timedelta(hours=2))), "2026-01-30 23:30 UTC"),
        (["a", "b"], "a, b"),
        ("two\nlines\x1b[31m", "two lines [31m"),
        ("über 北京", "über 北京"),
    ],
)
def test_values(value: Any, text: str) -> None:
    assert text_of(value) == text


def show(columns: int, heads: list[Column | str], row: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    Output(Settings()).table("Title", heads, [row])
    assert max(map(len, terminal.lines)) <= columns
    return terminal.lines


def test_a_table_gives_way_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[Column | str] = ["Comment", Column("Tags", optional=True), "Identifier"]
    row = ["for the night shift only, not for the day", "production", IDENTIFIER]
    wide = show(100, heads, row, monkeypatch)
    assert wide[3] == f"{row[0]}  production  {IDENTIFIER}"
    narrower = show(80, heads, row, monkeypatch)
    assert narrower[3].endswith(f"production  {IDENTIFIER}")
    assert narrower[4].strip() == "for the day"
    without_tags = show(60, heads, row, monkeypatch)
    assert "production" not in "".join(without_tags)
    assert IDENTIFIER in without_tags[3]
    blocks = show(48, heads, row, monkeypatch)
    assert [line.split()[0] for line in blocks[1:] if line][:1] == ["Comment"]
    assert any(line.endswith(IDENTIFIER) for line in blocks)


def test_wide_characters_take_two_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = show(80, ["Name", "Identifier"], ["北京北京", IDENTIFIER], monkeypatch)
    assert lines[1].index("Identifier") == 10
    assert lines[3] == f"北京北京  {IDENTIFIER}"


def test_markup_of_others_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    output = Output(Settings())
    output.table("Title", ["Name"], [["[bold]x[/bold] :smile:"]])
    output.record("Title", [("Name", "[red]x")])
    output.print("[blue]y")
    assert "[bold]x[/bold] :smile:" in terminal.lines
    assert "Name  [red]x" in terminal.lines
    assert "[blue]y" in terminal.lines


def test_a_document_is_what_is_on_the_wire(capsys: pytest.CaptureFixture[str]) -> None:
    Output(Settings(json=True)).document({"when": datetime(2026, 1, 31, tzinfo=timezone.utc), "name": "ü"})
    assert capsys.readouterr().out == '{\n  "when": "2026-01-31T00:00:00Z",\n  "name": "ü"\n}\n'


def test_progress_is_a_bar_at_a_terminal() -> None:
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=80)
    with Progress("Sending", 1000, unit="bytes", console=console) as bar:
        bar.update(250, note="[a note]")
        bar.advance(250)
        bar.print("a line above it")
    written = stream.getvalue()
    assert "Sending" in written
    assert "[a note]" in written
    assert "a line above it" in written


def test_progress_is_a_line_now_and_then_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with Progress("Sending", 1000, unit="bytes", console=None) as bar:
        bar.update(100)
        now = 15.0
        bar.update(250, note="2 files")
        bar.update(500)
        now = 40.0
        bar.update(600, total=1200)
    with Progress("Counting", unit="files", console=None) as bar:
        now = 60.0
        bar.advance(3)
    assert capsys.readouterr().err == "Sending: 25%, 2 files\nSending: 50%, 2 files\nCounting: 3 files\n"


def test_nothing_is_a_terminal_when_there_is_no_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert not module.Output(Settings()).is_terminal
