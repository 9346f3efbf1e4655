"""Peers that send without end, or what nobody may send: a typed error, soon, and little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import ByteStream
from wsproto.events import CloseConnection, Pong, TextMessage

from deepgram_anyio import errors
from deepgram_anyio.protocol.frames import Frame, Ping
from deepgram_anyio.transport.framing import Framing
from deepgram_anyio.transport.settings import Limits, Timeouts
from deepgram_anyio.transport.websocket import WebSocket, open_websocket

from .peers import ServerEnd, connected, read_head, serving, wire

pytestmark = pytest.mark.anyio

CONTINUATION, TEXT, BINARY, PING, PONG = 0, 1, 2, 9, 10
MIB = 1 << 20
BRISK = Timeouts(close_s=0.1)
# What a connection may take beside the message that it puts together: buffers of the event loops, and of the peer.
SLACK_BYTES = 3 * MIB


@contextmanager
def memory_of_at_most(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


class Endless:
    """A peer that switches to WebSocket, or does not, and then sends the same piece until the client lets go."""

    def __init__(self, start: bytes, piece: bytes, *, switch: bool = True) -> None:
        self._start = start
        self._piece = piece
        self._switch = switch

    async def __call__(self, stream: ByteStream) -> None:
        await (ServerEnd.accept(stream) if self._switch else read_head(stream))
        with suppress(anyio.BrokenResourceError):
            await stream.send(self._start)
            while True:
                await stream.send(self._piece)


BROKEN = {
    "empty fragments": (wire(TEXT, fin=False), wire(CONTINUATION, fin=False) * 500, "empty fragments"),
    "fragments": (wire(BINARY, fin=False), wire(CONTINUATION, bytes(60_000), fin=False), "longer than"),
    "small fragments": (wire(TEXT, fin=False), wire(CONTINUATION, b"x" * 900, fin=False) * 60, "longer than"),
    "frame of 2**62 bytes": (wire(BINARY, declared=1 << 62), bytes(60_000), "longer than"),
    "frame of 2**63 - 1 bytes": (wire(TEXT, declared=(1 << 63) - 1), b"x" * 60_000, "longer than"),
    "frame of 2**63 bytes": (wire(BINARY, declared=1 << 63), bytes(60_000), "MSB"),
    "masked frames": (b"", wire(BINARY, bytes(1000), mask=b"abcd"), "masked"),
    "compressed frames": (b"", wire(BINARY, bytes(60_000), rsv=4), "Reserved bit"),
    "long pings": (b"", wire(PING, bytes(60_000)), "Control frame"),
}


@pytest.mark.parametrize(("start", "piece", "reason"), BROKEN.values(), ids=BROKEN.keys())
async def test_what_nobody_may_send(start: bytes, piece: bytes, reason: str) -> None:
    limits = Limits(max_message_bytes=MIB)
    async with serving(Endless(start, piece)) as peer:
        with memory_of_at_most(3 * MIB + SLACK_BYTES), anyio.fail_after(20):
            with pytest.raises(errors.RemoteProtocolError, match=reason):
                async with open_websocket(peer.url, limits=limits, timeouts=BRISK) as websocket:
                    await websocket.__anext__()
            await peer.all_closed(accepted=1)


ANSWERS: dict[str, tuple[bytes, bytes, type[Exception]]] = {
    "header line": (b"HTTP/1.1 101 Switching Protocols\r\nX-Long: ", b"x" * 60_000, errors.ConnectError),
    "headers": (b"HTTP/1.1 101 Switching Protocols\r\n", b"X-Many: header\r\n" * 1000, errors.ConnectError),
    "status line": (b"HTTP/1.1 101 ", b"x" * 60_000, errors.ConnectError),
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100, errors.ConnectError),
    "body": (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 60_000, errors.BadRequestError),
    "body of 100 MB": (b"HTTP/1.1 400 No\r\nContent-Length: 100000000\r\n\r\n", bytes(60_000), errors.BadRequestError),
    "tiny chunks": (
        b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n" * 1000,
        errors.BadRequestError,
    ),
    "chunk extension": (
        b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n4;",
        b"x" * 60_000,
        errors.BadRequestError,
    ),
    "trailers": (
        b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X-Many: trailer\r\n" * 1000,
        errors.BadRequestError,
    ),
}


@pytest.mark.parametrize(("start", "piece", "error"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_answers_to_the_handshake_without_end(start: bytes, piece: bytes, error: type[Exception]) -> None:
    async with serving(Endless(start, piece, switch=False)) as peer:
        with memory_of_at_most(SLACK_BYTES), anyio.fail_after(20):
            with pytest.raises(error) as caught:
                async with open_websocket(peer.url, timeouts=BRISK):
                    raise AssertionError("it was accepted")
            await peer.all_closed(accepted=1)
    if isinstance(caught.value, errors.ApiError):
        assert len(caught.value.body) <= 64 * 1024
    assert "query-secret" not in str(caught.value)


async def test_a_flood_of_pongs_is_passed_over() -> None:
    async def flood(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        for _ in range(10):
            await end.send_raw(wire(PONG, b"unasked") * 500)
        await end.send(TextMessage("at last"))
        await end.finish()

    with memory_of_at_most(SLACK_BYTES):
        async with connected(flood) as (websocket, _):
            assert await websocket.__anext__() == "at last"


async def test_a_flood_of_pings_is_answered_in_part() -> None:
    pongs: list[bytes] = []

    async def flood(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        for thousand in range(0, 10_000, 1000):
            await end.send_raw(b"".join(wire(PING, b"%d" % number) for number in range(thousand, thousand + 1000)))
        await end.send(TextMessage("at last"))
        async for event in end:
            if isinstance(event, Pong):
                pongs.append(bytes(event.payload))
            elif isinstance(event, CloseConnection):
                await end.send(event.response())
                return

    async with connected(flood) as (websocket, peer):
        assert await websocket.__anext__() == "at last"
        await websocket.close()
        await peer.all_closed(accepted=1)
    assert pongs[-1] == b"9999"
    assert len(pongs) < 2500


class Flood(ByteStream):
    """A network on which pings come without end, and that takes nothing."""

    def __init__(self) -> None:
        self.received = 0

    async def receive(self, max_bytes: int = 65536) -> bytes:
        await anyio.lowlevel.checkpoint()
        self.received += 1
        return wire(PING, bytes(125)) * 500

    async def send(self, item: bytes) -> None:
        await anyio.sleep_forever()

    async def send_eof(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()


async def test_pings_of_a_peer_that_reads_nothing() -> None:
    stream = Flood()
    framing = Framing(client=True, max_message_bytes=MIB)
    websocket = WebSocket(stream, framing, response_headers={}, timeouts=Timeouts(send_s=0.05))
    with anyio.fail_after(5), pytest.raises(errors.TimeoutError):
        while True:
            await websocket.receive_batch()
    assert stream.received == 1
    await websocket.abort()


async def test_pings_while_a_sender_is_blocked() -> None:
    stream = Flood()
    framing = Framing(client=True, max_message_bytes=MIB)
    websocket = WebSocket(stream, framing, response_headers={}, timeouts=Timeouts(send_s=None))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(websocket.send, "blocked")
        await anyio.wait_all_tasks_blocked()
        frames: list[Frame] = []
        for _ in range(20):
            frames = await websocket.receive_batch()
        tasks.cancel_scope.cancel()
    assert frames == [Ping(bytes(125))] * 500
    assert len(framing.take_replies()) == 16 * (2 + 4 + 125)
    await websocket.abort()
