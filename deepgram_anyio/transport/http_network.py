"""httpx's transport with this package's own dialling below it, so that REST and sockets connect in the same way.

httpx's own would wait for a proxy's answer as long as for a transcription, and would log a SOCKS proxy's password.
"""

from __future__ import annotations

import select
import ssl
import sys
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager

import anyio
import httpcore
import httpx
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute

from ..errors import ConnectError, DeepgramError
from ..errors import TimeoutError as DeadlineError
from .dial import close_at_once, closed_on_failure, reach, reach_proxy, refused_by_proxy, way
from .mapping import mapped, translated
from .proxies import Proxy
from .settings import Limits
from .tls import secured, usable_context

__all__ = ["DialFailed", "DialledTransport"]

_KEPT_OPEN_S = 5.0


class DialFailed(Exception):  # noqa: N818 - never leaves this package
    """No connection could be made. httpcore and httpx let it pass as it is, but take away its cause.

    Attributes:
        error: the error, with its own cause.
    """

    def __init__(self, error: DeepgramError) -> None:
        super().__init__(str(error))
        self.error = error


class DialledTransport(httpx.AsyncBaseTransport):
    """Connections of this package's making, in httpcore's pool."""

    def __init__(
        self, via: Proxy | None, *, forwards: bool = False, ssl_context: ssl.SSLContext | None, limits: Limits
    ) -> None:
        """
        Args:
            via: the proxy on the way; None for none.
            forwards: ask an HTTP proxy to send the requests itself, which it can do for ``http`` URLs; else it only
                connects.
            ssl_context: as for `dial`.
            limits: of connections.
        """
        self._forwarder = via if forwards else None
        self._pool = _pool(via, forwards, ssl_context, limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see `httpx.AsyncBaseTransport`."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with _httpx_errors():
            answer = await self._pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        if self._forwarder is not None and answer.status == 407:  # which only proxies answer (RFC 9110, 15.5.8)
            await answer.aclose()
            raise DialFailed(refused_by_proxy(self._forwarder, 407))
        assert isinstance(answer.stream, AsyncIterable)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Answer(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


def _pool(
    via: Proxy | None, forwards: bool, ssl_context: ssl.SSLContext | None, limits: Limits
) -> httpcore.AsyncConnectionPool:
    backend = _Dialler(via, forwards, ssl_context)
    if forwards:
        assert via is not None
        return httpcore.AsyncHTTPProxy(
            # TLS to the proxy, too, is the dialler's.
            proxy_url=httpcore.URL(scheme="http", host=via.host, port=via.port, target="/"),
            proxy_auth=via.credentials,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_idle_connections,
            keepalive_expiry=_KEPT_OPEN_S,
            network_backend=backend,
        )
    return httpcore.AsyncConnectionPool(
        # Never used, but httpcore writes into the one that it has.
        ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        max_connections=limits.max_connections,
        max_keepalive_connections=limits.max_idle_connections,
        keepalive_expiry=_KEPT_OPEN_S,
        network_backend=backend,
    )


class _Answer(httpx.AsyncByteStream):
    """The body of an answer."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._answer.stream, AsyncIterable)
        with _httpx_errors():
            async for piece in self._answer.stream:
                yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()


_HTTPX_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}


@contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except tuple(_HTTPX_ERRORS) as error:
        raise _HTTPX_ERRORS[type(error)](str(error)) from error


class _Dialler(httpcore.AsyncNetworkBackend):
    """Makes httpcore's connections."""

    def __init__(self, via: Proxy | None, forwards: bool, ssl_context: ssl.SSLContext | None) -> None:
        self._via = via
        self._forwards = forwards
        self._ssl_context = ssl_context

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect as far as to where the server's own TLS begins."""
        via = self._via
        context = usable_context(self._ssl_context) if via is not None and via.secure else None
        where = way(host, port, None if self._forwards else via)
        deadline = anyio.current_time() + timeout if timeout is not None else float("inf")
        with _dialling(where, deadline):
            if self._forwards:
                assert via is not None
                stream = await reach_proxy(via, context)
            else:
                stream = await reach(host, port, via, context)
        return _NetworkStream(stream, where, deadline, self._ssl_context)

    async def sleep(self, seconds: float) -> None:
        """Wait between tries, of which httpcore makes none here."""
        await anyio.sleep(seconds)


class _NetworkStream(httpcore.AsyncNetworkStream):
    """A connection as httpcore takes it."""

    def __init__(self, stream: ByteStream, where: str, deadline: float, ssl_context: ssl.SSLContext | None) -> None:
        self._stream = stream
        self._where = where
        self._deadline = deadline
        self._ssl_context = ssl_context
        self._heard = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        """Receive some bytes; none at the end."""
        try:
            with anyio.fail_after(timeout):
                data = await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except ssl.SSLError as error:
            if self._heard:
                raise httpcore.ReadError(str(error)) from error
            # In TLS 1.3 a server refuses a client's certificate only after the client has finished.
            raise _refused(error, self._where) from error
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise httpcore.ReadError(str(error)) from error
        self._heard = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's
        """Send all bytes."""
        if not buffer:
            return
        try:
            with anyio.fail_after(timeout):
                await self._stream.send(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError) as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        """Close the socket at once."""
        await close_at_once(self._stream)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
    ) -> httpcore.AsyncNetworkStream:
        """Do TLS with the server, within the time that is left to connect, and with our own settings."""
        assert server_hostname is not None
        async with closed_on_failure(self._stream):
            doing = f"connect to {self._where}"
            with _dialling(self._where, self._deadline), mapped(doing, connecting=True):
                context = usable_context(self._ssl_context)
                # An answer without a length ends with the connection: only TLS tells whether it is whole.
                tls = await secured(self._stream, server_hostname, context, strict_end=True)
        return _NetworkStream(tls, self._where, self._deadline, self._ssl_context)

    def get_extra_info(self, info: str) -> object:
        """Tell what httpcore wants to know of a connection that it keeps."""
        if info == "ssl_object":
            return self._stream.extra(TLSAttribute.ssl_object, None)  # noqa: S610 - anyio's typed attributes
        if info == "is_readable":
            return _has_something_to_read(self._stream)
        return None


def _refused(error: ssl.SSLError, where: str) -> DialFailed:
    ours = translated(error, f"connect to {where}", connecting=True)
    assert isinstance(ours, ConnectError)
    ours.__cause__ = error
    return DialFailed(ours)


@contextmanager
def _dialling(where: str, deadline: float) -> Iterator[None]:
    try:
        with anyio.fail_after(max(0.0, deadline - anyio.current_time())):
            yield
    except DeepgramError as error:
        raise DialFailed(error) from error
    except TimeoutError as error:
        ours = DeadlineError(f"could not connect to {where} within Timeouts.connect_s")
        ours.__cause__ = error
        raise DialFailed(ours) from error


def _has_something_to_read(stream: ByteStream) -> bool:
    """Whether an idle connection has data, which can only be its end."""
    descriptor = stream.extra(SocketAttribute.raw_socket).fileno()  # noqa: S610 - anyio's typed attributes
    if descriptor < 0:
        return True
    if sys.platform == "win32":
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()  # unlike select, for any number of descriptors
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
