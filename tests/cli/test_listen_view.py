"""Captions as a person sees them, on a terminal that is emulated."""

from __future__ import annotations

import io
import sys
from typing import Any

import pyte
import pytest
from rich.console import Console

from deepgram_anyio.cli.caption_lines import CaptionLine, FluxTurns, caption_lines, printable, time_stamp
from deepgram_anyio.cli.captions_view import LiveCaptions, PlainCaptions
from deepgram_anyio.cli.output import Output
from deepgram_anyio.cli.settings import Settings
from deepgram_anyio.protocol import flux, listen

from ..transport.fakes import results

LONG = "the quick brown fox jumps over the lazy dog and goes on and on with many more words than fit into one line"
WIDE = "日本語の字幕は一文字で二桁の幅を取るので折り返しが難しい" * 4


class Terminal:
    """A console, and what a terminal makes of it."""

    def __init__(self, columns: int, lines: int = 24) -> None:
        self.written = io.StringIO()
        self.console = Console(
            file=self.written, force_terminal=True, width=columns, height=lines, color_system="standard"
        )
        self._screen = pyte.HistoryScreen(columns, lines, history=1000, ratio=0.5)
        self._screen.set_mode(pyte.modes.LNM)  # as a terminal's driver does
        self._stream = pyte.Stream(self._screen)

    def lines(self) -> list[str]:
        self._feed()
        rows = ["".join(row[x].data for x in range(self._screen.columns)) for row in self._screen.history.top]
        text = [row.rstrip() for row in (*rows, *self._screen.display)]
        while text and not text[-1]:
            text.pop()
        return text

    def color_of(self, word: str) -> str:
        self._feed()
        for y, row in enumerate(self._screen.display):
            if word in row:
                return str(self._screen.buffer[y][row.index(word)].fg)
        raise AssertionError(f"{word} is not there")

    def _feed(self) -> None:
        self._stream.feed(self.written.getvalue())
        self.written.seek(0)
        self.written.truncate()


def spoken(*runs: tuple[int | None, str], start: float = 0.0) -> listen.Results:
    """A final result of several speakers."""
    event = results(start, 1.0, text=" ".join(text for _, text in runs))
    numbers = [speaker for speaker, text in runs for _ in text.split()]
    for word, speaker in zip(event.words, numbers, strict=True):
        word.speaker = speaker
    return event


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("text", [LONG, WIDE], ids=["latin", "wide"])
def test_the_interim_line_is_redrawn_and_the_final_one_stays(text: str, columns: int) -> None:
    terminal = Terminal(columns)
    step = 7
    with LiveCaptions(terminal.console) as view:
        view.status("sent 1.0 s")
        for end in range(step, len(text) + step, step):
            view.show(results(text=text[:end], final=False))
            *shown, status = terminal.lines()
            assert "".join(shown).replace(" ", "") == text[:end].replace(" ", "")
            assert status == "sent 1.0 s"
        view.show(results(text=text))
        view.show(results(text="and another"))
        assert terminal.lines()[-1] == "sent 1.0 s"
    *shown, last = terminal.lines()
    assert "".join(shown).replace(" ", "") == text.replace(" ", "")
    assert last == "and another"


def test_of_an_endless_interim_line_the_end_is_seen() -> None:
    terminal = Terminal(80, 24)
    words = [f"w{number}" for number in range(2000)]
    with LiveCaptions(terminal.console) as view:
        view.show(results(text="before"))
        for end in (1000, 2000):
            view.show(results(text=" ".join(words[:end]), final=False))
            assert terminal.lines()[0] == "before"
            assert terminal.lines()[-1].endswith(f"w{end - 1}")
        view.show(results(text="after"))
    assert terminal.lines() == ["before", "after"]


def test_times_and_speakers_stand_ahead_and_words_do_not_run_below_them() -> None:
    terminal = Terminal(80)
    with LiveCaptions(terminal.console, timestamps=True) as view:
        view.show(spoken((0, LONG), (1, "Who?"), start=3661.5))
        colors = [terminal.color_of(f"Speaker {number}") for number in (0, 1)]
    assert terminal.lines() == [
        "1:01:01.50 Speaker 0: the quick brown fox jumps over the lazy dog and goes on",
        "                      and on with many more words than fit into one line",
        "1:01:01.50 Speaker 1: Who?",
    ]
    assert len(set(colors)) == 2


def test_each_channel_has_an_interim_line() -> None:
    terminal = Terminal(80)

    def said(channel: int, text: str, *, final: bool) -> listen.Results:
        event = results(text=text, final=final)
        event.channel_index = [channel, 2]
        return event

    with LiveCaptions(terminal.console) as view:
        view.show(said(1, "left", final=False))
        view.show(said(0, "right", final=False))
        assert terminal.lines() == ["Channel 0: right", "Channel 1: left"]
        view.show(said(1, "left over", final=True))
        assert terminal.lines() == ["Channel 1: left over", "Channel 0: right"]


def test_notes_go_above_what_is_redrawn() -> None:
    terminal = Terminal(80)
    with LiveCaptions(terminal.console) as view:
        view.show(results(text="so far", final=False))
        view.note("warning: reconnected")
        assert terminal.lines() == ["warning: reconnected", "so far"]


def test_what_a_server_says_moves_no_cursor() -> None:
    event = results(text="before\x1b[2J\x07after\r\nnext")
    assert [line.text for line in caption_lines(event)] == [
        "before\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}after next"
    ]
    assert printable("क\u094d\u200dष 👩\u200d🚀") == "क\u094d\u200dष 👩\u200d🚀"  # joiners are part of the words


@pytest.mark.parametrize(("interim", "expected"), [(False, "so far and on\n"), (True, "... so far\nso far and on\n")])
def test_a_pipe_gets_whole_lines(interim: bool, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    with PlainCaptions(Output(Settings()), interim=interim) as view:
        view.show(results(text="so far", final=False))
        view.show(results(text="so far and on"))
        view.show(results(text=""))
    assert capsys.readouterr().out == expected


def test_a_pipe_gets_each_line_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unflushed(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    monkeypatch.setattr(sys, "stdout", written := Unflushed())
    PlainCaptions(Output(Settings()), timestamps=True).show(results(1.5, text="now"))
    assert written.flushed == "[00:01.50] now\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00.00"), (59.999, "01:00.00"), (3599.999, "1:00:00.00"), (-1, "00:00.00")]
)
def test_time_stamps(seconds: float, text: str) -> None:
    assert time_stamp(seconds) == text


def turn(event: str, text: str, **times: Any) -> flux.TurnInfo:
    words = [flux.Word(word=word, confidence=0.5, **times) for word in text.split()]
    return flux.TurnInfo(
        request_id="r",
        sequence_id=0,
        event=event,
        turn_index=0,
        audio_window_start=1.0,
        audio_window_end=3.0,
        transcript=text,
        words=words,
        end_of_turn_confidence=0.5,
    )


def test_turns_are_final_when_they_end_or_nothing_follows() -> None:
    turns = FluxTurns()
    assert not turns.take(turn("Update", "Hello")).is_final
    final = turns.take(turn("EndOfTurn", "Hello there."))
    assert final.is_final
    assert [(word.start, word.end) for word in final.words] == [(1.0, 2.0), (2.0, 3.0)]
    assert list(turns.end()) == []
    turns.take(turn("Update", "And then", start=1.5, end=1.75))
    (rest,) = turns.end()
    assert rest.is_final
    assert caption_lines(rest) == [CaptionLine(start_s=1.5, text="And then")]
