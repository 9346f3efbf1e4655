"""One timeline over several connections: every connection counts its seconds from zero, the stream does not.

The tables name each field of the server's messages that carries a time or a number that counts on; `shift` moves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import flux, listen
from .messages import Message

__all__ = ["NUMBERS", "TIMES", "cut_before", "shift"]

TIMES: Mapping[type[Message], tuple[str, ...]] = {
    listen.Results: (
        "start",
        "channel.alternatives[].words[].start",
        "channel.alternatives[].words[].end",
        "channel.search[].hits[].start",
        "channel.search[].hits[].end",
    ),
    listen.Metadata: ("duration",),
    listen.UtteranceEnd: ("last_word_end",),
    listen.SpeechStarted: ("timestamp",),
    flux.TurnInfo: ("audio_window_start", "audio_window_end", "words[].start", "words[].end"),
}
"""Seconds from the start of the stream: by message, the paths of its fields; ``[]`` is each item of a list."""

NUMBERS: Mapping[type[Message], tuple[str, ...]] = {
    flux.Connected: ("sequence_id",),
    flux.TurnInfo: ("sequence_id", "turn_index"),
    flux.ConfigureSuccess: ("sequence_id",),
    flux.ConfigureFailure: ("sequence_id",),
    flux.Error: ("sequence_id",),
    flux.Warning: ("sequence_id",),
}
"""What counts from 0 on every connection."""


def shift(event: Any, by_s: float, numbers: Mapping[str, int] | None = None) -> None:
    """Move a message's times, and its numbers, in place.

    A negative time stands for no time, and stays.

    Args:
        event: any message; one without times stays as it is.
        by_s: how much later than its own zero the connection began, in seconds.
        numbers: how far to move each field of `NUMBERS`.
    """
    if by_s:
        for path in TIMES.get(type(event), ()):
            _move(event, path.split("."), by_s)
    for name in NUMBERS.get(type(event), ()) if numbers else ():
        setattr(event, name, getattr(event, name) + (numbers or {}).get(name, 0))


def _move(target: Any, path: list[str], by_s: float) -> None:
    name, rest = path[0], path[1:]
    value = getattr(target, name.removesuffix("[]"))
    if value is None:
        return
    if name.endswith("[]"):
        for item in value:
            _move(item, rest, by_s)
    elif rest:
        _move(value, rest, by_s)
    elif value >= 0:
        setattr(target, name, value + by_s)


def cut_before(result: listen.Results, time_s: float) -> bool:
    """Take out of a result what lies before a time, in place: a final result for that was given before.

    Of a result that lies before it altogether, nothing is left but an empty one at that time.

    A word belongs to the side on which its middle lies. The transcript is then put together from the words that are
    left, and entities of words that are not are left out.

    Returns:
        Whether anything of it is left.
    """
    end_s = result.start + result.duration
    if time_s <= result.start:
        return True
    result.start, result.duration = time_s, max(0.0, end_s - time_s)
    for index, reading in enumerate(result.channel.alternatives):
        kept = [word for word in reading.words if (word.start + word.end) / 2 >= time_s]
        gone = len(reading.words) - len(kept)
        if gone:
            reading.words = kept
            reading.transcript = _text(kept)
            if index == 0 and result.entities is not None:
                result.entities = list(_moved(result.entities, gone))
    return result.duration > 0


def _text(words: Iterable[listen.Word]) -> str:
    return " ".join(word.punctuated_word or word.word for word in words)


def _moved(entities: Iterable[listen.Entity], gone: int) -> Iterable[listen.Entity]:
    for entity in entities:
        if entity.start_word >= gone:
            entity.start_word -= gone
            entity.end_word -= gone
            yield entity
