"""One PocketSphinx decoder, made to give the same words for the same audio, whatever it decoded before.

Two things in a decoder outlive an utterance: its noise statistics, which are reset for each segment, and the cepstral
mean that is subtracted from the features, which belongs to a stream and is carried from segment to segment of it.

A new stream's mean is unknown, and decoding with the model's default costs up to a third more errors. So until enough
of a stream was heard, the samples of a segment are kept; then, or at its end, its mean is computed and it is decoded
with that. A partial result before that point uses the best mean known.
"""

from __future__ import annotations

import math
import os
import re
import sys
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
# end by a quarter of its length and gain nothing; fewer active models (maxhmmpf) halve the work at no loss; the lattice
# search is cheap and wants a heavier language model than the default.
_SETTINGS: Final = {"fwdflat": False, "bestpath": True, "maxhmmpf": 5000, "bestpathlw": 13.0, "wip": 0.2}

# A tenth of a second of a soft sawtooth.
_WARM_UP: Final = b"".join((value % 200 - 100).to_bytes(2, sys.byteorder, signed=True) for value in range(1600))

_ALTERNATIVE: Final = re.compile(r"\(\d+\)$")
_FILLERS: Final = ("<", "[", "++")


class SegmentDecoder:
    """Decodes one segment after another, each of whatever stream."""

    def __init__(self) -> None:
        self._decoder: Any = pocketsphinx.Decoder(loglevel="FATAL", logfn=os.devnull, **_SETTINGS)
        self._default_mean = str(self._decoder.get_cmn(False))
        self._open = False
        self._known: CepstralMean | None = None
        self._samples = bytearray()
        self._searched = 0
        self._frames = 0
        self._learning = True
        # A decoder's first utterance is searched a little differently from all later ones: let it be one without sense.
        self.begin(None)
        self.feed(_WARM_UP)
        self.finish()

    def begin(self, cmn: CepstralMean | None) -> None:
        """Begin a segment, dropping an unfinished one; `cmn` is what earlier segments of its stream gave."""
        self._known = cmn
        self._learning = cmn is None or cmn.frames < _ENOUGH_FRAMES
        self._samples.clear()
        self._frames = 0
        self._start(cmn.mean if cmn is not None else self._default_mean)

    def feed(self, samples: bytes) -> None:
        """Take more samples."""
        self._samples += samples
        if not self._learning:
            self._search()
        elif self._heard_frames() >= _ENOUGH_FRAMES:
            self._learn()

    def partial(self) -> list[RecognizedWord]:
        """Return the words so far; up to 0.1 s of audio is not in them yet."""
        self._search()
        return list(self._words(partial=True))

    def finish(self) -> tuple[list[RecognizedWord], CepstralMean | None]:
        """End the segment; return its words, and what is known of the stream now."""
        if self._learning:
            self._learn()
        self._search(to_the_end=True)
        self._stop()
        words = list(self._words(partial=False))
        heard = min(self._heard_frames(), _MOST_FRAMES)
        self._samples.clear()
        mean = str(self._decoder.get_cmn(True))
        return words, CepstralMean(mean, heard) if _is_finite(mean) else self._known

    def _start(self, mean: str) -> None:
        self._stop()
        self._decoder.start_stream()
        self._decoder.set_cmn(mean)
        self._decoder.start_utt()
        self._open = True
        self._searched = 0

    def _stop(self) -> None:
        if self._open:
            self._open = False
            self._decoder.end_utt()

    def _search(self, *, to_the_end: bool = False) -> None:
        while len(self._samples) - self._searched >= (1 if to_the_end else _STEP_BYTES):
            step = bytes(self._samples[self._searched : self._searched + _STEP_BYTES])
            self._decoder.process_raw(step)
            self._searched += len(step)
        if not self._learning:
            self._frames += self._searched // _FRAME_BYTES
            del self._samples[: self._searched]
            self._searched = 0

    def _learn(self) -> None:
        """Decode the segment so far with the mean of the stream so far."""
        self._learning = False
        own = self._own_mean()
        if own is not None:
            self._start(own if self._known is None else _weighted(self._known, CepstralMean(own, self._frames_kept())))
        self._search()

    def _own_mean(self) -> str | None:
        """Compute the mean of the kept samples; None when there is nothing in them."""
        if self._frames_kept() == 0:
            return None
        self._start(self._default_mean)
        self._decoder.process_raw(bytes(self._samples), no_search=True, full_utt=True)
        mean = str(self._decoder.get_cmn(False))
        self._stop()
        return mean if _is_finite(mean) else None

    def _frames_kept(self) -> int:
        return len(self._samples) // _FRAME_BYTES

    def _heard_frames(self) -> int:
        return (self._known.frames if self._known is not None else 0) + self._frames + self._frames_kept()

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


def _weighted(first: CepstralMean, second: CepstralMean) -> str:
    frames = first.frames + second.frames
    pairs = zip(first.mean.split(","), second.mean.split(","), strict=True)
    return ",".join(f"{(float(a) * first.frames + float(b) * second.frames) / frames:g}" for a, b in pairs)


def _is_finite(mean: str) -> bool:
    return all(math.isfinite(float(value)) for value in mean.split(","))
