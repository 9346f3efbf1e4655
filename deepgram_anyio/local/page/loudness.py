"""The arithmetic of levels. Needs numpy, so it is imported when somebody watches."""

from __future__ import annotations

import numpy as np

from ..engines.pcm import decode_pcm

__all__ = ["measure"]


def measure(audio: bytes, encoding: str) -> tuple[float, float]:
    """Return the sum of the squares of raw audio's samples, and the greatest of them; full scale is 32768.

    Args:
        audio: whole samples.
        encoding: one of `engines.pcm.ENCODINGS`.
    """
    samples = np.frombuffer(decode_pcm(audio, encoding), np.int16).astype(np.float32)
    return float(np.dot(samples, samples)), float(np.abs(samples).max())
