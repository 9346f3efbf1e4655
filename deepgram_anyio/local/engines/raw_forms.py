"""The forms of raw audio that the server takes and gives."""

from __future__ import annotations

from typing import Final

from ...errors import ConfigError

__all__ = [
    "ENCODINGS",
    "MAX_CHANNELS",
    "NARROW_BAND_RATE",
    "SAMPLE_BYTES",
    "check_encoding",
    "check_form",
    "check_rate",
]

ENCODINGS: Final[tuple[str, ...]] = ("linear16", "linear32", "mulaw", "alaw")
"""The raw encodings, by Deepgram's names; ``linear32`` is 32-bit IEEE float, and all are little-endian."""

SAMPLE_BYTES: Final = {"linear16": 2, "linear32": 4, "mulaw": 1, "alaw": 1}
"""Length of a sample in each of them."""

MAX_CHANNELS: Final = 16
"""The most channels that are taken."""

NARROW_BAND_RATE: Final = 8000
"""Up to this rate the upper half of the recogniser's spectrum would be empty."""

_MIN_RATE: Final = 1000
_MAX_RATE: Final = 384_000


def check_form(encoding: str, sample_rate: int, channels: int) -> None:
    """Check a form of audio.

    Raises:
        ConfigError: there is no such encoding, or the rate or the channels are out of range.
    """
    check_encoding(encoding)
    check_rate(sample_rate)
    if not 1 <= channels <= MAX_CHANNELS:
        raise ConfigError(f"channels must be 1 to {MAX_CHANNELS}, not {channels}")


def check_encoding(encoding: str) -> None:
    """Check that there is such an encoding.

    Raises:
        ConfigError: there is not.
    """
    if encoding not in ENCODINGS:
        raise ConfigError(f"encoding must be one of {', '.join(ENCODINGS)}, not {encoding!r}")


def check_rate(sample_rate: int) -> None:
    """Check that a sample rate is in range.

    Raises:
        ConfigError: it is not.
    """
    if not _MIN_RATE <= sample_rate <= _MAX_RATE:
        raise ConfigError(f"sample_rate must be {_MIN_RATE} to {_MAX_RATE}, not {sample_rate}")
