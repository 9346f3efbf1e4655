"""A WebSocket client connection over anyio streams: messages in batches, deadlines, and an end that always comes."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.abc import ByteStream

from ..errors import ConnectionClosed, LocalProtocolError, TransportError
from ..errors import TimeoutError as DeadlineError
from ..protocol.frames import Binary, Close, Frame, Text
from .dial import close_at_once, closed_on_failure, dial, receive_head, receive_more
from .direct import direct_writer
from .framing import Framing
from .handshake import ClientHandshake, Exchange
from .headers import HeaderSource
from .mapping import mapped
from .masking import masked_frame
from .settings import Limits, Timeouts
from .urls import WebSocketUrl

__all__ = ["WebSocket", "connect_websocket", "open_websocket"]

_READ_BYTES = 128 * 1024
_WRITE_BYTES = 64 * 1024


class WebSocket:
    """An open connection; `open_websocket` and `connect_websocket` make it.

    One task may receive at a time, any number may send. Pings are answered while somebody receives. Read either with
    `receive_batch` or by iteration, not both.

    Attributes:
        response_headers: headers of the handshake's answer, with lower-case names.
    """

    def __init__(
        self, stream: ByteStream, framing: Framing, *, response_headers: Mapping[str, str], timeouts: Timeouts
    ) -> None:
        self.response_headers = response_headers
        self._stream = stream
        self._framing = framing
        self._timeouts = timeouts
        self._decoded = framing.receive_trailing()  # and not handed out yet
        self._messages: Iterator[str | bytes] = iter(())  # likewise, for iteration
        self._ended = False  # the last Close frame was handed out
        self._broken: Exception | None = None  # how reading failed, below WebSocket
        self._unwritable = ""  # why nothing can be written any more
        self._direct = direct_writer(stream)  # None, too, whenever nothing may be written past the stream
        self._most_at_once = min(framing.max_message_bytes, _WRITE_BYTES)
        self._write_lock = anyio.Lock(fast_acquire=True)
        self._receiving = False
        self._reader_left: anyio.Event | None = None  # somebody who closes waits for the task that receives
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether this side has closed the socket."""
        return self._closed

    @property
    def failure(self) -> Exception | None:
        """How the connection broke: the peer's breach of the protocol, or what the network reported; else None."""
        return self._framing.failure or self._broken

    async def receive_batch(self) -> list[Frame]:
        """Wait for messages and control frames, and return all that one network read completed.

        The end of the connection, in whichever way, is a `Close` frame, which is the last frame. Pings have been
        answered, and the peer's close echoed, unless a sender is writing: it then sends the answers after its own.

        Returns:
            At least one frame.

        Raises:
            ConnectionClosed: the last frame was returned before.
            TimeoutError: the peer takes no answers to its pings.
            LocalProtocolError: another task is receiving.

        Cancelled, it loses nothing; cancelled in the middle of writing an answer, it leaves a connection that cannot
        send any more.
        """
        if self._receiving:
            raise LocalProtocolError("another task is receiving from this connection")
        self._receiving = True
        try:
            return await self._next_batch()
        finally:
            self._receiving = False
            if self._reader_left is not None:
                self._reader_left.set()

    async def _next_batch(self) -> list[Frame]:
        if self._ended:
            raise self._end_error() from self.failure
        while not self._decoded:
            self._decoded = self._framing.receive(await self._read())
        await self._send_replies()
        frames, self._decoded = self._decoded, []
        if isinstance(frames[-1], Close):
            self._ended, self._direct = True, None
        return frames

    async def _read(self) -> bytes:
        try:
            return await self._stream.receive(_READ_BYTES)
        except anyio.EndOfStream:
            pass
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as error:
            self._broken = error
        return b""

    async def _send_replies(self) -> None:
        # Never wait here for a sender: it may be waiting for the peer to read, and the peer for us to.
        if not self._framing.owes_replies or self._write_lock.locked():
            return
        async with self._write_lock:
            try:
                await self._write_replies()
            except ConnectionClosed:
                return  # the next read tells how the connection ended

    async def send_batch(self, frames: Sequence[Frame]) -> None:
        """Send frames, in order and together; other tasks' frames come before or after them.

        Args:
            frames: text, binary, pings, pongs, and at most one Close as the last.

        Raises:
            LocalProtocolError: a frame cannot be sent; none was, and the connection stays as it is.
            TimeoutError: the peer took none of the next 64 KiB within ``Timeouts.send_s``.
            ConnectionClosed: the connection has ended, is ending, or broke.

        Cancelled while it waits for its turn, it sends nothing. Cancelled or failed in the middle, it leaves half a
        frame behind, so that nothing else can be sent.
        """
        async with self._write_lock:
            self._check_writable()
            await self._write(self._framing.encode(frames))
            await self._write_replies()

    def send_at_once(self, frame: Binary) -> bool:
        """Send a message without waiting, if nobody is sending and the network takes data.

        Args:
            frame: the message. One that takes more than one write is not sent.

        Returns:
            Whether it was sent; when not, nothing was. If `unfinished` is true then, the next `send_batch`, of nothing
            at least, sends the rest.
        """
        # There is no direct writer, either, while somebody is sending, and when nothing more may be sent.
        direct, data = self._direct, frame.data
        if direct is None or type(data) is not bytes or len(data) > self._most_at_once or not direct.ready:
            return False
        head, masked = masked_frame(2, data)
        direct.write(head + masked)
        return True

    @property
    def unfinished(self) -> bool:
        """Whether a part of what was sent waits for the next `send_batch`."""
        return self._direct is not None and self._direct.held

    async def send(self, message: str | bytes) -> None:
        """Send one message: str as text, bytes as binary. See `send_batch` for errors and cancellation.

        Args:
            message: the text, or the bytes.
        """
        await self.send_batch((Text(message) if isinstance(message, str) else Binary(message),))

    def _check_writable(self) -> None:
        if self._framing.closing or self._closed:
            raise self._end_error() from self.failure
        if self._unwritable:
            raise ConnectionClosed(self._unwritable)

    async def _write_replies(self) -> None:
        while not self._unwritable and (replies := self._framing.take_replies()):
            await self._write(replies)

    async def _write(self, data: bytes) -> None:
        self._unwritable = "an earlier write to the connection was cut short"
        direct, self._direct = self._direct, None
        if direct is not None and direct.held:
            await self._within_deadline(direct.finish())
        for start in range(0, len(data), _WRITE_BYTES):
            await self._within_deadline(self._stream.send(data[start : start + _WRITE_BYTES]))
        self._unwritable, self._direct = "", None if self._framing.closing or self._closed else direct

    async def _within_deadline(self, writing: Awaitable[None]) -> None:
        with mapped("send"), anyio.move_on_after(self._timeouts.send_s) as scope:
            await writing
        if scope.cancelled_caught:
            raise DeadlineError(f"the peer took no data for {self._timeouts.send_s} s")

    def _end_error(self) -> ConnectionClosed:
        end = self._framing.end or self._framing.sent_close or Close(1006)
        return ConnectionClosed(code=end.code, reason=end.reason)

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        return self

    async def __anext__(self) -> str | bytes:
        """Return the next message; iteration ends when the connection was closed in good order.

        That is: by the peer with code 1000 or 1001, or by this side. Messages received before the end stay readable.

        Raises:
            ConnectionClosed: the peer closed with another code, or the connection broke.
            RemoteProtocolError: the peer broke the WebSocket protocol.
            TimeoutError, LocalProtocolError: as `receive_batch`.

        Cancelled, it loses no message.
        """
        while True:
            for message in self._messages:
                return message
            if self._ended:
                self._raise_unless_good_end()
                raise StopAsyncIteration
            self._messages = _messages(await self.receive_batch())

    def _raise_unless_good_end(self) -> None:
        framing = self._framing
        if framing.sent_close is not None or (framing.end and framing.end.code in (1000, 1001)):
            return
        if framing.failure is not None:
            raise framing.failure.with_traceback(None)
        raise self._end_error() from self.failure

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection: the closing handshake within ``Timeouts.close_s``, then the socket in any case.

        Harmless when repeated, and when the connection has ended or broke; then only the socket is closed. Messages
        that arrive during the handshake go to the task that is receiving; when there is none, they are dropped.

        Args:
            code: 1000 to 1003, 1007 to 1014, 3000 to 4999; or 1005 to send none.
            reason: for a person; cut to 123 bytes of UTF-8.

        Raises:
            LocalProtocolError: the code cannot be sent; the connection stays as it is.

        Cancellation waits until it is done.
        """
        if self._closed:
            return
        with anyio.move_on_after(self._timeouts.close_s, shield=True):
            await self._closing_handshake(Close(code, reason))
        await self.abort()

    async def _closing_handshake(self, close: Close) -> None:
        try:
            if not self._framing.closing:
                await self.send_batch((close,))
            async with self._write_lock:
                await self._write_replies()
            while not self._ended:
                await self._receive_or_wait()
            # A socket that is closed with unread data is reset, and the peer may lose the close frame that tells it
            # what it did wrong.
            while self._framing.failure is not None and not self._receiving and await self._read():
                pass
        except TransportError:
            return  # the socket is closed in any case, and how the connection ended is kept for those who receive

    async def _receive_or_wait(self) -> None:
        if not self._receiving:
            await self.receive_batch()
            return
        if self._reader_left is None or self._reader_left.is_set():
            self._reader_left = anyio.Event()
        await self._reader_left.wait()

    async def abort(self) -> None:
        """Close the socket at once, without the closing handshake; harmless when repeated.

        A task that receives gets a `Close` frame with code 1006, one that sends gets `ConnectionClosed`. Cancellation
        does not interrupt it.
        """
        if not self._closed:
            self._closed, self._direct = True, None
            await close_at_once(self._stream)


def _messages(frames: Sequence[Frame]) -> Iterator[str | bytes]:
    for frame in frames:
        if isinstance(frame, (Text, Binary)):
            assert not isinstance(frame.data, memoryview)  # framing gives out str and bytes
            yield frame.data


async def connect_websocket(
    url: WebSocketUrl | str,
    headers: HeaderSource | None = None,
    *,
    ssl_context: ssl.SSLContext | None = None,
    proxy: str | None = None,
    timeouts: Timeouts | None = None,
    limits: Limits | None = None,
) -> WebSocket:
    """Connect and do the opening handshake; the caller closes the result. See `open_websocket` for everything else."""
    timeouts, limits = timeouts or Timeouts(), limits or Limits()
    target = WebSocketUrl.parse(url) if isinstance(url, str) else url
    handshake = ClientHandshake(authority=target.authority, target=target.target, headers=headers)
    exchange = handshake.exchange
    with mapped(f"connect to {target.address}", connecting=True), anyio.fail_after(timeouts.connect_s):
        stream = await dial(target, ssl_context=ssl_context, proxy=proxy)
        async with closed_on_failure(stream):
            await receive_head(stream, exchange)
            await _receive_body(stream, exchange, timeouts.close_s)
            handshake.check()
    framing = Framing(client=True, max_message_bytes=limits.max_message_bytes, trailing=exchange.trailing)
    return WebSocket(stream, framing, response_headers=exchange.headers, timeouts=timeouts)


async def _receive_body(stream: ByteStream, exchange: Exchange, close_s: float) -> None:
    """Read the explanation of a refusal; without waiting long, since its status is known."""
    with anyio.move_on_after(close_s), suppress(anyio.BrokenResourceError, OSError):
        while not exchange.complete:
            await receive_more(stream, exchange)


@asynccontextmanager
async def open_websocket(
    url: WebSocketUrl | str,
    headers: HeaderSource | None = None,
    *,
    ssl_context: ssl.SSLContext | None = None,
    proxy: str | None = None,
    timeouts: Timeouts | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[WebSocket]:
    """Connect to any WebSocket server, and close the connection at the end of the body.

    When the body ends normally, the connection is closed with code 1000, within ``Timeouts.close_s``. When it ends by
    an exception or by cancellation, the socket is closed at once, and the exception leaves as it is.

    Args:
        url: ws, wss, http or https; without user name, password or fragment.
        headers: more request headers. They show in no error.
        ssl_context: see `dial`. The default checks the server's certificate against the system's.
        proxy: ``http://[user:password@]host[:port]``, or "" for none; by default the environment says.
        timeouts: deadlines, of which connect_s, send_s and close_s count here; see `Timeouts` for the defaults.
        limits: bounds, of which max_message_bytes counts here; 16 MiB by default.

    Yields:
        The connection.

    Raises:
        ConfigError: an argument cannot work; nothing was tried.
        ApiError: the server refused, by an HTTP status of 300 or above; redirections are not followed.
        ConnectError: no connection could be made, or the other end is no WebSocket server.
        TimeoutError: connecting took longer than ``Timeouts.connect_s`` altogether.

    Cancelled while connecting, it leaves no socket behind.
    """
    websocket = await connect_websocket(
        url, headers, ssl_context=ssl_context, proxy=proxy, timeouts=timeouts, limits=limits
    )
    try:
        yield websocket
    except BaseException:
        await websocket.abort()
        raise
    await websocket.close()
