"""Raw audio as it comes over the wire, to what a recogniser takes, and back from what a voice makes."""

from __future__ import annotations

from typing import Protocol

from .base import RECOGNIZER_RATE
from .failures import missing_extra
from .g711 import LAWS, compress, expand
from .raw_forms import ENCODINGS, NARROW_BAND_RATE, SAMPLE_BYTES, check_encoding, check_form, check_rate

try:
    import numpy as np
    import soxr
    from numpy.typing import NDArray
except ImportError as _error:
    raise missing_extra("local", _error) from _error

__all__ = ["ENCODINGS", "PcmDecoder", "PcmEncoder", "decode_pcm", "encode_pcm"]


class _Resampler(Protocol):
    def resample_chunk(self, x: NDArray[np.float32], last: bool = False) -> NDArray[np.float32]: ...

    def clear(self) -> None: ...


class PcmDecoder:
    """Turns raw wire audio into 16-bit samples at `RECOGNIZER_RATE`, in the machine's byte order.

    However the audio is split into pieces, even inside a sample, the same samples come out. Resampling holds back up to
    a tenth of a second until more audio, or `flush`, comes.

    Audio of 8 kHz and less has nothing above 4 kHz, where a wide-band acoustic model expects the energy of fricatives.
    It is therefore brought to 16 kHz by zeros between the samples, unfiltered, which mirrors the lower half of the
    spectrum into the upper one: on telephone speech the packaged recogniser then makes a quarter fewer errors. The
    level drops by 6 dB, and nothing clips.

    Args:
        encoding: one of `ENCODINGS`.
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
        self._frame_bytes = SAMPLE_BYTES[encoding] * channels
        self._mix = mix and channels > 1
        self._extend_band = sample_rate <= NARROW_BAND_RATE
        self._partial_frame = b""
        target = NARROW_BAND_RATE if self._extend_band else RECOGNIZER_RATE
        self._resampler = _resampler(sample_rate, target, 1 if self._mix else channels)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next piece of the audio, of any length.

        Returns:
            The samples that are ready, one entry per channel, or one in all when mixing; entries may be empty.
        """
        data = self._partial_frame + data
        whole = len(data) - len(data) % self._frame_bytes
        self._partial_frame = data[whole:]
        return self._convert(data[:whole], last=False)

    def flush(self) -> list[bytes]:
        """Give out what was held back, and begin anew; an incomplete frame is dropped."""
        self._partial_frame = b""
        flushed = self._convert(b"", last=True)
        if self._resampler is not None:
            self._resampler.clear()
        return flushed

    def _convert(self, data: bytes, *, last: bool) -> list[bytes]:
        frames = _decode(self._encoding, data).reshape(-1, self._channels)
        if self._mix:
            frames = _round(frames.mean(axis=1, dtype=np.float32, keepdims=True))
        if self._resampler is not None:
            frames = _round(self._resampler.resample_chunk(frames.astype(np.float32), last=last))
        if self._extend_band:
            frames = np.stack((frames, np.zeros_like(frames)), axis=1).reshape(-1, frames.shape[1])
        return [channel.tobytes() for channel in frames.T]


class PcmEncoder:
    """Turns a voice's 16-bit mono samples into raw wire audio at another rate.

    Args:
        encoding: one of `ENCODINGS`.
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
        self._resampler = _resampler(source_rate, sample_rate, 1)

    def feed(self, samples: bytes) -> bytes:
        """Take more samples, in the machine's byte order; return the audio that is ready, perhaps none."""
        return self._convert(samples, last=False)

    def flush(self) -> bytes:
        """Give out what was held back, and begin anew."""
        flushed = self._convert(b"", last=True)
        if self._resampler is not None:
            self._resampler.clear()
        return flushed

    def _convert(self, samples: bytes, *, last: bool) -> bytes:
        frames = np.frombuffer(samples, np.int16).reshape(-1, 1)
        if self._resampler is not None:
            frames = _round(self._resampler.resample_chunk(frames.astype(np.float32), last=last))
        return _encode(self._encoding, frames.reshape(-1))


def decode_pcm(data: bytes, encoding: str) -> bytes:
    """Turn raw audio of any of `ENCODINGS` into 16-bit samples in the machine's byte order; rate and channels stay.

    Floats beyond -1 and 1 are clipped, and those that are no number become silence.
    """
    check_encoding(encoding)
    return _decode(encoding, data).tobytes()


def encode_pcm(samples: bytes, encoding: str) -> bytes:
    """Turn 16-bit samples in the machine's byte order into raw audio of any of `ENCODINGS`."""
    check_encoding(encoding)
    return _encode(encoding, np.frombuffer(samples, np.int16))


def _decode(encoding: str, data: bytes) -> NDArray[np.int16]:
    if encoding in LAWS:
        return expand(encoding, data)
    if encoding == "linear16":
        return np.frombuffer(data, "<i2").astype(np.int16, copy=False)
    floats = np.nan_to_num(np.frombuffer(data, "<f4"), nan=0.0)
    return _round(np.clip(floats, -1, 1) * np.float32(32768))


def _encode(encoding: str, samples: NDArray[np.int16]) -> bytes:
    if encoding in LAWS:
        return compress(encoding, samples)
    if encoding == "linear16":
        return samples.astype("<i2", copy=False).tobytes()
    floats: NDArray[np.float32] = np.divide(samples, 32768, dtype=np.float32)
    return floats.astype("<f4", copy=False).tobytes()


def _round(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def _resampler(source_rate: int, sample_rate: int, channels: int) -> _Resampler | None:
    if source_rate == sample_rate:
        return None
    resampler: _Resampler = soxr.ResampleStream(source_rate, sample_rate, channels, dtype="float32")
    return resampler
