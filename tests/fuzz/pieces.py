"""One input, cut up as the network may cut it."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["MAX_INPUT_BYTES", "cut"]

MAX_INPUT_BYTES = 16 * 1024
"""The longest input that is worth running: what is bounded is bounded by less, here."""


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """Return pieces of so many bytes; 0 for one piece."""
    step = size or max(1, len(data))
    return (data[start : start + step] for start in range(0, len(data), step))
