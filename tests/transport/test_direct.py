"""What is written at once, past the stream, arrives whole and in order: with TLS, and when there is no room, too."""

from __future__ import annotations

import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest
import trustme
from anyio.abc import ByteStream, SocketStream

from deepgram_anyio.protocol.frames import Binary, Close, Frame
from deepgram_anyio.transport.dial import dial
from deepgram_anyio.transport.direct import Line, direct_writer, line_below_tls
from deepgram_anyio.transport.framing import Framing
from deepgram_anyio.transport.settings import Timeouts
from deepgram_anyio.transport.websocket import WebSocket

from .peers import server_tls, serving

pytestmark = pytest.mark.anyio

MAX_BYTES = 100_000


@pytest.fixture(autouse=True)
def lanes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPGRAM_ANYIO_LANES", raising=False)


class Sink:
    """A peer that keeps what it reads, until the end or a Close frame; it begins when it is told to."""

    def __init__(self) -> None:
        self.read = anyio.Event()
        self.frames: list[Frame] = []

    async def __call__(self, stream: ByteStream) -> None:
        framing = Framing(client=False, max_message_bytes=MAX_BYTES)
        await self.read.wait()
        while framing.end is None:
            self.frames += framing.receive(await stream.receive())


class Connected:
    """A WebSocket's client end, past its handshake, whose peer is a sink."""

    def __init__(self, socket: WebSocket, stream: ByteStream, sink: Sink) -> None:
        self.socket = socket
        self.stream = stream
        self.sink = sink


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return server_tls(trustme.CA(), "127.0.0.1")


