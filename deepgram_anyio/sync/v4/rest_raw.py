"""Answers that are read as they come, in the form of `httpx.Response`; and httpx's transports, sync ones included."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx

from ...transport.http import HttpAnswer, HttpPool, HttpRequest
from ...transport.settings import Timeouts
from ..blocking import iterate
from ..loop import EventLoopThread
from .errors import DeepgramTypeError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["RawHttpResponse", "blocking_response", "open_response", "usable_transport"]

_END: Any = object()


class RawHttpResponse(httpx.Response):
    """An answer whose body is still to come: a `httpx.Response`, which is also a context manager.

    Close it, or read it to its end; both let go of the connection. That of a blocking client is read with
    ``iter_bytes()`` and ``read()`` and closed with ``close()``, that of an async one with ``aiter_bytes()``,
    ``aread()`` and ``aclose()``. What breaks off raises the package's own errors.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


class _Body(httpx.AsyncByteStream):
    """An answer's body, and what it holds open."""

    def __init__(self, answer: HttpAnswer, stack: AsyncExitStack) -> None:
        self._answer = answer
        self._stack = stack

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._answer)

    async def aclose(self) -> None:
        await self._stack.aclose()


class _BlockingBody(httpx.SyncByteStream):
    def __init__(self, loop: EventLoopThread, body: _Body) -> None:
        self._loop = loop
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iterate(self._loop, aiter(self._body))

    def close(self) -> None:
        self._loop.call(self._body.aclose)


async def open_response(pool: HttpPool, request: HttpRequest, deadline: Timeouts | None) -> RawHttpResponse:
    """Send a request, and return its answer when that begins.

    Raises:
        ApiError, ConnectError, ConnectionClosed, TimeoutError: as `HttpPool.request`.
    """
    stack = AsyncExitStack()
    answer = await stack.enter_async_context(pool.stream(request, deadline=deadline))
    # It comes decompressed.
    unsaid = {"content-encoding", "content-length"} if "content-encoding" in answer.headers else set()
    headers = {name: text for name, text in answer.headers.items() if name not in unsaid}
    asked = httpx.Request(request.method, request.url)
    return RawHttpResponse(answer.status, headers=headers, stream=_Body(answer, stack), request=asked)


def blocking_response(loop: EventLoopThread, response: RawHttpResponse) -> RawHttpResponse:
    """Return the blocking form of what `open_response` gave on a loop."""
    body = response.stream
    assert isinstance(body, _Body)
    stream = _BlockingBody(loop, body)
    return RawHttpResponse(response.status_code, headers=response.headers, stream=stream, request=response.request)


def usable_transport(transport: object) -> httpx.AsyncBaseTransport:
    """Return one of httpx's transports, sync or async, as an async one.

    Raises:
        DeepgramTypeError: it is none.
    """
    if isinstance(transport, httpx.AsyncBaseTransport):
        return _Transport(transport)
    if isinstance(transport, httpx.BaseTransport):
        return _ThreadedTransport(transport)
    raise DeepgramTypeError(f"transport must be one of httpx, not {type(transport).__name__}")


def _again(request: httpx.Request, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> httpx.Request:
    """Return a request whose body is its stream's alone; the pool's takes itself for one that has none."""
    return httpx.Request(
        request.method, request.url, headers=request.headers, stream=stream, extensions=request.extensions
    )


class _Transport(httpx.AsyncBaseTransport):
    """An async transport, whose answers may have been read before they are returned, as those of a mock are."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        found = await self._transport.handle_async_request(_again(request, request.stream))
        assert isinstance(found.stream, httpx.AsyncByteStream)
        return httpx.Response(found.status_code, headers=found.headers, stream=found.stream)

    async def aclose(self) -> None:
        await self._transport.aclose()


class _ThreadedTransport(httpx.AsyncBaseTransport):
    """A sync transport, in worker threads. Bodies are sent whole: a sync transport cannot wait for their pieces."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        content = b"".join([piece async for piece in request.stream])
        sent = _again(request, httpx.ByteStream(content))
        found = await anyio.to_thread.run_sync(self._transport.handle_request, sent)
        assert isinstance(found.stream, httpx.SyncByteStream)
        return httpx.Response(found.status_code, headers=found.headers, stream=_ThreadedBody(found.stream))

    async def aclose(self) -> None:
        await anyio.to_thread.run_sync(self._transport.close)


class _ThreadedBody(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream
        self._pieces: Iterator[bytes] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await anyio.to_thread.run_sync(self._next)
        if piece is _END:
            raise StopAsyncIteration
        return piece

    def _next(self) -> bytes:
        if self._pieces is None:
            self._pieces = iter(self._stream)
        piece: bytes = next(self._pieces, _END)
        return piece

    async def aclose(self) -> None:
        await anyio.to_thread.run_sync(self._stream.close)
