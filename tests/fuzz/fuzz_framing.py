"""Any bytes as WebSocket frames: no exception, bounded memory, and the same frames however the bytes are cut."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from deepgram_anyio.errors import LocalProtocolError, RemoteProtocolError
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Ping, Pong, Text
from deepgram_anyio.transport.framing import Framing

from ..transport.conformance.judge import Reader
from .pieces import MAX_INPUT_BYTES, cut

__all__ = ["SEEDS", "check"]

LIMITS = (0, 1, 64, 1000, 1 << 24)
SEEDS = [
    b"\x03\x00\x81\x05Hello\x89\x02hi\x88\x02\x03\xe8",
    b"\x03\x01\x01\x03gr\xc3\x80\x02\xbc\xc3\x80\x01\x9f",
    b"\x03\x02\x82\x7e\x00\x7e" + bytes(126) + b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
    b"\x80\x03\x81\x85\x01\x02\x03\x04Igohn\x88\x80\x00\x00\x00\x00",
    b"\x04\x01\x82\x7f\x3f\xff\xff\xff\xff\xff\xff\xff",
]


class Outcome(NamedTuple):
    frames: list[Frame]
    failure: str
    last_words: bytes


def check(data: bytes) -> None:
    """Two bytes choose the end, the limit and the cut; the others are the wire."""
    if len(data) < 2 or len(data) > MAX_INPUT_BYTES:
        return
    client, limit, step = data[0] < 0x80, LIMITS[data[0] % len(LIMITS)], data[1]
    whole = _run(data[2:], 0, client=client, limit=limit)
    assert _run(data[2:], step, client=client, limit=limit) == whole
    assert _run(data[2:], 0, client=client, limit=limit, as_trailing=True) == whole


def _run(wire: bytes, step: int, *, client: bool, limit: int, as_trailing: bool = False) -> Outcome:
    framing = Framing(client=client, max_message_bytes=limit, trailing=wire if as_trailing else b"")
    frames = framing.receive_trailing()
    for piece in () if as_trailing else cut(wire, step):
        frames += framing.receive(piece)
        assert len(framing._message) <= limit
        # Of what is not understood yet, one header or control frame is kept.
        assert framing.end is not None or len(framing._decoder.buffer) < 140
    before_end = framing.end
    last_words = framing.take_replies()
    frames += framing.receive(b"")
    _check_frames(frames, limit, len(wire))
    _check_failure(framing, before_end)
    if client:
        _check_replies(last_words, framing, frames)
    assert framing.receive(wire) == []
    return Outcome(frames, str(framing.failure), b"" if client else last_words)  # a client's are masked at random


def _check_frames(frames: list[Frame], limit: int, wire_bytes: int) -> None:
    assert isinstance(frames[-1], Close)
    total = 0
    for frame in frames[:-1]:
        assert not isinstance(frame, Close)
        payload = frame.data.encode() if isinstance(frame.data, str) else bytes(frame.data)
        assert len(payload) <= (limit if isinstance(frame, (Text, Binary)) else 125)
        total += len(payload)
    assert total <= wire_bytes


def _check_failure(framing: Framing, end: Close | None) -> None:
    assert framing.closing
    if framing.failure is not None:
        assert isinstance(framing.failure, RemoteProtocolError)
        assert end is not None
        assert end.code in {1002, 1007, 1009}
    with pytest.raises(LocalProtocolError):
        framing.encode([Text("late")])


def _check_replies(last_words: bytes, framing: Framing, frames: list[Frame]) -> None:
    reader = Reader()
    reader.feed(last_words)
    pings = [Pong(frame.data) for frame in frames if isinstance(frame, Ping)]
    assert reader.answers == pings[-16:]
    end = framing.end
    assert reader.close == (end if end is not None and end.code != 1006 else None)
