"""From one channel's samples to results: where speech begins and ends, and what is final when.

Results tile the timeline: each final one covers the audio from the end of the one before. Speech is recognised segment
by segment; a segment begins a little before the voice does and ends with a pause, or where it has become too long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from .engines.base import RECOGNIZER_RATE, Detector, PlacedRecognition, Recognition, RecognizedWord

__all__ = ["ChannelTranscriber", "Heard", "SegmentSettings", "SpeechBegan", "Stretch", "UtteranceEnded"]

_BYTES_PER_S = RECOGNIZER_RATE * 2
_HAND_OVER_BYTES = _BYTES_PER_S // 4  # as it comes, so that little is left to do when the segment ends


class SegmentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When things happen, in seconds.

    Attributes:
        endpoint_s: pause that ends a segment; None for none.
        interim_s: audio between interim results; None for none.
        utterance_end_s: gap after the last word that is announced; None for never.
        lead_s: audio kept from before the voice began.
        soft_limit_s: length after which a short gap ends a segment.
        gap_s: what is such a gap.
        hard_limit_s: length at which a segment ends wherever it is.
        silence_s: silence after which it is reported as an empty final result.
    """

    endpoint_s: float | None = 0.3
    interim_s: float | None = None
    utterance_end_s: float | None = None
    lead_s: float = 0.3
    soft_limit_s: float = 10.0
    gap_s: float = 0.12
    hard_limit_s: float = 20.0
    silence_s: float = 5.0


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Words of a stretch of the timeline, in seconds from the start of the stream."""

    start_s: float
    end_s: float
    words: Sequence[RecognizedWord]
    final: bool
    paused: bool = False
    finalized: bool = False


class SpeechBegan(msgspec.Struct, frozen=True):
    """A voice was heard after silence."""

    at_s: float


class UtteranceEnded(msgspec.Struct, frozen=True):
    """No word was heard for `SegmentSettings.utterance_end_s`."""

    last_word_end_s: float


Heard = Stretch | SpeechBegan | UtteranceEnded


class ChannelTranscriber:
    """Recognises one channel. Blocking; used by one thread at a time."""

    def __init__(self, recognition: Recognition, detector: Detector, settings: SegmentSettings) -> None:
        """
        Args:
            recognition: the engine's part; closed with this object.
            detector: tells speech from silence.
            settings: when things happen.
        """
        self._recognition = recognition
        self._detector = detector
        self._settings = settings
        self._frame_bytes = detector.frame_bytes
        self._frame_s = detector.frame_bytes / _BYTES_PER_S
        self._pending = bytearray()
        self._lead: deque[bytes] = deque(maxlen=max(1, round(settings.lead_s / self._frame_s)))
        self._recent: deque[bool] = deque(maxlen=5)
        self._frames = 0
        self._position_s = 0.0
        self._window_s = 0.0
        self._segment_s: float | None = None
        self._unfed = bytearray()
        self._silent_s = 0.0
        self._interim_at_s = 0.0
        self._last_word_end_s: float | None = None
        self._announced_s: float | None = None
        self._voiced_s: float | None = None

    @property
    def position_s(self) -> float:
        """How far the audio has been heard, in seconds."""
        return self._position_s

    @property
    def speaking(self) -> bool:
        """Whether a segment is open: somebody speaks, or paused only now."""
        return self._segment_s is not None

    @property
    def quiet_s(self) -> float:
        """Seconds since a voice was last heard; since the beginning, when none was."""
        return self._position_s - (self._voiced_s or 0.0)

    def feed(self, samples: bytes) -> list[Heard]:
        """Take samples at `RECOGNIZER_RATE` and return what follows from them."""
        heard: list[Heard] = []
        self._pending += samples
        for speech in self._detector.feed(samples):
            frame = bytes(self._pending[: self._frame_bytes])
            del self._pending[: self._frame_bytes]
            self._frames += 1
            self._position_s = self._frames * self._frame_s  # not a running sum: hours of frames must not drift
            heard += self._frame(frame, speech)
        return heard

    def finalize(self) -> list[Heard]:
        """Return what can be said of the audio so far, as final."""
        if self._segment_s is None and self._position_s <= self._window_s:
            return []
        return [self._final(self._position_s, finalized=True)]

    def finish(self, duration_s: float) -> list[Heard]:
        """Return the rest.

        Args:
            duration_s: length of the whole stream.
        """
        if self._segment_s is not None:
            self._unfed += self._pending
        self._pending.clear()
        if duration_s <= self._window_s and self._segment_s is None:
            return []
        return [self._final(max(duration_s, self._window_s), paused=True)]

    def close(self) -> None:
        """Let go of the recogniser; harmless when repeated."""
        self._recognition.close()

    def _frame(self, frame: bytes, speech: bool) -> Iterable[Heard]:
        self._recent.append(speech)
        if self._segment_s is None:
            self._lead.append(frame)
            # Three of five frames: a click is not a voice.
            if sum(self._recent) >= 3:
                yield from self._begin()
            elif self._position_s - self._window_s >= self._settings.silence_s:
                yield self._final(self._position_s - len(self._lead) * self._frame_s)
        else:
            self._unfed += frame
            self._silent_s = 0.0 if speech else self._silent_s + self._frame_s
            if speech:
                self._voiced_s = self._position_s
            yield from self._within()
        yield from self._utterance_end()

    def _begin(self) -> Iterable[Heard]:
        self._segment_s = max(self._window_s, self._position_s - len(self._lead) * self._frame_s)
        lead = b"".join(self._lead)
        wanted = round((self._position_s - self._segment_s) * RECOGNIZER_RATE) * 2
        self._unfed += lead[len(lead) - min(wanted, len(lead)) :]
        self._lead.clear()
        if isinstance(self._recognition, PlacedRecognition):
            self._recognition.begin(self._segment_s)
        self._silent_s = 0.0
        self._interim_at_s = self._voiced_s = self._position_s
        yield SpeechBegan(max(self._segment_s, self._position_s - len(self._recent) * self._frame_s))

    def _within(self) -> Iterable[Heard]:
        settings = self._settings
        assert self._segment_s is not None
        if len(self._unfed) >= _HAND_OVER_BYTES:
            self._hand_over()
        length_s = self._position_s - self._segment_s
        if settings.endpoint_s is not None and self._silent_s >= settings.endpoint_s:
            yield self._final(self._position_s, paused=True)
        elif length_s >= settings.hard_limit_s or (
            length_s >= settings.soft_limit_s and self._silent_s >= settings.gap_s
        ):
            yield self._final(self._position_s)
        elif settings.interim_s is not None and self._position_s - self._interim_at_s >= settings.interim_s:
            self._interim_at_s = self._position_s
            yield self._stretch(self._partial(), self._position_s, final=False)

    def _utterance_end(self) -> Iterable[Heard]:
        gap_s, last_s = self._settings.utterance_end_s, self._last_word_end_s
        if gap_s is None or last_s is None or last_s == self._announced_s:
            return
        # Within a segment words lag behind the voice, so there it is the voice that must have paused.
        quiet = self._segment_s is None or self._silent_s >= gap_s
        if quiet and self._position_s - last_s >= gap_s:
            self._announced_s = last_s
            yield UtteranceEnded(last_s)

    def _partial(self) -> Sequence[RecognizedWord]:
        self._hand_over()
        return self._recognition.partial()

    def _hand_over(self) -> None:
        if self._unfed:
            self._recognition.feed(bytes(self._unfed))
            self._unfed.clear()

    def _final(self, end_s: float, *, paused: bool = False, finalized: bool = False) -> Stretch:
        words: Sequence[RecognizedWord] = ()
        if self._segment_s is not None:
            self._hand_over()
            words = self._recognition.finish()
        stretch = self._stretch(words, end_s, final=True, paused=paused, finalized=finalized)
        self._window_s = end_s
        self._segment_s = None
        self._silent_s = 0.0
        self._recent.clear()
        return stretch

    def _stretch(
        self,
        words: Sequence[RecognizedWord],
        end_s: float,
        *,
        final: bool,
        paused: bool = False,
        finalized: bool = False,
    ) -> Stretch:
        offset_s = self._segment_s or 0.0
        placed = [
            msgspec.structs.replace(
                word, start_s=min(word.start_s + offset_s, end_s), end_s=min(word.end_s + offset_s, end_s)
            )
            for word in words
        ]
        if placed:
            self._last_word_end_s = placed[-1].end_s
        return Stretch(
            start_s=self._window_s, end_s=end_s, words=placed, final=final, paused=paused, finalized=finalized
        )
