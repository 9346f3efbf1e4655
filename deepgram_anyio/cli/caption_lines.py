"""What a result says, in lines: who spoke, on which channel, from when on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..protocol.flux import TurnInfo
    from ..protocol.listen import Results

__all__ = ["CaptionLine", "FluxTurns", "caption_lines", "printable", "time_stamp"]


@dataclass(frozen=True, kw_only=True)
class CaptionLine:
    """Words of one speaker.

    Attributes:
        start_s: their begin, in seconds.
        text: the words.
        speaker: number of the speaker; None when nobody counts them.
        channel: number of the channel; None when there is only one.
    """

    start_s: float
    text: str
    speaker: int | None = None
    channel: int | None = None

    @property
    def label(self) -> str:
        """Who speaks, for a person; empty when that is not known."""
        parts = [] if self.channel is None else [f"Channel {self.channel}"]
        parts += [] if self.speaker is None else [f"Speaker {self.speaker}"]
        return ", ".join(parts)

    def plain(self, *, timestamps: bool) -> str:
        """The line as text, behind its time if that is wanted."""
        stamp = f"[{time_stamp(self.start_s)}] " if timestamps else ""
        label = f"{self.label}: " if self.label else ""
        return f"{stamp}{label}{self.text}"


def caption_lines(results: Results) -> list[CaptionLine]:
    """Return a result in lines, a new one for each change of the speaker; none when nothing was said."""
    channel, channels = (*results.channel_index, 0, 1)[:2] if results.channel_index else (0, 1)
    shown = channel if channels > 1 else None
    if not any(word.speaker is not None for word in results.words):
        text = printable(results.transcript)
        start_s = results.words[0].start if results.words else results.start
        return [CaptionLine(start_s=start_s, text=text, channel=shown)] if text else []
    lines = []
    for speaker, run in groupby(results.words, key=lambda word: word.speaker):
        words = list(run)
        text = printable(" ".join(word.punctuated_word or word.word for word in words))
        lines.append(CaptionLine(start_s=words[0].start, text=text, speaker=speaker, channel=shown))
    return lines


def time_stamp(seconds: float) -> str:
    """Return a time as minutes and seconds, with hours when there are any: ``01:02.34``."""
    hundredths = max(0, round(seconds * 100))
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    ahead = f"{hours}:" if hours else ""
    return f"{ahead}{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"


def printable(text: str) -> str:
    """Return a text in one line, without what a terminal would obey instead of showing it."""
    shown = "".join(_shown(character) for character in text)
    return " ".join(shown.split())


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cc", "Cs") else character


class FluxTurns:
    """Turns of `/v2/listen` as the results of `/v1/listen`, which everything else here is made for.

    A turn is final when it is over. What was said behind the last one is made final at the end.
    """

    def __init__(self) -> None:
        self._open: TurnInfo | None = None

    def take(self, turn: TurnInfo) -> Results:
        """Return what a turn says now."""
        self._open = None if turn.is_end else turn
        return _as_results(turn, final=turn.is_end)

    def end(self) -> Iterator[Results]:
        """Yield what is left."""
        if self._open is not None and self._open.transcript:
            yield _as_results(self._open, final=True)
        self._open = None


def _as_results(turn: TurnInfo, *, final: bool) -> Results:
    from ..protocol import listen

    # Where the server gives no times, the words share the turn's equally.
    share_s = turn.duration / max(1, len(turn.words))
    words = []
    for index, word in enumerate(turn.words):
        start_s = turn.audio_window_start + index * share_s if word.start is None else word.start
        end_s = start_s + share_s if word.end is None else word.end
        text = listen.Word(
            word=word.word, punctuated_word=word.word, start=start_s, end=end_s, confidence=word.confidence
        )
        words.append(text)
    return listen.Results(
        channel_index=[0, 1],
        start=turn.audio_window_start,
        duration=turn.duration,
        is_final=final,
        speech_final=final,
        channel=listen.Channel(
            alternatives=[
                listen.Alternative(transcript=turn.transcript, confidence=turn.end_of_turn_confidence, words=words)
            ]
        ),
        metadata=listen.ResultsMetadata(
            request_id=turn.request_id, model_info=listen.ModelInfo(name="", version="", arch="flux"), model_uuid=""
        ),
    )
