"""RFC 6455, case by case, against a raw peer on loopback: the client echoes, the peer watches the wire.

The cases are grouped as in the Autobahn test suite, which is the field's measure: 1 framing, 2 pings and pongs,
3 reserved bits, 4 opcodes, 5 fragmentation, 6 UTF-8, 7 closing, 9 limits, 10 everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

import anyio
import pytest
from anyio.abc import ByteStream

from deepgram_anyio import errors
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Pong, Text
from deepgram_anyio.transport.framing import Framing
from deepgram_anyio.transport.settings import Limits, Timeouts
from deepgram_anyio.transport.websocket import open_websocket

from .peers import ServerEnd, serving, wire

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KOSME = "Hello-µ@ßöäüàá-UTF-8!!"


class Case(NamedTuple):
    """What the peer sends, and what has to come of it."""

    sent: bytes
    messages: Sequence[str | bytes] = ()
    """What the client has to see."""
    pong: bytes | None = None
    """What the client has to answer to the last ping."""
    code: int = 1000
    """With what the client has to close."""
    polite: bool = True
    """Whether the peer waits for the echoes and the pong, and then closes with 1000."""
    step: int = 0
    """When not 0, the peer sends in writes of so many bytes."""


def close_wire(code: int, reason: bytes = b"") -> bytes:
    return wire(CLOSE, code.to_bytes(2, "big") + reason)


def echoed(message: str | bytes, step: int = 0) -> Case:
    sent = wire(TEXT, message.encode()) if isinstance(message, str) else wire(BINARY, message)
    return Case(sent, [message], step=step)


def closing(sent: bytes, code: int = 1000, *messages: str) -> Case:
    """The bytes themselves close or break the connection, and what comes after is not seen."""
    return Case(sent + wire(TEXT, b"not to be seen"), messages, code=code, polite=False)


BYE = close_wire(1000)


def fragmented(opcode: int, payload: bytes, size: int) -> bytes:
    cuts = [*range(0, max(1, len(payload)), size), len(payload)]
    pieces = [payload[start:stop] for start, stop in pairwise(cuts)]
    last = len(pieces) - 1
    return b"".join(
        wire(CONTINUATION if index else opcode, piece, fin=index == last) for index, piece in enumerate(pieces)
    )


CASES: dict[str, Case] = {}

# 1: framing
for size in (0, 125, 126, 127, 128, 65535, 65536):
    CASES[f"1.1 text of {size}"] = echoed("*" * size)
    CASES[f"1.2 binary of {size}"] = echoed(b"\xfe" * size)
CASES["1.1.8 text in chops"] = echoed("*" * 65536, step=997)
CASES["1.2.8 binary in chops"] = echoed(b"\xfe" * 65536, step=997)

# 2: pings and pongs
CASES["2.1 empty ping"] = Case(wire(PING), pong=b"")
CASES["2.2 ping with text"] = Case(wire(PING, b"Hello, world!"), pong=b"Hello, world!")
CASES["2.3 ping with bytes"] = Case(wire(PING, b"\x00\xff\xfe\xfd"), pong=b"\x00\xff\xfe\xfd")
CASES["2.4 longest ping"] = Case(wire(PING, b"\xfe" * 125), pong=b"\xfe" * 125)
CASES["2.5 ping that is too long"] = closing(wire(PING, b"\xfe" * 126), 1002)
CASES["2.6 ping byte by byte"] = Case(wire(PING, b"\xfe" * 20), pong=b"\xfe" * 20, step=1)
CASES["2.7 unasked empty pong"] = Case(wire(PONG))
CASES["2.8 unasked pong"] = Case(wire(PONG, b"unsolicited"))
CASES["2.9 unasked pong, then ping"] = Case(wire(PONG, b"unsolicited") + wire(PING, b"x"), pong=b"x")
CASES["2.10 ten pings"] = Case(b"".join(wire(PING, b"%d" % number) for number in range(10)), pong=b"9")

# 3: reserved bits
for rsv in range(1, 8):
    CASES[f"3 reserved bits {rsv}"] = closing(wire(TEXT, b"Hello", rsv=rsv), 1002)
CASES["3.2 reserved bit after a message"] = closing(wire(TEXT, b"ok") + wire(TEXT, b"x", rsv=2), 1002, "ok")
CASES["3.5 reserved bit of a ping"] = closing(wire(PING, b"x", rsv=4), 1002)
CASES["3.6 reserved bit of a close"] = closing(wire(CLOSE, rsv=1), 1002)

# 4: opcodes
for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    CASES[f"4 opcode {opcode}"] = closing(wire(TEXT, b"ok") + wire(opcode, b"x"), 1002, "ok")

# 5: fragmentation
ONE, TWO = wire(TEXT, b"frag", fin=False), wire(CONTINUATION, b"ment")
CASES["5.1 fragmented ping"] = closing(wire(PING, b"x", fin=False) + wire(CONTINUATION, b"y"), 1002)
CASES["5.2 fragmented pong"] = closing(wire(PONG, b"x", fin=False) + wire(CONTINUATION, b"y"), 1002)
CASES["5.3 two fragments"] = Case(ONE + TWO, ["fragment"])
CASES["5.5 two fragments byte by byte"] = Case(ONE + TWO, ["fragment"], step=1)
CASES["5.6 ping between fragments"] = Case(ONE + wire(PING, b"p") + TWO, ["fragment"], pong=b"p")
CASES["5.9 continuation of nothing"] = closing(wire(CONTINUATION, b"x"), 1002)
CASES["5.10 continuation after a message"] = closing(wire(TEXT, b"ok") + wire(CONTINUATION, b"x"), 1002, "ok")
CASES["5.12 unfinished continuation of nothing"] = closing(wire(CONTINUATION, b"x", fin=False), 1002)
CASES["5.15 continuation after a fragmented message"] = closing(ONE + TWO + TWO, 1002, "fragment")
CASES["5.18 message inside a message"] = closing(ONE + wire(TEXT, b"x"), 1002)
CASES["5.19 pings among many fragments"] = Case(
    ONE + wire(PING, b"1") + wire(CONTINUATION, b"-", fin=False) + wire(PING, b"2") + TWO, ["frag-ment"], pong=b"2"
)

# 6: UTF-8; more of it below, without a socket
CASES["6.1 empty fragments"] = Case(
    wire(TEXT, fin=False) + wire(CONTINUATION, b"middle", fin=False) + wire(CONTINUATION), ["middle"]
)
CASES["6.2 fragments of one byte"] = Case(fragmented(TEXT, KOSME.encode(), 1), [KOSME])
CASES["6.3 broken text"] = closing(wire(TEXT, KOSME.encode()[:7]), 1007)
CASES["6.4 broken text in fragments"] = closing(
    wire(TEXT, "κόσμε".encode(), fin=False) + wire(CONTINUATION, b"\xf4\x90\x80\x80edited"), 1007
)

# 7: closing
CASES["7.1.2 second close"] = closing(BYE + close_wire(1001))
CASES["7.1.3 ping after close"] = closing(BYE + wire(PING, b"x"))
CASES["7.1.4 text after close"] = closing(BYE + wire(TEXT, b"x"))
CASES["7.1.5 close inside a message"] = closing(ONE + BYE + TWO)
CASES["7.1.6 long message, close, ping"] = closing(wire(TEXT, b"A" * 262144) + BYE + wire(PING), 1000, "A" * 262144)
CASES["7.3.1 close without status"] = closing(wire(CLOSE), 1005)
CASES["7.3.2 close with half a status"] = closing(wire(CLOSE, b"a"), 1002)
CASES["7.3.4 close with a reason"] = closing(close_wire(1000, b"Hello World!"))
CASES["7.3.5 close with the longest reason"] = closing(close_wire(1000, b"*" * 123))
CASES["7.3.6 close that is too long"] = closing(close_wire(1000, b"*" * 124), 1002)
CASES["7.5.1 reason that is no UTF-8"] = closing(close_wire(1000, "κόσμε".encode() + b"\xed\xa0\x80"), 1007)
for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
    CASES[f"7.7 close code {code}"] = closing(close_wire(code), code)
for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
    CASES[f"7.9 close code {code}"] = closing(close_wire(code), 1002)

# 9 and 10: limits; larger ones below, without a socket
CASES["9.1 text of 1 MiB"] = echoed("*" * (1 << 20))
CASES["9.1 text above the limit"] = closing(wire(TEXT, b"*" * ((1 << 20) + 1)), 1009)
CASES["9.3 text of 256 KiB in fragments of 256"] = Case(fragmented(TEXT, b"*" * (1 << 18), 256), ["*" * (1 << 18)])
CASES["9.5 binary of 256 KiB in chops of 1024"] = echoed(b"\xfe" * (1 << 18), step=1024)
CASES["10.1 64 KiB in fragments of 1300"] = Case(fragmented(TEXT, b"*" * 65536, 1300), ["*" * 65536])


class Watcher:
    """The peer: sends a case, and keeps what the client sends until it closes."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._answered = anyio.Event()
        self._expected = set() if case.pong is None else {Pong(case.pong)}
        self.seen: list[Frame] = []

    async def __call__(self, stream: ByteStream) -> None:
        await ServerEnd.accept(stream)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._send, stream)
            framing = Framing(client=False, max_message_bytes=1 << 24)
            while framing.end is None:
                self.seen += framing.receive(await stream.receive())
                if len(self.echoes) == len(self._case.messages) and self._expected <= {*self.pongs[-1:]}:
                    self._answered.set()
            tasks.cancel_scope.cancel()

    async def _send(self, stream: ByteStream) -> None:
        step = self._case.step or len(self._case.sent)
        for start in range(0, len(self._case.sent), step):
            await stream.send(self._case.sent[start : start + step])
        if self._case.polite:
            if self._case.messages or self._expected:
                await self._answered.wait()
            await stream.send(BYE)

    @property
    def pongs(self) -> list[Frame]:
        return [frame for frame in self.seen if isinstance(frame, Pong)]

    @property
    def echoes(self) -> list[str | bytes | memoryview]:
        return [frame.data for frame in self.seen if isinstance(frame, (Text, Binary))]


