"""Cases 9 and 10 of the Autobahn suite: large messages, many of them, and the bound on their length.

All run at full size on the framing alone; over loopback those that strain the connection most, and shorter runs of the
many small messages of 9.7 and 9.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import anyio
import pytest
from anyio.abc import ByteStream
from hypothesis import given, settings
from hypothesis import strategies as st

from deepgram_anyio import errors
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Text
from deepgram_anyio.transport.framing import Framing
from deepgram_anyio.transport.settings import Limits
from deepgram_anyio.transport.websocket import open_websocket

from ..peers import ServerEnd, connected, echo, read_to_end, serving, wire
from .judge import BINARY, CONTINUATION, TEXT, Case, Reader, fragmented, run_loopback, run_without_io

KIB, MIB = 1 << 10, 1 << 20
MAX_BYTES = Limits().max_message_bytes
READ_BYTES = 64 * KIB


class Large(NamedTuple):
    """A message, or many, to be echoed; made when needed, since they take memory."""

    id: str
    opcode: int
    length: int
    fragment: int | None = None
    """The length of its fragments; None for a whole message."""
    chop: int = READ_BYTES
    """The length of the peer's writes."""

    def case(self) -> Case:
        pattern = b"BAsd7&jh23" if self.opcode == TEXT else b"\x00\xfe\x23\xfa\xf0"
        payload = (pattern * (self.length // len(pattern) + 1))[: self.length]
        data = b"".join(fragmented(self.opcode, payload, self.fragment or max(1, self.length)))
        writes = [data[start : start + self.chop] for start in range(0, len(data), self.chop)]
        answer = Text(payload.decode()) if self.opcode == TEXT else Binary(payload)
        return Case(self.id, "", writes, [answer])


def _large() -> Iterator[Large]:
    for base, opcode in ((1, TEXT), (2, BINARY)):
        for number, size in enumerate((64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB), 1):
            yield Large(f"9.{base}.{number}", opcode, size)
        for number in range(1, 10):
            yield Large(f"9.{base + 2}.{number}", opcode, 4 * MIB, fragment=16 << 2 * number)
        for number in range(1, 7):
            yield Large(f"9.{base + 4}.{number}", opcode, MIB, chop=32 << number)
    yield Large("10.1.1", TEXT, 64 * KIB, fragment=1300)


LARGE = {large.id: large for large in _large()}
HARDEST = ["9.1.6", "9.2.6", "9.3.1", "9.4.1", "9.4.9", "9.5.6", "9.6.2", "10.1.1"]
MANY = [
    (f"9.{base}.{number}", opcode, size)
    for base, opcode in ((7, TEXT), (8, BINARY))
    for number, size in enumerate((0, 16, 64, 256, 1024, 4096), 1)
]


def test_the_list_is_the_suites() -> None:
    counts = {"9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6, "10.1": 1}
    expected = {f"{group}.{number}" for group, count in counts.items() for number in range(1, count + 1)}
    assert {*LARGE, *(name for name, _, _ in MANY)} == expected
    assert len(expected) == 55


@pytest.mark.parametrize("name", LARGE)
def test_large_without_io(name: str) -> None:
    case = LARGE[name].case()
    run_without_io(case, case.writes, max_message_bytes=MAX_BYTES)


@pytest.mark.anyio
@pytest.mark.parametrize("name", HARDEST)
async def test_large_over_loopback(name: str) -> None:
    await run_loopback(LARGE[name].case(), max_message_bytes=MAX_BYTES)


@pytest.mark.parametrize(("name", "opcode", "size"), MANY, ids=[name for name, _, _ in MANY])
def test_a_thousand_messages_without_io(name: str, opcode: int, size: int) -> None:
    once = Large(name, opcode, size).case()
    case = once._replace(answers=[*once.answers] * 1000)
    run_without_io(case, list(once.writes) * 1000)


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "opcode", "size"), MANY, ids=[name for name, _, _ in MANY])
async def test_many_messages_one_by_one_over_loopback(name: str, opcode: int, size: int) -> None:
    (sent,) = Large(name, opcode, size).case().answers
    assert isinstance(sent, (Text, Binary))
    assert isinstance(sent.data, (str, bytes))
    with anyio.fail_after(30):
        async with connected(echo) as (websocket, _):
            for _ in range(50):
                await websocket.send(sent.data)
                assert await websocket.receive_batch() == [sent]


# The bound, Limits.max_message_bytes


def _split(opcode: int, payload: bytes, cuts: list[int]) -> bytes:
    ends = [0, *sorted(cuts), len(payload)]
    parts = [payload[start:stop] for start, stop in pairwise(ends)]
    return b"".join(
        wire(CONTINUATION if index else opcode, part, fin=index == len(parts) - 1) for index, part in enumerate(parts)
    )


def _received(data: bytes, limit: int, step: int) -> tuple[list[Frame], Framing]:
    framing = Framing(client=True, max_message_bytes=limit)
    frames: list[Frame] = []
    for start in range(0, len(data), step):
        frames += framing.receive(data[start : start + step])
    return frames, framing


def _check_bound(opcode: int, payload: bytes, cuts: list[int], limit: int, step: int) -> None:
    frames, framing = _received(_split(opcode, payload, cuts), limit, step)
    if len(payload) <= limit:
        assert frames == [Text(payload.decode()) if opcode == TEXT else Binary(payload)]
        return
    assert [type(frame) for frame in frames] == [Close]
    assert isinstance(framing.failure, errors.RemoteProtocolError)
    reader = Reader()
    reader.feed(framing.take_replies())
    assert reader.close is not None
    assert reader.close.code == 1009


@settings(max_examples=150)
@given(
    st.sampled_from([TEXT, BINARY]),
    st.integers(-2, 2),
    st.lists(st.integers(0, 4096), max_size=12),
    st.sampled_from([1, 7, 100, 5000]),
)
def test_any_split_of_the_longest_message(opcode: int, over: int, cuts: list[int], step: int) -> None:
    _check_bound(opcode, b"x" * (4096 + over), [min(cut, 4096 + over) for cut in cuts], 4096, step)


@settings(max_examples=6)
@given(st.sampled_from([TEXT, BINARY]), st.booleans(), st.lists(st.integers(0, MAX_BYTES), max_size=12))
def test_any_split_of_16_mib(opcode: int, too_long: bool, cuts: list[int]) -> None:
    _check_bound(opcode, bytes(MAX_BYTES + too_long), cuts, MAX_BYTES, READ_BYTES)


@pytest.mark.anyio
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_a_byte_too_many_closes_with_1009(opcode: int) -> None:
    reader = Reader()

    async def handle(stream: ByteStream) -> None:
        await ServerEnd.accept(stream)
        await stream.send(wire(opcode, declared=MAX_BYTES + 1, length_bytes=8))
        reader.feed(await read_to_end(stream))

    async with serving(handle) as peer:
        with anyio.fail_after(10), pytest.raises(errors.RemoteProtocolError, match="longer than 16777216 bytes"):
            async with open_websocket(peer.url, proxy="") as websocket:
                await websocket.__anext__()
        await peer.all_closed(accepted=1)
    assert reader.close is not None
    assert reader.close.code == 1009


@pytest.mark.anyio
async def test_a_byte_too_many_is_not_sent() -> None:
    async with connected(echo) as (websocket, _):
        for message in (bytes(MAX_BYTES + 1), "x" * (MAX_BYTES + 1)):
            with pytest.raises(errors.LocalProtocolError, match="16777217"):
                await websocket.send(message)
        await websocket.send("still open")
        assert await websocket.__anext__() == "still open"
