"""One PocketSphinx decoder, made to give the same words for the same audio, whatever it decoded before.

Two things in a decoder outlive an utterance: its noise statistics, which are reset for each segment, and the cepstral
mean that is subtracted from the features, which belongs to a stream and is carried from segment to segment of it.

A new stream's mean is unknown, and decoding with the model's default costs up to a third more errors. So until enough
of a stream was heard, the samples of a segment are kept; then, or at its end, its mean is computed and it is decoded
with that. A partial result before that point uses the best mean known.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from typing import Any, Final

import pocketsphinx

from .base import RECOGNIZER_RATE, RecognizedWord
from .sphinx_wire import CepstralMean

__all__ = ["PARTIAL_CONFIDENCE", "SegmentDecoder"]

PARTIAL_CONFIDENCE: Final = 0.5
"""Confidence of the words of a partial result, for which there are no posterior probabilities yet."""

_FRAMES_PER_S: Final = 100
_FRAME_BYTES: Final = RECOGNIZER_RATE // _FRAMES_PER_S * 2
_ENOUGH_FRAMES: Final = 4 * _FRAMES_PER_S
_MOST_FRAMES: Final = 100 * _FRAMES_PER_S

# Audio is decoded in steps of one length, because the mean moves between steps: how it was fed must not matter.
_STEP_BYTES: Final = 10 * _FRAME_BYTES

# Measured on read, telephone and synthetic speech. The second pass over the whole segment (fwdflat) would hold up its
# end by a quarter of its length and gain nothing; fewer active models (maxhmmpf) save a third of the work at no loss; a
# lattice search with a heavier language model than the default, and fewer short words, help a little.
_SETTINGS: Final = {"fwdflat": False, "maxhmmpf": 5000, "bestpathlw": 13.0, "wip": 0.2}

_ALTERNATIVE: Final = re.compile(r"\(\d+\)$")
_FILLERS: Final = ("<", "[", "++")


class SegmentDecoder:
    """Decodes one segment after another, each of whatever stream."""

    def __init__(self) -> None:
        self._decoder: Any = pocketsphinx.Decoder(loglevel="FATAL", logfn=os.devnull, **_SETTINGS)
        self._default_mean = str(self._decoder.get_cmn(False))
        self._known: CepstralMean | None = None
        self._samples = bytearray()  # those not decoded yet and, while learning, all
        self._decoded = 0
        self._decoded_frames = 0
        self._learning = True
        # The first audio that comes in steps switches the decoder, for good, to another way of computing means.
        self._decoder.start_utt()
        self._decoder.process_raw(bytes(_STEP_BYTES))
        self._decoder.end_utt()
        self._open = False

    def begin(self, cmn: CepstralMean | None) -> None:
        """Begin a segment, dropping an unfinished one; `cmn` is what earlier segments of its stream gave."""
        self._known = cmn
        self._learning = self._frames_to_learn() > 0
        self._samples.clear()
        self._start(self._best_mean())

    def feed(self, samples: bytes) -> None:
        """Take more samples."""
        self._samples += samples
        if not self._learning:
            self._decode()
        elif len(self._samples) >= self._frames_to_learn() * _FRAME_BYTES:
            self._learn()

    def partial(self) -> list[RecognizedWord]:
        """Return the words so far; up to 0.1 s of audio is not in them yet."""
        self._decode()
        return list(self._words(partial=True))

    def finish(self) -> tuple[list[RecognizedWord], CepstralMean | None]:
        """End the segment; return its words, and what is known of the stream now."""
        if self._learning:
            self._learn()
        self._decode(to_the_end=True)
        self._stop()
        if self._known is not None:
            frames = min(self._known.frames + self._decoded_frames, _MOST_FRAMES)
            self._known = CepstralMean(str(self._decoder.get_cmn(True)), frames)
        return list(self._words(partial=False)), self._known

    def _start(self, mean: str) -> None:
        self._stop()
        with warnings.catch_warnings():  # it is deprecated as unnecessary, but nothing else resets the noise statistics
            warnings.simplefilter("ignore", DeprecationWarning)
            self._decoder.start_stream()
        self._decoder.set_cmn(mean)
        self._decoder.start_utt()
        self._open = True
        self._decoded = self._decoded_frames = 0

    def _stop(self) -> None:
        if self._open:
            self._open = False
            self._decoder.end_utt()

    def _decode(self, *, to_the_end: bool = False) -> None:
        while len(self._samples) - self._decoded >= (1 if to_the_end else _STEP_BYTES):
            step = bytes(self._samples[self._decoded : self._decoded + _STEP_BYTES])
            self._decoder.process_raw(step)
            self._decoded += len(step)
        if not self._learning:
            self._decoded_frames += self._decoded // _FRAME_BYTES
            del self._samples[: self._decoded]
            self._decoded = 0

    def _learn(self) -> None:
        """Compute the mean of what is kept, and decode it with that."""
        self._learning = False
        kept = bytes(self._samples[: self._frames_to_learn() * _FRAME_BYTES])
        if kept:
            self._start(self._best_mean())
            self._decoder.process_raw(kept, no_search=True, full_utt=True)
            # The mean that it began with counts for 5 s in this one, which does short segments good.
            mean = str(self._decoder.get_cmn(False))
            self._known = CepstralMean(mean, self._frames_known() + len(kept) // _FRAME_BYTES)
        self._start(self._best_mean())
        self._decode()

    def _best_mean(self) -> str:
        return self._default_mean if self._known is None else self._known.mean

    def _frames_known(self) -> int:
        return 0 if self._known is None else self._known.frames

    def _frames_to_learn(self) -> int:
        return _ENOUGH_FRAMES - self._frames_known()

    def _words(self, *, partial: bool) -> Iterator[RecognizedWord]:
        for segment in self._decoder.seg() or ():
            word = _ALTERNATIVE.sub("", segment.word)
            if word.startswith(_FILLERS):
                continue
            yield RecognizedWord(
                word=word.replace(".", ""),
                start_s=segment.start_frame / _FRAMES_PER_S,
                end_s=(segment.end_frame + 1) / _FRAMES_PER_S,
                confidence=PARTIAL_CONFIDENCE if partial else min(1.0, max(0.0, segment.prob)),
            )
