"""The other end of a conformance case: what it sends and accepts, and a reader of its own for what the client says.

The reader follows RFC 6455, section 5.2, and shares nothing with the code under test but the names of the frames.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

import anyio
from anyio.abc import ByteStream

from deepgram_anyio import errors
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Ping, Pong, Text
from deepgram_anyio.transport.framing import Framing
from deepgram_anyio.transport.settings import Limits, Timeouts
from deepgram_anyio.transport.websocket import open_websocket

from ..peers import ServerEnd, serving, wire

__all__ = [
    "BINARY",
    "BYE",
    "CLOSE",
    "CONTINUATION",
    "PING",
    "PONG",
    "TEXT",
    "Case",
    "Reader",
    "broken",
    "close_wire",
    "fragmented",
    "judge",
    "polite",
    "run_loopback",
    "run_without_io",
]

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAX_MESSAGE_BYTES = 1 << 20


class Case(NamedTuple):
    """What the peer sends, and what has to come of it."""

    id: str
    """The number in the Autobahn suite."""
    title: str
    writes: Sequence[bytes]
    """What the peer sends, each in a write of its own."""
    answers: Sequence[Frame] = ()
    """What the client has to send: pongs and echoes, in this order."""
    code: int = 1000
    """With what the client has to close; 1005 for no status."""
    polite: bool = True
    """Whether the peer waits for the answers and closes with 1000, or its bytes themselves end the connection."""
    strict: bool = True
    """Whether every answer must come; when not ("non-strict"), the close may overtake the last of them."""

    @property
    def messages(self) -> list[str | bytes | memoryview]:
        """What the application has to see, in any case."""
        return [frame.data for frame in self.answers if isinstance(frame, (Text, Binary))]


def close_wire(code: int, reason: bytes = b"") -> bytes:
    """The bytes of a close frame, right or wrong."""
    return wire(CLOSE, code.to_bytes(2, "big") + reason)


BYE = close_wire(1000)


def fragmented(opcode: int, payload: bytes, size: int) -> list[bytes]:
    """A message in frames of so many bytes."""
    cuts = [*range(0, max(1, len(payload)), size), len(payload)]
    pieces = [payload[start:stop] for start, stop in pairwise(cuts)]
    last = len(pieces) - 1
    return [wire(CONTINUATION if index else opcode, piece, fin=index == last) for index, piece in enumerate(pieces)]


def polite(number: str, title: str, *sent: bytes, answers: Sequence[Frame] = (), step: int = 0) -> Case:
    """A case that is legal; `step` chops what is sent into writes of so many bytes."""
    data = b"".join(sent)
    writes = [data[start : start + step] for start in range(0, len(data), step)] if step else list(sent)
    return Case(number, title, writes, answers)


def broken(
    number: str, title: str, *sent: bytes, code: int = 1002, answers: Sequence[Frame] = (), strict: bool = True
) -> Case:
    """A case whose bytes end the connection, in good order or not."""
    return Case(number, title, sent, answers, code, polite=False, strict=strict)


class Reader:
    """Reads what a client sends, and fails when it is not what a client may send.

    Attributes:
        frames: what came, in order.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self._data = bytearray()
        self._parser = self._parse()
        self._wanted = next(self._parser)

    @property
    def answers(self) -> list[Frame]:
        return [frame for frame in self.frames if not isinstance(frame, Close)]

    @property
    def close(self) -> Close | None:
        return next((frame for frame in self.frames if isinstance(frame, Close)), None)

    def feed(self, data: bytes) -> None:
        self._data += data
        while len(self._data) >= self._wanted:
            taken = bytes(self._data[: self._wanted])
            del self._data[: self._wanted]
            self._wanted = self._parser.send(taken)

    def _parse(self) -> Generator[int, bytes, None]:
        """Yield how many bytes are wanted next; take them."""
        while True:
            first, second = yield 2
            assert self.close is None, "a frame after the close frame"
            assert first & 0x80, "a fragment"
            assert not first & 0x70, "a reserved bit"
            assert second & 0x80, "not masked"
            length = second & 0x7F
            if length > 125:
                assert first & 0x0F < 8, "a control frame that is too long"
                length = int.from_bytes((yield 2 if length == 126 else 8), "big")
            mask = yield 4
            payload = (yield length) if length else b""
            self.frames.append(_frame(first & 0x0F, _unmasked(mask, payload)))


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    plain = bytearray(len(payload))
    for lane, key in enumerate(mask):
        plain[lane::4] = payload[lane::4].translate(bytes(byte ^ key for byte in range(256)))
    return bytes(plain)


def _frame(opcode: int, payload: bytes) -> Frame:
    if opcode == CLOSE:
        return Close(int.from_bytes(payload[:2], "big"), payload[2:].decode()) if payload else Close(1005)
    if opcode == TEXT:
        return Text(payload.decode())
    assert opcode in {BINARY, PING, PONG}
    return Ping(payload) if opcode == PING else Pong(payload) if opcode == PONG else Binary(payload)


def judge(case: Case, messages: Sequence[str | bytes | memoryview], reader: Reader) -> None:
    """Fail when the client did not do what the case asks for."""
    assert list(messages) == case.messages
    expected = list(case.answers)
    assert reader.answers == (expected if case.strict else expected[: len(reader.answers)])
    assert reader.close is not None
    assert reader.close.code == case.code


def run_without_io(case: Case, reads: Iterable[bytes], *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
    """Let an application without a socket echo what it reads, and judge it."""
    framing = Framing(client=True, max_message_bytes=max_message_bytes)
    reader = Reader()
    messages: list[str | bytes | memoryview] = []
    for read in [*reads, BYE] if case.polite else reads:
        frames = framing.receive(read)
        reader.feed(framing.take_replies())
        for frame in frames:
            if isinstance(frame, (Text, Binary)):
                messages.append(frame.data)
                if not framing.closing:
                    reader.feed(framing.encode([frame]))
    judge(case, messages, reader)


async def run_loopback(case: Case, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
    """Let the client echo what a peer on loopback sends, until the connection ends, and judge it."""
    reader = Reader()

    async def handle(stream: ByteStream) -> None:
        await ServerEnd.accept(stream)
        answered = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_send, stream, case, answered)
            while reader.close is None:
                reader.feed(await stream.receive())
                if len(reader.answers) == len(case.answers):
                    answered.set()
            tasks.cancel_scope.cancel()

    async with serving(handle) as peer:
        with anyio.fail_after(30):
            messages = await _echo(peer.url, max_message_bytes)
            await peer.all_closed(accepted=1)
    judge(case, messages, reader)


async def _send(stream: ByteStream, case: Case, answered: anyio.Event) -> None:
    for write in case.writes:
        await stream.send(write)
    if case.polite:
        if case.answers:
            await answered.wait()
        await stream.send(BYE)


async def _echo(url: str, max_message_bytes: int) -> list[str | bytes]:
    limits, timeouts = Limits(max_message_bytes=max_message_bytes), Timeouts(close_s=0.5)
    received: list[str | bytes] = []
    async with open_websocket(url, proxy="", limits=limits, timeouts=timeouts) as websocket:
        with suppress(errors.RemoteProtocolError, errors.ConnectionClosed):
            async for message in websocket:
                received.append(message)
                # The peer may have closed in the same breath, and the close is answered first.
                with suppress(errors.ConnectionClosed):
                    await websocket.send(message)
    return received
