"""Any bytes as a WAVE stream: a WavError or samples, the same however they are cut, and little memory."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from deepgram_anyio.protocol.wav import WavError, WavFormat, WavReader, is_wav, wav_header

from .pieces import MAX_INPUT_BYTES, cut

__all__ = ["SEEDS", "check"]

MAX_HEADER_BYTES = 2000
SEEDS = [
    b"\x00" + wav_header(sample_rate=16000) + bytes(8),
    b"\x01" + wav_header(sample_rate=8000, channels=2, encoding="mulaw", data_bytes=4) + b"abcdLIST",
    b"\x05" + wav_header(sample_rate=16000).replace(b"RIFF", b"RF64")[:12] + b"ds64\x10\0\0\0" + bytes(16) + b"data",
    b"\x03RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x28\0\0\0\xfe\xff\x01\0" + bytes(40) + b"data\0\0\0\0xyz",
]


class Outcome(NamedTuple):
    error: str
    format: WavFormat | None
    data_bytes: int | None
    samples: bytes


def check(data: bytes) -> None:
    """The first byte chooses the cut; the others are the stream."""
    if not data or len(data) > MAX_INPUT_BYTES:
        return
    assert _run(data[1:], data[0]) == _run(data[1:], 0)


def _run(stream: bytes, step: int) -> Outcome:
    reader = WavReader(max_header_bytes=MAX_HEADER_BYTES)
    samples, error = b"", ""
    try:
        for piece in cut(stream, step):
            samples += reader.feed(piece)
            assert len(reader._block) < 64
        reader.close()
    except WavError as caught:
        error = str(caught)
        _check_stays(reader, error)
    else:
        assert is_wav(stream)
        assert reader.format is not None
        assert reader.format.channels > 0
        assert reader.format.sample_rate > 0
    assert len(samples) <= len(stream)
    assert reader.data_bytes is None or len(samples) <= reader.data_bytes
    return Outcome(error, reader.format, reader.data_bytes, samples)


def _check_stays(reader: WavReader, error: str) -> None:
    with pytest.raises(WavError, match=re.escape(error)):
        reader.close()