async def run_client(url: str) -> list[str | bytes]:
    """Echo until the connection ends, and return the messages that came."""
    limits, timeouts = Limits(max_message_bytes=1 << 20), Timeouts(close_s=0.5)
    received: list[str | bytes] = []
    async with open_websocket(url, proxy="", limits=limits, timeouts=timeouts) as websocket:
        with suppress(errors.RemoteProtocolError, errors.ConnectionClosed):
            async for message in websocket:
                received.append(message)
                # The peer may have closed in the same breath, and the close is answered first.
                with suppress(errors.ConnectionClosed):
                    await websocket.send(message)
    return received


@pytest.mark.anyio
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_case(case: Case) -> None:
    watcher = Watcher(case)
    async with serving(watcher) as peer:
        with anyio.fail_after(10):
            assert await run_client(peer.url) == list(case.messages)
            await peer.all_closed(accepted=1)
    close = watcher.seen[-1]
    assert isinstance(close, Close)
    assert close.code == case.code
    if case.polite:
        assert watcher.echoes == list(case.messages)
        assert watcher.pongs[-1:] == ([] if case.pong is None else [Pong(case.pong)])


VALID_UTF_8 = [
    "κόσμε".encode(),
    b"",
    *(chr(point).encode() for point in (0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF)),
    *(chr(point).encode() for point in (0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0x1FFFE, 0x10FFFE)),
]
INVALID_UTF_8 = [
    "κόσμε".encode() + b"\xed\xa0\x80edited",
    # too long, or beyond Unicode
    b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf",
    b"\xfb\xbf\xbf\xbf\xbf",
    b"\xf4\x90\x80\x80",
    # continuation bytes out of place
    *(b"\x80" * count for count in range(1, 8)),
    b"\xbf",
    bytes(range(0x80, 0xC0)),
    # beginnings without continuation
    *(bytes([byte, 0x20]) for byte in range(0xC0, 0xFE)),
    b"\xc0",
    b"\xe0\x80",
    b"\xf0\x80\x80",
    b"\xdf",
    b"\xef\xbf",
    b"\xf7\xbf\xbf",
    # impossible bytes
    b"\xfe",
    b"\xff",
    b"\xfe\xfe\xff\xff",
    # longer than needed
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xc1\xbf",
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
    # surrogates
    *(b"\xed%c\x80" % byte for byte in (0xA0, 0xAD, 0xAE, 0xAF, 0xB0, 0xBE, 0xBF)),
    b"\xed\xa0\x80\xed\xb0\x80",
]


@pytest.mark.parametrize("size", [1, 2, 1000], ids="in fragments of {}".format)
def test_utf_8(size: int) -> None:
    for text in VALID_UTF_8:
        framing = Framing(client=True, max_message_bytes=1000)
        assert framing.receive(fragmented(TEXT, text, size)) == [Text(text.decode())]
    for text in INVALID_UTF_8:
        framing = Framing(client=True, max_message_bytes=1000)
        (close,) = framing.receive(fragmented(TEXT, text, size))
        assert isinstance(close, Close)
        assert close.code == 1007


@pytest.mark.parametrize(
    ("length", "size"),
    [(1 << 24, 1 << 24), (1 << 24, 1 << 20), (1 << 24, 1 << 16), (1 << 22, 1 << 12), (1 << 20, 1 << 8), (1 << 18, 64)],
)
def test_large_messages_in_reads_of_64_kib(length: int, size: int) -> None:
    payload = bytes(range(256)) * (length // 256)
    sent = fragmented(BINARY, payload, size)
    framing = Framing(client=True, max_message_bytes=length)
    frames: list[Frame] = []
    for start in range(0, len(sent), 1 << 16):
        frames += framing.receive(sent[start : start + (1 << 16)])
    assert frames == [Binary(payload)]
