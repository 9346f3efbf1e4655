"""Raw audio: from the encodings of the wire to what a recogniser takes, and from what a voice makes to the wire.

Sources: ITU-T Recommendation G.711 for mu-law and A-law; Deepgram's documentation for ``linear16`` (signed 16-bit,
little-endian) and ``linear32`` (32-bit IEEE float, little-endian).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import soxr

from .base import RECOGNIZER_RATE

__all__ = ["PcmDecoder", "encode_pcm"]

Samples: TypeAlias = "np.ndarray[Any, np.dtype[np.int16]]"

_LINEAR16 = np.dtype("<i2")
_LINEAR32 = np.dtype("<f4")
_FULL_SCALE = 32768.0


def _mulaw_table() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code >> 4) & 0x07)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_table() -> Samples:
    code = np.arange(256) ^ 0x55
    exponent = (code >> 4) & 0x07
    mantissa = (code & 0x0F) << 4
    magnitude = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_TABLES = {"mulaw": _mulaw_table(), "alaw": _alaw_table()}
_SAMPLE_BYTES = {"linear16": 2, "linear32": 4, "mulaw": 1, "alaw": 1}


class PcmDecoder:
    """Turns wire audio, cut anywhere, into signed 16-bit samples at `RECOGNIZER_RATE`, one stream for each channel."""

    def __init__(self, encoding: str, sample_rate: int, channels: int = 1, *, mix: bool = False) -> None:
        """
        Args:
            encoding: ``linear16``, ``linear32``, ``mulaw`` or ``alaw``.
            sample_rate: in Hz.
            channels: interleaved channels.
            mix: give one stream, the mean of all channels.

        Raises:
            ValueError: an encoding that is none of these, or numbers that are not positive.
        """
        if encoding not in _SAMPLE_BYTES or sample_rate < 1 or channels < 1:
            raise ValueError(f"cannot decode {encoding} at {sample_rate} Hz with {channels} channels")
        self._encoding = encoding
        self._channels = channels
        self._mix = mix
        self._frame_bytes = _SAMPLE_BYTES[encoding] * channels
        self._rest = b""
        self._resampler = (
            soxr.ResampleStream(sample_rate, RECOGNIZER_RATE, 1 if mix else channels, dtype="float32")
            if sample_rate != RECOGNIZER_RATE
            else None
        )

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes and return the samples that they complete, one item for each channel, or one for the mix."""
        data = self._rest + data
        whole = len(data) - len(data) % self._frame_bytes
        self._rest = data[whole:]
        return self._resampled(self._floats(data[:whole]), last=False)

    def flush(self) -> list[bytes]:
        """Return the samples that the resampler still holds; a sample cut short is dropped."""
        self._rest = b""
        return self._resampled(self._floats(b""), last=True)

    def _floats(self, data: bytes) -> Any:
        if self._encoding == "linear32":
            floats = np.frombuffer(data, _LINEAR32).astype(np.float32)
            # What is not a number would spread through the resampler's filter.
            floats = np.nan_to_num(floats, nan=0.0, posinf=1.0, neginf=-1.0)
        else:
            raw = np.frombuffer(data, _LINEAR16 if self._encoding == "linear16" else np.uint8)
            samples = raw if self._encoding == "linear16" else _TABLES[self._encoding][raw]
            floats = samples.astype(np.float32) / np.float32(_FULL_SCALE)
        frames = floats.reshape(-1, self._channels)
        return frames.mean(axis=1, keepdims=True, dtype=np.float32) if self._mix else frames

    def _resampled(self, frames: Any, *, last: bool) -> list[bytes]:
        if self._resampler is not None and (last or len(frames)):
            frames = self._resampler.resample_chunk(frames, last=last).reshape(-1, frames.shape[1])
        samples = np.clip(np.rint(frames * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
        return [samples[:, index].tobytes() for index in range(samples.shape[1])]


def encode_pcm(samples: bytes, encoding: str) -> bytes:
    """Turn signed 16-bit samples in the machine's byte order into wire audio.

    Args:
        samples: whole samples.
        encoding: ``linear16``, ``linear32``, ``mulaw`` or ``alaw``.

    Raises:
        ValueError: another encoding.
    """
    linear = np.frombuffer(samples, np.int16)
    if encoding == "linear16":
        return linear.astype(_LINEAR16).tobytes()
    if encoding == "linear32":
        return (linear / np.float32(_FULL_SCALE)).astype(_LINEAR32).tobytes()
    if encoding in _TABLES:
        return _nearest(_TABLES[encoding], linear)
    raise ValueError(f"cannot encode {encoding}")


def _nearest(table: Samples, linear: Samples) -> bytes:
    # The code whose value is nearest: what G.711's segments amount to.
    order = np.argsort(table, kind="stable")
    values = table[order].astype(np.int32)
    wanted = linear.astype(np.int32)
    above = np.clip(np.searchsorted(values, wanted), 1, len(values) - 1)
    lower = wanted - values[above - 1] <= values[above] - wanted
    codes = order[above - lower].astype(np.uint8)
    return bytes(codes)
