"""ITU-T G.711: mu-law and A-law, as tables made from the recommendation's formulas."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from .failures import missing_extra

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError as _error:
    raise missing_extra("local", _error) from _error

__all__ = ["LAWS", "compress", "expand"]

LAWS: Final = ("mulaw", "alaw")

_MULAW_BIAS: Final = 0x84
_MULAW_CLIP: Final = 0x7FFF - _MULAW_BIAS
_ALAW_TOGGLE: Final = 0x55  # the recommendation inverts every second bit of A-law on the line


def expand(law: str, data: bytes) -> NDArray[np.int16]:
    """Turn bytes of one of `LAWS` into 16-bit samples."""
    return _expansion(law)[np.frombuffer(data, np.uint8)]


def compress(law: str, samples: NDArray[np.int16]) -> bytes:
    """Turn 16-bit samples into bytes of one of `LAWS`, each to the nearest level below it in magnitude."""
    return _compression(law)[samples.view(np.uint16)].tobytes()


@lru_cache(maxsize=2)
def _expansion(law: str) -> NDArray[np.int16]:
    code = np.arange(256)
    if law == "mulaw":
        code = ~code & 0xFF
        exponent, mantissa = (code >> 4) & 7, code & 15
        magnitude = (((mantissa << 3) + _MULAW_BIAS) << exponent) - _MULAW_BIAS
        negative = (code & 0x80) != 0
    else:
        code = code ^ _ALAW_TOGGLE
        exponent, mantissa = (code >> 4) & 7, code & 15
        # The lowest segment is linear; the others have a leading one, and each is twice as steep as the one below it.
        magnitude = ((mantissa << 4) + 8 + np.where(exponent > 0, 0x100, 0)) << np.maximum(exponent - 1, 0)
        negative = (code & 0x80) == 0
    return np.where(negative, -magnitude, magnitude).astype(np.int16)


@lru_cache(maxsize=2)
def _compression(law: str) -> NDArray[np.uint8]:
    sample = np.arange(0x10000).astype(np.uint16).view(np.int16).astype(np.int32)  # in the order of the bit patterns
    if law == "mulaw":
        sign = np.where(sample < 0, 0x80, 0)
        magnitude = np.minimum(np.abs(sample), _MULAW_CLIP) + _MULAW_BIAS
        exponent = np.log2(magnitude).astype(np.int32) - 7
        code = ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15))
    else:
        sign = np.where(sample < 0, 0, 0x80)
        # Negative samples mirror at -1 rather than 0, so that every level has as many samples on either side.
        magnitude = np.where(sample < 0, ~sample, sample)
        exponent = np.maximum(np.log2(np.maximum(magnitude, 1)).astype(np.int32) - 7, 0)
        code = (sign | (exponent << 4) | ((magnitude >> np.maximum(exponent + 3, 4)) & 15)) ^ _ALAW_TOGGLE
    table: NDArray[np.uint8] = (code & 0xFF).astype(np.uint8)
    return table