@asynccontextmanager
async def connected(tls: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> AsyncIterator[Connected]:
    """Connect, and at the end close, and wait until the peer has read everything."""
    sink = Sink()
    async with serving(sink, ssl_context=tls[0] if tls else None) as peer:
        scheme = "wss" if tls else "ws"
        stream = await dial(f"{scheme}://127.0.0.1:{peer.port}", ssl_context=tls[1] if tls else None, proxy="")
        framing = Framing(client=True, max_message_bytes=MAX_BYTES)
        socket = WebSocket(stream, framing, response_headers={}, timeouts=Timeouts())
        yield Connected(socket, stream, sink)
        sink.read.set()
        await socket.send_batch([Close(1000)])
        await peer.all_closed(accepted=1)
        await stream.aclose()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_an_idle_line_is_written_to_at_once_and_a_full_one_is_not(
    secure: bool, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    frames = [Binary(bytes([number % 256]) * 50_000) for number in range(2000)]
    async with connected(contexts if secure else None) as line:
        sent = 0
        while line.socket.send_at_once(frames[sent]):
            sent += 1
        assert 0 < sent < len(frames)
        assert not line.socket.send_at_once(Binary(b"no room"))
        line.sink.read.set()
        await line.socket.send_batch(frames[sent : sent + 3])
        assert not line.socket.unfinished
    assert line.sink.frames == [*frames[: sent + 3], Close(1000)]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_whatever_way_frames_are_sent_they_arrive_in_order(
    secure: bool, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    chance = random.Random(7)
    expected: list[Frame] = []
    async with connected(contexts if secure else None) as line:
        line.sink.read.set()

        async def write_many(*frames: Frame) -> None:
            expected.extend(frames)
            await line.socket.send_batch(frames)

        for number in range(300):
            frame = Binary(number.to_bytes(2, "big") * chance.choice([1, 300, 20_000]))
            if chance.random() < 0.6 and line.socket.send_at_once(frame):
                expected.append(frame)
                continue
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write_many, frame, Binary(b"more"))
                await anyio.lowlevel.checkpoint()
                late = Binary(b"late %d" % number)
                if line.socket.send_at_once(late):  # never in the middle of what is under way
                    expected.append(late)
    assert line.sink.frames == [*expected, Close(1000)]


async def test_what_takes_more_than_one_write_is_not_written_at_once() -> None:
    async with connected(None) as line:
        for data in (bytes(64 * 1024 + 1), bytes(MAX_BYTES + 1), memoryview(b"a buffer that may change")):
            assert not line.socket.send_at_once(Binary(data))
        assert line.socket.send_at_once(Binary(bytes(64 * 1024)))
    assert line.sink.frames == [Binary(bytes(64 * 1024)), Close(1000)]


async def test_an_empty_send_finishes_what_a_full_line_held_back(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], anyio_backend_name: str
) -> None:
    if anyio_backend_name != "trio":
        pytest.skip("asyncio's transports hold nothing back")
    for tls in (None, contexts):
        async with connected(tls) as line:
            sent = []
            while not line.socket.unfinished:
                sent.append(Binary(bytes(50_000)))
                assert line.socket.send_at_once(sent[-1])
            line.sink.read.set()
            await line.socket.send_batch([])
            assert not line.socket.unfinished
        assert line.sink.frames == [*sent, Close(1000)]


async def test_nothing_is_written_to_a_socket_that_is_closed() -> None:
    async with serving(Sink()) as peer:
        stream = await anyio.connect_tcp("127.0.0.1", peer.port)
        direct = direct_writer(stream)
        assert direct is not None
        assert direct.ready
        direct.write(b"to somebody")
        await anyio.aclose_forcefully(stream)
        await anyio.lowlevel.checkpoint()
        if direct.ready:  # trio's sockets tell when they are used
            direct.write(b"to nobody")
            with pytest.raises(anyio.ClosedResourceError):
                await direct.finish()


async def test_after_a_write_that_was_cut_short_nothing_is_written_at_once(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    for tls in (None, contexts):
        async with connected_rudely(tls) as socket:
            with anyio.move_on_after(0.05) as scope:
                await socket.send_batch([Binary(bytes(100_000))] * 500)
            assert scope.cancelled_caught
            assert not socket.send_at_once(Binary(b"behind half a frame"))
            assert not socket.unfinished


@asynccontextmanager
async def connected_rudely(tls: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> AsyncIterator[WebSocket]:
    """Connect to a peer that reads nothing, and close at once in the end."""
    sink = Sink()
    async with serving(sink, ssl_context=tls[0] if tls else None) as peer:
        scheme = "wss" if tls else "ws"
        stream = await dial(f"{scheme}://127.0.0.1:{peer.port}", ssl_context=tls[1] if tls else None, proxy="")
        socket = WebSocket(
            stream, Framing(client=True, max_message_bytes=MAX_BYTES), response_headers={}, timeouts=Timeouts()
        )
        yield socket
        await socket.abort()
        sink.read.set()


class Slow(SocketStream):
    """A stream whose sends wait until they are let through, one by one."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.gate = anyio.Semaphore(0)

    async def send(self, item: bytes) -> None:
        await self.gate.acquire()
        self.sent.append(item)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        raise anyio.EndOfStream

    async def send_eof(self) -> None: ...
    async def aclose(self) -> None: ...

    @property
    def _raw_socket(self) -> None: ...  # type: ignore[override]


class Kept:
    """A direct writer that keeps all but the first byte of what it takes."""

    def __init__(self, stream: Slow) -> None:
        self.rest = b""
        self.stream = stream

    ready = True

    def write(self, data: bytes) -> None:
        self.stream.sent.append(data[:1])
        self.rest = data[1:]

    @property
    def held(self) -> bool:
        return bool(self.rest)

    async def finish(self) -> None:
        rest, self.rest = self.rest, b""
        await self.stream.send(rest)


async def test_a_line_sends_in_the_order_of_the_calls_and_what_was_held_before() -> None:
    stream = Slow()
    direct = Kept(stream)
    line = Line(stream, direct)
    assert not line.busy
    direct.write(b"held")
    async with anyio.create_task_group() as tasks:
        for text in (b"one", b"two", b"three"):
            tasks.start_soon(line.send, text)
            await anyio.wait_all_tasks_blocked()
            assert line.busy
        for _ in range(4):
            stream.gate.release()
    assert stream.sent == [b"h", b"eld", b"one", b"two", b"three"]
    assert not line.busy


async def test_only_what_can_be_written_past_gets_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Sink()) as peer, await anyio.connect_tcp("127.0.0.1", peer.port) as stream:
        line = line_below_tls(stream)
        assert isinstance(line, Line)
        assert line_below_tls(line) is line  # TLS within TLS: as it is
        monkeypatch.setenv("DEEPGRAM_ANYIO_LANES", "off")
        assert line_below_tls(stream) is stream
        assert direct_writer(stream) is None
