"""REST: one pooled httpx client, requests tried again where that is safe, and every failure as our own error."""

from __future__ import annotations

import random
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import anyio
import httpx

from ..errors import ApiError, ConfigError, DeepgramError, RemoteProtocolError
from ..errors import TimeoutError as DeadlineError
from ..telemetry.settings import Telemetry
from ..telemetry.watch import CallWatch, watch_call
from .bodies import Body
from .headers import checked_headers
from .http_errors import is_final, is_unsent, translated_http
from .http_network import DialFailed, DialledTransport
from .logs import project_logger
from .mapping import refused, retry_after_s
from .proxies import Proxy, find_proxy
from .settings import Limits, RetryPolicy, Timeouts
from .tls import usable_context
from .urls import WebSocketUrl

if TYPE_CHECKING:
    import ssl

    from typing_extensions import Self

__all__ = ["HttpAnswer", "HttpPool", "HttpRequest"]

_logger = project_logger("http")

_MAX_ERROR_BYTES = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_OWN_HEADERS = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding"})
_BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError)


class HttpRequest(NamedTuple):
    """A request.

    Attributes:
        method: HTTP method.
        url: where to, with the query.
        name: what it is called in errors and logs, such as ``POST /v1/listen``; no query, no identifiers.
        headers: asked for each try, so that a short-lived token is fresh.
        body: what to send; None for nothing.
        watch: who is told how it goes.
    """

    method: str
    url: str
    name: str
    headers: Callable[[], Awaitable[Mapping[str, str]]]
    body: Body | None = None
    watch: CallWatch = CallWatch()


class HttpAnswer:
    """An answer whose body is still to come: iterate over it, decompressed, or `read` it.

    Iterating raises `ConnectionClosed` when the body breaks off, `TimeoutError` when nothing comes within
    `Timeouts.read_s`, and `RemoteProtocolError` when it cannot be decompressed.

    Attributes:
        status: HTTP status code.
        headers: with lower-case names.
        attempts: requests that it took, retries included.
    """

    def __init__(self, response: httpx.Response, name: str, attempts: int) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = dict(response.headers)
        self.attempts = attempts
        self._response = response
        self._name = name
        self._chunks = response.aiter_raw()
        # Not httpx's own: its generators cannot be closed properly when what they decompress is broken.
        self._unzip = zlib.decompressobj(_GZIP) if "gzip" in self.headers.get("content-encoding", "") else None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
            return chunk if self._unzip is None else self._unzip.decompress(chunk)
        except StopAsyncIteration:
            if self._unzip is not None and not self._unzip.eof:
                raise RemoteProtocolError(f"the answer of {self._name} ends within its compressed data") from None
            raise
        except zlib.error as error:
            raise RemoteProtocolError(f"the answer of {self._name} cannot be decompressed") from error
        except httpx.HTTPError as error:
            raise translated_http(error, f"read the answer of {self._name}") from error

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole body.

        Raises:
            RemoteProtocolError: it is longer than allowed; otherwise as iterating.
        """
        body = bytearray()
        async for chunk in self:
            if len(body) + len(chunk) > limit_bytes:
                raise RemoteProtocolError(f"the answer of {self._name} is longer than {limit_bytes} bytes")
            body += chunk
        return bytes(body)

    async def read_some(self, limit_bytes: int) -> bytes:
        """Return the beginning of the body, as much of it as comes and is wanted."""
        body = b""
        try:
            async for chunk in self:
                body = (body + chunk)[:limit_bytes]
                if len(body) == limit_bytes:
                    break
        except DeepgramError as error:
            # What came before says more than the failure to read what follows.
            _logger.debug("the answer %d of %s broke off: %s", self.status, self._name, error)
        return body

    async def aclose(self) -> None:
        """Let go of the connection: back into the pool when the body was read, and closed when not."""
        with anyio.CancelScope(shield=True):
            await self._response.aclose()
            # Below are async generators of httpx and httpcore, and trio complains of those that the garbage collector
            # finds. On a closed connection they come to their end at once.
            with suppress(httpx.HTTPError, httpx.StreamError):
                async for _ in self._chunks:
                    pass


class _Upload(httpx.AsyncByteStream):
    """A body's pieces as httpx takes them. No generator: httpx would leave it to the garbage collector."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces


