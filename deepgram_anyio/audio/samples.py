"""What is done to 16-bit samples without a numeric library: most devices need no more."""

from __future__ import annotations

import math
import operator
import sys
from array import array

__all__ = ["SAMPLE_BYTES", "WholeFrames", "loudness", "swapped"]

SAMPLE_BYTES = 2


class WholeFrames:
    """Joins pieces of any length to pieces of whole frames.

    Args:
        channels: samples in a frame.
    """

    def __init__(self, channels: int) -> None:
        self._frame_bytes = channels * SAMPLE_BYTES
        self._rest = b""

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take a piece; return the whole frames of what was not returned yet."""
        joined = self._rest + bytes(data)
        whole = len(joined) - len(joined) % self._frame_bytes
        self._rest = joined[whole:]
        return joined[:whole]

    def clear(self) -> None:
        """Drop an incomplete frame."""
        self._rest = b""


def swapped(data: bytes) -> bytes:
    """Turn samples in the machine's byte order, PortAudio's, into little-endian ones, Deepgram's; and back."""
    if sys.byteorder == "little":
        return data
    samples = array("h", data)
    samples.byteswap()
    return samples.tobytes()


def loudness(block: bytes) -> float:
    """Return the root mean square of samples in the machine's byte order, 0 for silence, 1 for the loudest there is."""
    if not block:
        return 0.0
    samples = array("h", block)
    return math.sqrt(sum(map(operator.mul, samples, samples)) / len(samples)) / 32768
