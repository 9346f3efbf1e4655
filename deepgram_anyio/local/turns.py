"""Whose turn it is: from what was recognised, and from how long it has been quiet. Blocking, without I/O and clock.

The confidence that a turn is over is a function of the silence alone: ``1 - 2 ** -(s / 0.6)`` after s seconds of it,
and 0 while somebody speaks. So 0.3 is reached after 0.31 s, 0.5 after 0.6 s, 0.7 after 1.04 s, 0.9 after 1.99 s, 1.0
never. What is said plays no part in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from .engines.base import RecognizedWord
from .formatting import as_written
from .segments import ChannelTranscriber, Heard, SegmentSettings, Stretch

__all__ = ["TURN_SEGMENTS", "Turn", "TurnDetector", "TurnSettings", "end_of_turn_confidence"]

_UPDATE_S = 0.25
_HALF_LIFE_S = 0.6

TURN_SEGMENTS: SegmentSettings = SegmentSettings(endpoint_s=0.3, interim_s=_UPDATE_S)
"""How a `ChannelTranscriber` has to be set up for a `TurnDetector`: words are final before any threshold is reached."""


class TurnSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a turn ends.

    Attributes:
        eager_eot_threshold: confidence at which it is said to be probably over; None for never.
        eot_threshold: confidence at which it ends; 1.0 for never.
        eot_timeout_s: silence after which it ends in any case.
    """

    eager_eot_threshold: float | None = None
    eot_threshold: float = 0.7
    eot_timeout_s: float = 5.0


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Where a turn stands, in seconds from the start of the stream.

    Attributes:
        event: ``Update``, ``StartOfTurn``, ``EagerEndOfTurn``, ``TurnResumed`` or ``EndOfTurn``.
        index: number of the turn, from 0.
        start_s: end of the turn before.
        end_s: how far the audio has been heard.
        words: what was said in the turn so far, as it is written.
        confidence: that the turn is over, 0 to 1.
        trigger: what ended it: ``model``, ``manual`` or ``timeout``.
    """

    event: str
    index: int
    start_s: float
    end_s: float
    words: Sequence[RecognizedWord]
    confidence: float
    trigger: str | None = None


def end_of_turn_confidence(quiet_s: float) -> float:
    """Return the confidence that a turn is over after so many seconds of silence."""
    return 1.0 - math.pow(2.0, -quiet_s / _HALF_LIFE_S)


class TurnDetector:
    """The turns of one channel. Used by one thread at a time.

    Attributes:
        settings: when a turn ends; may be replaced at any time.
    """

    def __init__(self, channel: ChannelTranscriber, frame_bytes: int, settings: TurnSettings) -> None:
        """
        Args:
            channel: recognises the words, set up with `TURN_SEGMENTS`; closed with this object.
            frame_bytes: length of a frame of its speech detector.
            settings: when a turn ends.
        """
        self.settings: TurnSettings = settings
        self._channel = channel
        self._frame_bytes = frame_bytes
        self._index = 0
        self._start_s = 0.0
        self._told_s = 0.0
        self._ongoing = False
        self._said: list[RecognizedWord] = []  # final
        self._hearing: list[RecognizedWord] = []  # may still change
        self._eager: list[RecognizedWord] | None = None  # what the last EagerEndOfTurn said

    def feed(self, samples: bytes) -> Iterator[Turn]:
        """Take samples at `RECOGNIZER_RATE` and give what follows from them; however they are split up, the same."""
        for start in range(0, len(samples), self._frame_bytes):
            position_s = self._channel.position_s
            self._take(self._channel.feed(samples[start : start + self._frame_bytes]))
            if self._channel.position_s > position_s:
                yield from self._advance()

    def force_end(self) -> Iterator[Turn]:
        """End the present turn on what was heard so far; without one, give nothing."""
        if not self._ongoing and not self._channel.speaking:
            return
        self._take(self._channel.finalize())
        if not self._ongoing and not self._said:
            return
        if not self._ongoing:
            yield self._begin()
        yield from self._resume()
        yield self._end("manual")

    def finish(self, samples: bytes, duration_s: float) -> Turn:
        """Take the last samples and return all that was said since the last turn ended.

        Args:
            samples: the rest of the audio.
            duration_s: length of the whole stream.
        """
        self._take(self._channel.feed(samples))
        self._take(self._channel.finish(duration_s))
        return self._turn("Update", end_s=max(duration_s, self._channel.position_s))

    def close(self) -> None:
        """Let go of the recogniser; harmless when repeated."""
        self._channel.close()

    def _take(self, heard: Iterable[Heard]) -> None:
        for item in heard:
            if isinstance(item, Stretch):
                ends = item.final and (item.paused or item.finalized)
                words = [*self._said, *self._written(item.words, ends=ends)]
                if item.final:
                    self._said, self._hearing = words, []
                else:
                    self._hearing = words[len(self._said) :]

    def _written(self, words: Sequence[RecognizedWord], *, ends: bool) -> list[RecognizedWord]:
        begins = not self._said or self._said[-1].word[-1:] in ".?!"
        written = as_written(words, begins=begins, ends=ends)
        return [msgspec.structs.replace(word, word=text) for word, text in zip(words, written, strict=True)]

    def _advance(self) -> Iterator[Turn]:
        if not self._ongoing:
            if self._said or self._hearing:
                yield self._begin()
            else:
                yield from self._update()
            return
        yield from self._resume()
        trigger = self._trigger()
        if trigger is not None:
            yield self._end(trigger)
        elif self._is_eager_end():
            self._eager = list(self._said)
            yield self._turn("EagerEndOfTurn")
        else:
            yield from self._update()

    def _begin(self) -> Turn:
        self._ongoing = True
        return self._turn("StartOfTurn")

    def _resume(self) -> Iterator[Turn]:
        if self._eager is not None and self._eager != [*self._said, *self._hearing]:
            self._eager = None
            yield self._turn("TurnResumed")

    def _trigger(self) -> str | None:
        if self._channel.speaking:
            return None
        # Not by the confidence alone: after half a minute a float cannot tell it from 1.0.
        if self.settings.eot_threshold < 1.0 and self._confidence() >= self.settings.eot_threshold:
            return "model"
        return "timeout" if self._channel.quiet_s >= self.settings.eot_timeout_s else None

    def _is_eager_end(self) -> bool:
        threshold = self.settings.eager_eot_threshold
        return (
            threshold is not None
            and self._eager is None
            and bool(self._said)
            and not self._channel.speaking
            and self._confidence() >= threshold
        )

    def _end(self, trigger: str) -> Turn:
        turn = self._turn("EndOfTurn", trigger=trigger)
        self._index += 1
        self._start_s = turn.end_s
        self._ongoing = False
        self._said, self._hearing, self._eager = [], [], None
        return turn

    def _update(self) -> Iterator[Turn]:
        if self._channel.position_s - self._told_s >= _UPDATE_S:
            yield self._turn("Update")

    def _confidence(self) -> float:
        return end_of_turn_confidence(self._channel.quiet_s) if self._ongoing else 0.0

    def _turn(self, event: str, *, end_s: float | None = None, trigger: str | None = None) -> Turn:
        self._told_s = self._channel.position_s
        return Turn(
            event=event,
            index=self._index,
            start_s=self._start_s,
            end_s=self._told_s if end_s is None else end_s,
            words=[*self._said, *self._hearing],
            confidence=self._confidence(),
            trigger=trigger,
        )