class HttpPool:
    """The one httpx client. Open, its connections are kept for the next call; else each call has one of its own."""

    def __init__(
        self,
        *,
        timeouts: Timeouts,
        limits: Limits,
        retry: RetryPolicy,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        share: Callable[[], float] = random.random,
        transport: httpx.AsyncBaseTransport | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        """
        Args:
            timeouts: of each try, unless a call has its own.
            limits: of connections and of answers.
            retry: when to try again.
            proxy: as for `dial`; asked for each host.
            ssl_context: as for `dial`.
            share: gives random numbers, 0 to 1, for the waits between tries.
            transport: carries the requests instead of the network; proxies and TLS are its own matter. It is closed
                with the connections.
            telemetry: what OpenTelemetry is told; None for the default.
        """
        self._timeouts = timeouts
        self._limits = limits
        self._retry = retry
        self._proxy = proxy
        self._ssl_context = ssl_context
        self._share = share
        self._transport = transport
        self._telemetry = telemetry or Telemetry()
        self._stack: AsyncExitStack | None = None
        self._clients: dict[_Route, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._stack is not None
        stack, self._stack = self._stack, None
        self._clients.clear()
        await stack.aclose()

    async def request(
        self, request: HttpRequest, *, deadline: float | Timeouts | None = None, max_retries: int | None = None
    ) -> tuple[HttpAnswer, bytes]:
        """Send a request and read its answer.

        Args:
            request: what to send.
            deadline: seconds for the whole call, retries included; or deadlines for the phases of each try.
            max_retries: tries after the first, instead of the policy's.

        Raises:
            ApiError: the server refused; its subclass tells why.
            ConnectError: it could not be reached.
            ConnectionClosed: the connection broke.
            TimeoutError: a deadline passed; its message says which.
            RemoteProtocolError: the answer is too long, or cannot be decompressed.
        """
        with self._watch(request) as watch, _within(deadline, request.name):
            async with self._answered(request._replace(watch=watch), deadline, max_retries) as answer:
                return answer, await answer.read(self._limits.max_response_bytes)

    @asynccontextmanager
    async def stream(
        self, request: HttpRequest, *, deadline: float | Timeouts | None = None, max_retries: int | None = None
    ) -> AsyncIterator[HttpAnswer]:
        """Send a request; the body of its answer is read within the block. See `request`.

        Seconds given as `deadline` end where the answer begins.
        """
        with self._watch(request) as watch:
            async with self._answered(request._replace(watch=watch), deadline, max_retries) as answer:
                yield answer

    def _watch(self, request: HttpRequest) -> CallWatch:
        return watch_call(self._telemetry, url=request.url, name=request.name)

    @asynccontextmanager
    async def _answered(
        self, request: HttpRequest, deadline: float | Timeouts | None, max_retries: int | None
    ) -> AsyncIterator[HttpAnswer]:
        if request.body is not None:
            await request.body.prepare()
        timeouts = deadline if isinstance(deadline, Timeouts) else self._timeouts
        async with AsyncExitStack() as stack:
            client = self._client(request, stack)
            with _within(deadline, request.name):
                answer = await self._try_until_answered(client, request, timeouts, max_retries, stack)
            yield answer

    def _client(self, request: HttpRequest, stack: AsyncExitStack) -> httpx.AsyncClient:
        route = self._route(WebSocketUrl.parse(request.url))
        if self._stack is None:
            client = self._new_client(route)
            stack.push_async_callback(_close_client, client)
            return client
        if route not in self._clients:
            self._clients[route] = self._new_client(route)
            self._stack.push_async_callback(_close_client, self._clients[route])
        return self._clients[route]

    def _route(self, target: WebSocketUrl) -> _Route:
        if self._transport is not None:
            return _Route(None, forwards=False)
        via = find_proxy(target, self._proxy)
        if target.secure or (via is not None and via.secure):
            usable_context(self._ssl_context)  # or fail now, before any I/O
        return _Route(via, forwards=via is not None and not via.is_socks and not target.secure)

    def _new_client(self, route: _Route) -> httpx.AsyncClient:
        transport = self._transport or DialledTransport(
            route.via, forwards=route.forwards, ssl_context=self._ssl_context, limits=self._limits
        )
        return httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)

    async def _try_until_answered(
        self,
        client: httpx.AsyncClient,
        request: HttpRequest,
        timeouts: Timeouts,
        max_retries: int | None,
        stack: AsyncExitStack,
    ) -> HttpAnswer:
        allowed = max(0, self._retry.max_retries if max_retries is None else max_retries)
        for attempt in range(1, allowed + 2):
            try:
                answer = await self._try(client, request, timeouts, attempt)
            except _Failed as failed:
                error, wait_s = failed.error, self._wait_s(failed, attempt)
                spent = request.body is not None and request.body.touched and not request.body.replayable
                if attempt > allowed or spent or wait_s is None:
                    _logger.info("%s failed, attempt %d: %s", request.name, attempt, error)
                    raise error from failed.__cause__
            else:
                stack.push_async_callback(answer.aclose)
                request.watch.answered(answer.status, answer.headers)
                request_id = answer.headers.get("dg-request-id")
                _logger.debug("%s: HTTP %d, request %s, attempt %d", request.name, answer.status, request_id, attempt)
                return answer
            request.watch.retrying(error, wait_s)
            _logger.info("%s failed and is tried again in %.2f s: %s", request.name, wait_s, error)
            await anyio.sleep(wait_s)
        raise AssertionError  # pragma: no cover - the last try returned or raised

    async def _try(
        self, client: httpx.AsyncClient, request: HttpRequest, timeouts: Timeouts, attempt: int
    ) -> HttpAnswer:
        answer = None
        try:
            async with _built(request, timeouts) as built:
                try:
                    answer = HttpAnswer(await client.send(built, stream=True), request.name, attempt)
                except DialFailed as failed:
                    raise _Failed(failed.error, retryable=not is_final(failed.error)) from failed.error.__cause__
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    safe = is_unsent(error) or (request.method == "GET" and isinstance(error, _BROKEN))
                    raise _Failed(translated_http(error, f"call {request.name}"), retryable=safe) from error
            await _check(answer)
        except BaseException:
            if answer is not None:
                await answer.aclose()
            raise
        return answer

    def _wait_s(self, failed: _Failed, attempt: int) -> float | None:
        """How long to wait before the next try; None when there must be none."""
        if not failed.retryable:
            return None
        asked_s = retry_after_s(failed.headers)
        if asked_s is None:
            return self._retry.wait_s(attempt, self._share())
        return asked_s if asked_s <= self._retry.max_retry_after_s else None


class _Route(NamedTuple):
    """The way to a server, on which connections are shared."""

    via: Proxy | None
    forwards: bool


class _Failed(Exception):  # noqa: N818 - never leaves this module
    """A try that failed."""

    def __init__(
        self, error: DeepgramError, *, retryable: bool | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.retryable = retryable if retryable is not None else isinstance(error, ApiError) and error.retryable
        self.headers = headers or {}


async def _check(answer: HttpAnswer) -> None:
    if not 200 <= answer.status < 300:
        body = await answer.read_some(_MAX_ERROR_BYTES)
        raise _Failed(refused(answer.status, answer.headers, body), headers=answer.headers)


async def _close_client(client: httpx.AsyncClient) -> None:
    with anyio.CancelScope(shield=True):
        await client.aclose()


@asynccontextmanager
async def _built(request: HttpRequest, timeouts: Timeouts) -> AsyncIterator[httpx.Request]:
    """Make httpx's request; none of what a client would add, such as cookies."""
    given = checked_headers({**request.watch.headers, **await request.headers()}, reserved=_OWN_HEADERS)
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in given]
    try:
        built = httpx.Request(request.method, request.url, headers=headers)
    except httpx.InvalidURL as error:
        raise ConfigError(f"could not call {request.name}: the URL cannot be used") from error
    built.headers.setdefault("Accept", "*/*")
    built.headers["Accept-Encoding"] = "gzip"
    built.extensions["timeout"] = _phases(timeouts).as_dict()
    if request.body is None:
        yield built
        return
    built.headers.setdefault("Content-Type", request.body.content_type)
    if request.body.size_bytes is not None:
        built.headers["Content-Length"] = str(request.body.size_bytes)
    else:
        del built.headers["Content-Length"]  # httpx took it for empty
        built.headers["Transfer-Encoding"] = "chunked"
    async with request.body.opened() as pieces:
        built.stream = _Upload(pieces)
        yield built


def _phases(timeouts: Timeouts) -> httpx.Timeout:
    return httpx.Timeout(connect=timeouts.connect_s, write=timeouts.send_s, read=timeouts.read_s, pool=timeouts.pool_s)


class _within:  # noqa: N801 - reads as the function that it stands for
    """Seconds for the body, as our own error; a plain class, as a generator would hide the body's own errors."""

    def __init__(self, deadline: float | Timeouts | None, name: str) -> None:
        self._seconds = None if isinstance(deadline, Timeouts) else deadline
        self._name = name
        self._scope = anyio.CancelScope()

    def __enter__(self) -> None:
        if self._seconds is not None:
            self._scope.deadline = anyio.current_time() + self._seconds
        self._scope.__enter__()

    def __exit__(self, *exc_info: object) -> bool | None:
        stop = self._scope.__exit__(*exc_info)  # type: ignore[arg-type]
        if self._scope.cancelled_caught:
            raise DeadlineError(f"{self._name} did not end within {self._seconds:g} s")
        return stop
