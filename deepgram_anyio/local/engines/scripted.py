"""Engines that do as they are told: for tests that need neither speech nor the packages of the extra ``local``."""

from __future__ import annotations

import array
import math
from collections.abc import Iterator, Sequence

from .base import RECOGNIZER_RATE, RecognizedWord

__all__ = ["LoudnessDetector", "ScriptedRecognition", "ScriptedRecognizer", "ToneVoice"]

_BYTES_PER_S = RECOGNIZER_RATE * 2


class LoudnessDetector:
    """Takes for speech whatever is louder than a threshold.

    Attributes:
        frame_bytes: length of a 30 ms frame.
    """

    frame_bytes = _BYTES_PER_S * 30 // 1000

    def __init__(self, threshold: int = 500) -> None:
        """
        Args:
            threshold: the sample value, of at most 32767, that a frame must reach.
        """
        self._threshold = threshold
        self._rest = b""

    def feed(self, samples: bytes) -> Sequence[bool]:
        """Return, for each frame completed by these samples, whether it is loud."""
        data = self._rest + samples
        whole = len(data) - len(data) % self.frame_bytes
        self._rest = data[whole:]
        return [self._loud(data[start : start + self.frame_bytes]) for start in range(0, whole, self.frame_bytes)]

    def _loud(self, frame: bytes) -> bool:
        values = array.array("h", frame)
        return max(max(values), -min(values)) >= self._threshold


class ScriptedRecognition:
    """Hears the n-th utterance of a script in the n-th segment; its words take equal shares of the audio."""

    def __init__(self, utterances: Sequence[str], word_s: float) -> None:
        self._utterances = iter(utterances)
        self._word_s = word_s
        self._words: list[str] | None = None
        self._fed_bytes = 0

    def feed(self, samples: bytes) -> None:
        """Take more samples of the current segment."""
        if self._words is None:
            self._words = next(self._utterances, "").lower().split()
        self._fed_bytes += len(samples)

    def partial(self) -> Sequence[RecognizedWord]:
        """Return as many words as there was time for."""
        words = self._words or []
        heard = min(len(words), int(self._fed_bytes / _BYTES_PER_S / self._word_s))
        return self._laid_out(words[:heard], self._word_s)

    def finish(self) -> Sequence[RecognizedWord]:
        """End the segment and return its words."""
        words = self._words or []
        laid_out = self._laid_out(words, self._fed_bytes / _BYTES_PER_S / max(1, len(words)))
        self._words, self._fed_bytes = None, 0
        return laid_out

    def close(self) -> None:
        """Nothing to let go of."""

    @staticmethod
    def _laid_out(words: Sequence[str], word_s: float) -> list[RecognizedWord]:
        return [
            RecognizedWord(word=word, start_s=index * word_s, end_s=(index + 1) * word_s, confidence=1.0)
            for index, word in enumerate(words)
        ]


class ScriptedRecognizer:
    """A `Recognizer` that hears what it is told, in every stream anew.

    Attributes:
        name: ``scripted``.
    """

    name = "scripted"

    def __init__(self, utterances: Sequence[str], *, word_s: float = 0.3) -> None:
        """
        Args:
            utterances: what is heard in the first, second, ... stretch of sound; later ones are heard as nothing.
            word_s: sound that an interim result takes for one word, in seconds.
        """
        self._utterances = list(utterances)
        self._word_s = word_s

    def detector(self) -> LoudnessDetector:
        """Make a detector for one channel."""
        return LoudnessDetector()

    def open(self, *, keyterms: Sequence[str] = ()) -> ScriptedRecognition:
        """Begin the recognition of one channel."""
        return ScriptedRecognition(self._utterances, self._word_s)

    def close(self) -> None:
        """Nothing to let go of."""


class ToneVoice:
    """A `Voice` that hums: each word a tone, and a pause after each sentence.

    Attributes:
        name: ``tone``.
        sample_rate: of its samples, in Hz.
    """

    name = "tone"

    def __init__(self, *, sample_rate: int = 16_000, word_s: float = 0.3, pause_s: float = 0.6) -> None:
        """
        Args:
            sample_rate: in Hz.
            word_s: length of a word, in seconds.
            pause_s: silence after a sentence, in seconds.
        """
        self.sample_rate = sample_rate
        self._word_s = word_s
        self._pause_s = pause_s

    def synthesize(self, text: str) -> Iterator[bytes]:
        """Yield each word's samples, and the pauses."""
        for word in text.split():
            yield self._tone(200.0 + 20.0 * len(word), self._word_s)
            if word[-1] in ".?!":
                yield bytes(2 * round(self.sample_rate * self._pause_s))

    def close(self) -> None:
        """Nothing to let go of."""

    def _tone(self, frequency_hz: float, length_s: float) -> bytes:
        step = 2 * math.pi * frequency_hz / self.sample_rate
        count = round(self.sample_rate * length_s)
        return array.array("h", (round(12000 * math.sin(step * index)) for index in range(count))).tobytes()
