"""Other rates and other numbers of channels: raw 16-bit audio in, raw 16-bit audio out, piece by piece."""

from __future__ import annotations

from typing import Any

from .device_list import Settings, check_format
from .host import missing_extra
from .samples import WholeFrames

try:
    import numpy as np
    import soxr
    from numpy.typing import NDArray
except ImportError as _error:
    raise missing_extra(_error) from _error

__all__ = ["Converter", "Resampler"]


class Resampler:
    """Brings audio to another rate: 16-bit little-endian samples, channels interleaved.

    However the audio is split into pieces, even inside a sample, the same samples come out. Their number is that of
    the frames that went in times the ratio of the rates, to one frame. Some hundredths of a second are held back until
    more audio, or `flush`, comes. What the lower rate cannot represent is filtered out.

    Args:
        in_rate: frames per second of what is fed, 1000 to 384000.
        out_rate: frames per second of what comes out, likewise.
        channels: in each frame, 1 to 64.

    Raises:
        ConfigError: a value outside these.
    """

    def __init__(self, in_rate: int, out_rate: int, channels: int = 1) -> None:
        check_format(in_rate, channels)
        check_format(out_rate, channels)
        self._channels = channels
        self._whole = WholeFrames(channels)
        self._stream: Any = None
        if in_rate != out_rate:
            self._stream = soxr.ResampleStream(in_rate, out_rate, channels, dtype="float32")

    def feed(self, data: bytes) -> bytes:
        """Take the next piece, of any length; return what is ready, perhaps nothing.

        Args:
            data: samples, 16 bit, little-endian, channels interleaved.

        Returns:
            samples at the new rate, in the same form.
        """
        return _encode(self._resample(_decode(self._whole.feed(data), self._channels), last=False))

    def flush(self) -> bytes:
        """Return what was held back, and begin anew; an incomplete frame is dropped."""
        self._whole.clear()
        if self._stream is None:
            return b""
        ready = _encode(self._resample(_decode(b"", self._channels), last=True))
        self._stream.clear()
        return ready

    def _resample(self, frames: NDArray[np.int16], *, last: bool) -> NDArray[np.int16]:
        if self._stream is None:
            return frames
        resampled = self._stream.resample_chunk(frames.astype(np.float32), last=last)
        samples: NDArray[np.int16] = np.clip(np.rint(resampled), -32768, 32767).astype(np.int16)
        return samples


class Converter:
    """Brings audio to another rate and another number of channels, like `Resampler`.

    One channel becomes all channels; all channels become one, their mean. Otherwise the first ones are kept, and those
    that are new are silent.

    Args:
        source: of what is fed.
        target: of what comes out.

    Raises:
        ConfigError: a rate or a number of channels that `Resampler` does not take.
    """

    def __init__(self, source: Settings, target: Settings) -> None:
        self._source_channels, self._target_channels = source.channels, target.channels
        self._between = min(source.channels, target.channels)  # the fewer are resampled, the better
        self._whole = WholeFrames(source.channels)
        self._resampler = Resampler(source.sample_rate, target.sample_rate, self._between)

    def feed(self, data: bytes) -> bytes:
        """Take the next piece, of any length; return what is ready, perhaps nothing."""
        frames = _decode(self._whole.feed(data), self._source_channels)
        return self._finish(self._resampler.feed(_encode(_map(frames, self._between))))

    def flush(self) -> bytes:
        """Return what was held back, and begin anew; an incomplete frame is dropped."""
        self._whole.clear()
        return self._finish(self._resampler.flush())

    def _finish(self, data: bytes) -> bytes:
        return _encode(_map(_decode(data, self._between), self._target_channels))


def _decode(data: bytes, channels: int) -> NDArray[np.int16]:
    return np.frombuffer(data, "<i2").reshape(-1, channels)


def _encode(frames: NDArray[np.int16]) -> bytes:
    return frames.astype("<i2", copy=False).tobytes()


def _map(frames: NDArray[np.int16], channels: int) -> NDArray[np.int16]:
    present = frames.shape[1]
    if present == channels:
        return frames
    if channels == 1:
        mean: NDArray[np.int16] = np.rint(frames.mean(axis=1, dtype=np.float32, keepdims=True)).astype(np.int16)
        return mean
    if present == 1:
        return np.repeat(frames, channels, axis=1)
    if present > channels:
        return frames[:, :channels]
    return np.pad(frames, ((0, 0), (0, channels - present)))
