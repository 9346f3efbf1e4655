"""Which conversion of raw audio is used: the good one, or, where its packages are not installed, the plain one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...errors import ConfigError

__all__ = ["Decoder", "Encoder", "pcm_decoder", "pcm_encoder"]


class Decoder(Protocol):
    """Raw wire audio to 16-bit samples at `RECOGNIZER_RATE`; see `pcm.PcmDecoder`."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next piece of the audio; return the samples that are ready, one entry per channel."""
        ...

    def flush(self) -> list[bytes]:
        """Give out what was held back, and begin anew."""
        ...


class Encoder(Protocol):
    """A voice's 16-bit samples to raw wire audio; see `pcm.PcmEncoder`."""

    def feed(self, samples: bytes) -> bytes:
        """Take more samples; return the audio that is ready, perhaps none."""
        ...

    def flush(self) -> bytes:
        """Give out what was held back, and begin anew."""
        ...


_decoder: Callable[..., Decoder]
_encoder: Callable[..., Encoder]
try:
    from .pcm import PcmDecoder, PcmEncoder
except ConfigError:  # of a package that is not there; importing it checks nothing else
    from .plain_pcm import PlainDecoder, PlainEncoder

    _decoder, _encoder = PlainDecoder, PlainEncoder
else:
    _decoder, _encoder = PcmDecoder, PcmEncoder


def pcm_decoder(encoding: str, sample_rate: int, channels: int = 1, *, mix: bool = False) -> Decoder:
    """Make a decoder: `pcm.PcmDecoder`, or `plain_pcm.PlainDecoder` without the extra ``local``.

    Raises:
        ConfigError: a value outside what these take.
    """
    return _decoder(encoding, sample_rate, channels, mix=mix)


def pcm_encoder(encoding: str, *, source_rate: int, sample_rate: int) -> Encoder:
    """Make an encoder: `pcm.PcmEncoder`, or `plain_pcm.PlainEncoder` without the extra ``local``.

    Raises:
        ConfigError: a value outside what these take.
    """
    return _encoder(encoding, source_rate=source_rate, sample_rate=sample_rate)
