"""Raw audio in plain Python, for servers whose engines do not listen to it: tests with scripted ones.

Lengths and levels are right, the sound is not: at another rate, each sample is the nearest one before it, unfiltered.
`pcm` is for ears, and needs the extra ``local``.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from .base import RECOGNIZER_RATE
from .raw_forms import SAMPLE_BYTES, check_encoding, check_form, check_rate

__all__ = ["PlainDecoder", "PlainEncoder"]

_SWAPPED: Final = sys.byteorder == "big"
_MULAW_BIAS: Final = 0x84
_MULAW_CLIP: Final = 0x7FFF - _MULAW_BIAS
_ALAW_TOGGLE: Final = 0x55  # the recommendation inverts every second bit of A-law on the line


class PlainDecoder:
    """Turns raw wire audio into 16-bit samples at `RECOGNIZER_RATE`, in the machine's byte order.

    However the audio is split into pieces, even inside a sample, the same samples come out, and none is held back.

    Args:
        encoding: one of `raw_forms.ENCODINGS`.
        sample_rate: frames per second, 1000 to 384000.
        channels: interleaved channels, 1 to 16.
        mix: average all channels into one; by default they stay apart.

    Raises:
        ConfigError: a value outside these.
    """

    def __init__(self, encoding: str, sample_rate: int, channels: int = 1, *, mix: bool = False) -> None:
        check_form(encoding, sample_rate, channels)
        self._encoding = encoding
        self._channels = channels
        self._mix = mix and channels > 1
        self._frame_bytes = SAMPLE_BYTES[encoding] * channels
        self._partial_frame = b""
        self._rates = [_Rate(sample_rate, RECOGNIZER_RATE) for _ in range(1 if self._mix else channels)]

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next piece of the audio, of any length.

        Returns:
            The samples that are ready, one entry per channel, or one in all when mixing; entries may be empty.
        """
        data = self._partial_frame + data
        whole = len(data) - len(data) % self._frame_bytes
        self._partial_frame = data[whole:]
        samples = _expanded(self._encoding, data[:whole])
        tracks = [samples[channel :: self._channels] for channel in range(self._channels)]
        if self._mix:
            tracks = [array("h", [sum(frame) // len(frame) for frame in zip(*tracks, strict=True)])]
        return [rate.convert(track).tobytes() for rate, track in zip(self._rates, tracks, strict=True)]

    def flush(self) -> list[bytes]:
        """Begin anew; an incomplete frame is dropped."""
        self._partial_frame = b""
        for rate in self._rates:
            rate.reset()
        return [b""] * len(self._rates)


class PlainEncoder:
    """Turns a voice's 16-bit mono samples into raw wire audio at another rate.

    Args:
        encoding: one of `raw_forms.ENCODINGS`.
        source_rate: of the samples that are fed, in Hz, 1000 to 384000.
        sample_rate: of the audio that comes out, likewise.

    Raises:
        ConfigError: a value outside these.
    """

    def __init__(self, encoding: str, *, source_rate: int, sample_rate: int) -> None:
        check_encoding(encoding)
        check_rate(source_rate)
        check_rate(sample_rate)
        self._encoding = encoding
        self._rate = _Rate(source_rate, sample_rate)

    def feed(self, samples: bytes) -> bytes:
        """Take more samples, in the machine's byte order; return the audio."""
        return _compressed(self._encoding, self._rate.convert(array("h", samples)))

    def flush(self) -> bytes:
        """Begin anew."""
        self._rate.reset()
        return b""


class _Rate:
    """Another sample rate for one channel."""

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._target = target
        self._taken = self._given = 0

    def reset(self) -> None:
        self._taken = self._given = 0

    def convert(self, samples: array[int]) -> array[int]:
        if self._source == self._target:
            return samples
        start, self._taken = self._taken, self._taken + len(samples)
        # As many as begin within what was taken.
        first, self._given = self._given, -(-self._taken * self._target // self._source)
        positions = range(first, self._given)
        return array("h", [samples[index * self._source // self._target - start] for index in positions])


def _expanded(encoding: str, data: bytes) -> array[int]:
    if encoding == "linear16":
        samples = array("h", data)
        if _SWAPPED:
            samples.byteswap()
        return samples
    if encoding == "linear32":
        floats = array("f", data)
        if _SWAPPED:
            floats.byteswap()
        return array("h", [_clipped(value) for value in floats])
    table = _expansion(encoding)
    return array("h", [table[code] for code in data])


def _compressed(encoding: str, samples: array[int]) -> bytes:
    if encoding == "linear16":
        if _SWAPPED:
            samples = array("h", samples)
            samples.byteswap()
        return samples.tobytes()
    if encoding == "linear32":
        floats = array("f", [value / 32768 for value in samples])
        if _SWAPPED:
            floats.byteswap()
        return floats.tobytes()
    compress: Callable[[int], int] = _to_mulaw if encoding == "mulaw" else _to_alaw
    return bytes(map(compress, samples))


def _clipped(value: float) -> int:
    if value != value:  # not a number
        return 0
    return round(max(-32768.0, min(32767.0, value * 32768)))


@lru_cache(maxsize=2)
def _expansion(law: str) -> array[int]:
    return array("h", map(_from_mulaw if law == "mulaw" else _from_alaw, range(256)))


def _from_mulaw(code: int) -> int:
    code = ~code & 0xFF
    magnitude = ((((code & 15) << 3) + _MULAW_BIAS) << (code >> 4 & 7)) - _MULAW_BIAS
    return -magnitude if code & 0x80 else magnitude


def _from_alaw(code: int) -> int:
    code ^= _ALAW_TOGGLE
    exponent = code >> 4 & 7
    magnitude = (((code & 15) << 4) + 8 + (0x100 if exponent else 0)) << max(exponent - 1, 0)
    return magnitude if code & 0x80 else -magnitude


@lru_cache(maxsize=65536)
def _to_mulaw(sample: int) -> int:
    magnitude = min(abs(sample), _MULAW_CLIP) + _MULAW_BIAS
    exponent = magnitude.bit_length() - 8
    return ~((0x80 if sample < 0 else 0) | exponent << 4 | magnitude >> (exponent + 3) & 15) & 0xFF


@lru_cache(maxsize=65536)
def _to_alaw(sample: int) -> int:
    # Negative samples mirror at -1 rather than 0, so that every level has as many samples on either side.
    magnitude = ~sample if sample < 0 else sample
    exponent = max(magnitude.bit_length() - 8, 0)
    code = (0 if sample < 0 else 0x80) | exponent << 4 | magnitude >> max(exponent + 3, 4) & 15
    return code ^ _ALAW_TOGGLE
