"""What the scripted server hears: words on a timeline, whatever the audio sounds like.

A script goes by the length of the audio that was received, not by what is in it. What has no times of its own is laid
out: 0.3 s for a word, and 1.5 s of silence between utterances, which is a pause for every kind of stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from ..errors import ConfigError
from ..local.engines.base import RecognizedWord

__all__ = [
    "PAUSE_S",
    "WORD_S",
    "Line",
    "PlacedUtterance",
    "SpokenWord",
    "Transcript",
    "Utterance",
    "lay_out",
    "length_s",
]

WORD_S: float = 0.3
"""Length of a word that has no times."""

PAUSE_S: float = 1.5
"""Silence between utterances that have no times."""

_SIGNS = ".,;:!?…\"'()[]"


class SpokenWord(msgspec.Struct, frozen=True):
    """A word of a script.

    Attributes:
        text: as it is written; ``word`` in results is the same in lower case, without signs.
        start_s: its start, in seconds from the first audio of the stream.
        end_s: its end, likewise.
        confidence: 0 to 1.
        speaker: number of who says it, from 0, for ``diarize``; None for the utterance's.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float = 1.0
    speaker: int | None = None


class Utterance(msgspec.Struct, frozen=True):
    """What is said between two pauses.

    Attributes:
        text: the words; they take equal shares of the time.
        start_s: when it begins, in seconds from the first audio of the stream; None for `PAUSE_S` after the one before.
        end_s: when it ends; None for `WORD_S` a word.
        words: the words with times of their own, instead of `text`, `start_s` and `end_s`.
        interims: transcripts of the first, second, ... interim result; the last one also of later ones. Without any,
            interim results hold the words that are over.
        confidence: of the words of `text`, 0 to 1.
        speaker: number of who says it, from 0, for ``diarize``.
        channel: on which channel, with ``multichannel``; None for all.
    """

    text: str = ""
    start_s: float | None = None
    end_s: float | None = None
    words: Sequence[SpokenWord] = ()
    interims: Sequence[str] = ()
    confidence: float = 1.0
    speaker: int | None = None
    channel: int | None = None

    def __post_init__(self) -> None:
        if self.words and (self.text or self.start_s is not None or self.end_s is not None):
            raise ConfigError("an utterance has words with times, or a text and its times")
        times = [time for word in self.words for time in (word.start_s, word.end_s)]
        if times != sorted(times) or any(time < 0 for time in times):
            raise ConfigError("the words of an utterance must follow one another in time, from 0 on")
        if self.start_s is not None and not 0 <= self.start_s <= (self.end_s or self.start_s):
            raise ConfigError("an utterance must begin at 0 or later, and end after that")


Line: TypeAlias = str | Utterance
"""One utterance, with times or without."""

Transcript: TypeAlias = Line | Sequence[Line] | Callable[[Any], Line | Sequence[Line]]
"""A script: what is said, one utterance or several; or a function that says so for a `SocketSession` or a
`RestRequest`."""


class PlacedUtterance(msgspec.Struct, frozen=True, kw_only=True):
    """An utterance on the timeline of one stream.

    Attributes:
        words: with times from the first audio of the stream.
        whole: cut short, it is heard whole all the same, as its times are nobody's wish.
        interims: what interim results say.
    """

    words: Sequence[RecognizedWord]
    whole: bool
    interims: Sequence[str]

    @property
    def start_s(self) -> float:
        """When it begins."""
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.words[-1].end_s


def lay_out(transcript: Transcript, *, channel: int | None = None) -> list[PlacedUtterance]:
    """Return a script's utterances with times.

    Args:
        transcript: the script; not a function.
        channel: leave out what is said on other channels; None for all.
    """
    placed: list[PlacedUtterance] = []
    ends_s: float | None = None
    for utterance in _utterances(transcript):
        words = list(_words(utterance, 0.0 if ends_s is None else ends_s + PAUSE_S))
        if not words:
            continue
        ends_s = words[-1].end_s
        if channel is None or utterance.channel in (None, channel):
            whole = not utterance.words and utterance.end_s is None
            placed.append(PlacedUtterance(words=words, whole=whole, interims=utterance.interims))
    return sorted(placed, key=lambda utterance: utterance.start_s)


def length_s(transcript: Transcript) -> float:
    """Return when the last word of a script ends, in seconds of audio; 0 for no words."""
    return max((utterance.end_s for utterance in lay_out(transcript)), default=0.0)


def _utterances(transcript: Transcript) -> list[Utterance]:
    if isinstance(transcript, (str, Utterance)):
        transcript = [transcript]
    if not isinstance(transcript, Sequence):
        raise ConfigError(f"a transcript is text, an Utterance, or a list of these, not {type(transcript).__name__}")
    result = []
    for item in transcript:
        if not isinstance(item, (str, Utterance)):
            raise ConfigError(f"an item of a transcript is text or an Utterance, not {type(item).__name__}")
        result.append(Utterance(item) if isinstance(item, str) else item)
    return result


def _words(utterance: Utterance, otherwise_s: float) -> Iterator[RecognizedWord]:
    texts = [word.text for word in utterance.words] or utterance.text.split()
    # A text with capitals and signs is meant to be written like that, and so are the words in it that have none.
    as_it_is = any(text != _plain(text) for text in texts)
    start_s = otherwise_s if utterance.start_s is None else utterance.start_s
    word_s = WORD_S if utterance.end_s is None else (utterance.end_s - start_s) / max(1, len(texts))
    spoken = utterance.words or [
        SpokenWord(text, start_s + index * word_s, start_s + (index + 1) * word_s, utterance.confidence)
        for index, text in enumerate(texts)
    ]
    for word in spoken:
        yield RecognizedWord(
            word=_plain(word.text),
            start_s=word.start_s,
            end_s=word.end_s,
            confidence=word.confidence,
            written=word.text if as_it_is else None,
            speaker=utterance.speaker if word.speaker is None else word.speaker,
        )


def _plain(text: str) -> str:
    return text.lower().strip(_SIGNS) or text
