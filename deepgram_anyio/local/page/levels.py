"""How loud one direction of one stream is. Blocking, without I/O and without a clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import msgspec

from ...errors import ConfigError
from ...protocol.ledger import AudioFormat
from ...protocol.wav import WavError, WavReader

__all__ = ["LevelMeter", "Loudness"]

_EVERY_S = 0.1
_MOST_BYTES = 64 * 1024  # of one message that are looked at
_FULL_SCALE = 32768.0


class Loudness(msgspec.Struct, frozen=True):
    """How loud some audio is; full scale is 1."""

    rms: float
    peak: float


class LevelMeter:
    """Measures raw audio or a WAV container; of other forms it knows neither the loudness nor the length.

    Without numpy, which every recogniser of audio brings, it knows the length alone.

    What `skip` passes by is counted and not looked at, so that a meter can begin in the middle of a stream.

    Attributes:
        format: of the audio; of a container, None until its header told.
    """

    def __init__(self, announced: AudioFormat) -> None:
        """
        Args:
            announced: the format of the request; without an encoding, a WAV container is expected.
        """
        self._wav = WavReader() if announced.encoding is None else None
        self.format: AudioFormat | None = announced if announced.frame_bytes else None
        self._bytes = 0
        self._squares = self._peak = 0.0
        self._samples = 0
        self._told_at = -math.inf

    @property
    def seconds(self) -> float:
        """All audio so far, in seconds."""
        rate = self.format.byte_rate if self.format is not None else None
        return self._bytes / rate if rate else 0.0

    def skip(self, data: bytes | memoryview) -> None:
        """Count audio."""
        if self._wav is not None and self.format is None:
            data = self._unwrap(self._wav, data)
        self._bytes += len(data)

    def feed(self, data: bytes | memoryview, now: float) -> Loudness | None:
        """Measure audio.

        Returns:
            The loudness since the last time, when a tenth of a second has passed; else None.
        """
        began = self._bytes
        if self._wav is not None:
            data = self._unwrap(self._wav, data)
        self._bytes += len(data)
        if self.format is not None and self.format.frame_bytes:
            self._measure(self.format, memoryview(data).cast("B"), began)
        if not self._samples or now - self._told_at < _EVERY_S:
            return None
        loudness = Loudness(
            round(math.sqrt(self._squares / self._samples) / _FULL_SCALE, 4), round(self._peak / _FULL_SCALE, 4)
        )
        self._told_at, self._squares, self._peak, self._samples = now, 0.0, 0.0, 0
        return loudness

    def _measure(self, audio: AudioFormat, data: memoryview, began: int) -> None:
        assert audio.encoding is not None
        assert audio.frame_bytes is not None
        sample = audio.frame_bytes // audio.channels
        # Samples that are split between messages are left out.
        start = max(-began % sample, len(data) - _MOST_BYTES)
        start += -(began + start) % sample
        whole = (len(data) - start) // sample * sample
        if whole <= 0:
            return
        measure = _arithmetic()
        if measure is not None:
            squares, peak = measure(bytes(data[start : start + whole]), audio.encoding)
            self._squares += squares
            self._samples += whole // sample
            self._peak = max(self._peak, peak)

    def _unwrap(self, wav: WavReader, data: bytes | memoryview) -> bytes:
        try:
            samples = wav.feed(data)
        except WavError:
            return b""  # the stream itself is about to say so
        found = wav.format
        if self.format is None and found is not None:
            audio = AudioFormat(encoding=found.encoding, sample_rate=found.sample_rate, channels=found.channels)
            self.format = audio if audio.frame_bytes else None
        return samples


@lru_cache(maxsize=1)
def _arithmetic() -> Callable[[bytes, str], tuple[float, float]] | None:
    try:
        from .loudness import measure
    except (ConfigError, ImportError):
        return None
    return measure
