"""What all REST clients of v4 have in common: their requests, and ``get``, ``post``... to any URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar
from urllib.parse import urlsplit

from ...config import resolve_hosts
from ...errors import ApiError, ConfigError
from ...protocol.rest.base import RawResponse
from ...services.backend import Backend, raw_response
from ...transport.bodies import Body
from ...transport.credentials import Credentials
from ...transport.hosts import is_loopback
from ...transport.http import HttpPool, HttpRequest
from ...transport.settings import Timeouts
from ..blocking import Blocking, blocking, mirrors
from ..loop import event_loop_thread
from .base import BaseResponse
from .context import context_of, native_config
from .errors import DeepgramApiError, DeepgramApiKeyError, DeepgramError, DeepgramTypeError
from .rest_raw import RawHttpResponse, blocking_response, open_response, usable_transport
from .rest_request import (
    Addons,
    Arguments,
    Headers,
    Route,
    Timeout,
    answer_as,
    deadlines,
    merged_query,
    origin,
    request_body,
    text_of,
    to_url,
    wire_options,
)
from .verboselogs import stderr_logger

if TYPE_CHECKING:
    from .client_options import DeepgramClientOptions

__all__ = ["AbstractAsyncRestClient", "AbstractSyncRestClient", "Call"]

R = TypeVar("R", bound=BaseResponse)


class Call(NamedTuple):
    """What a caller says about one call.

    Attributes:
        options: the options, a dict or an object.
        addons: query parameters beside them, which win.
        headers: request headers, for this call alone.
        timeout: seconds for each phase, or a `httpx.Timeout`; None for the native client's deadlines.
        arguments: ``transport``, ``params``, and a body for calls that have none of their own.
    """

    options: Any = None
    addons: Addons = None
    headers: Headers = None
    timeout: Timeout = None
    arguments: Arguments | None = None

    def resolved(self) -> Call:
        """Return the same with the query that options and addons ask for in the options' place."""
        return self._replace(options=merged_query(wire_options(self.options), self.addons), addons=None)


class _Prepared(NamedTuple):
    pool: HttpPool
    request: HttpRequest
    deadline: Timeouts | None


class AbstractAsyncRestClient:
    """Base of the async REST clients. They need no ``async with``, and can be used from any asyncio or trio task.

    All their calls take:

    - ``addons``: query parameters beside the options; parameters that no options class knows;
    - ``headers``: request headers, for this call alone;
    - ``timeout``: seconds for each phase of a request, or a `httpx.Timeout`; by default the native client's `Timeouts`;
    - ``transport``: one of httpx's transports, sync or async, for this call;

    and raise `DeepgramApiError` when the server refuses, `DeepgramApiKeyError` for credentials that cannot work,
    `DeepgramTypeError` for arguments of the wrong type, `ConfigError` for others that cannot work, and the
    `TransportError` that says how the network failed. They are tried again as `RetryPolicy` tells. Cancellation ends a
    call, and closes its connection.
    """

    def __init__(self, config: DeepgramClientOptions) -> None:
        """
        Args:
            config: server, credentials and headers.
        """
        if config is None:
            raise DeepgramError("a REST client needs a DeepgramClientOptions")
        self._config = config
        self._on_shared_loop = False
        self._logger = stderr_logger(f"deepgram_anyio.sync.{type(self).__name__}", config.verbose)

    async def get(
        self,
        /,
        url: str,
        options: dict[str, Any] | None = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        **kwargs: Any,
    ) -> str:
        """Make a GET request.

        Args:
            url: absolute. The credentials and the configured headers go to the configured server alone.
            options: the query.
            addons: more of it.
            headers: request headers, which win over the configured ones.
            timeout: seconds for each phase, or a `httpx.Timeout`.
            **kwargs: ``content``, ``data``, ``files`` or ``json`` for a body, ``params``, and ``transport``, as httpx
                has them.

        Returns:
            The answer's body.

        Raises:
            DeepgramApiError: the server refused.
            ConfigError, TransportError: see the class.
        """
        return await self._text("GET", url, Call(options, addons, headers, timeout, kwargs))

    async def post(
        self,
        /,
        url: str,
        options: dict[str, Any] | None = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        **kwargs: Any,
    ) -> str:
        """Make a POST request; see `get`."""
        return await self._text("POST", url, Call(options, addons, headers, timeout, kwargs))

    async def put(
        self,
        /,
        url: str,
        options: dict[str, Any] | None = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        **kwargs: Any,
    ) -> str:
        """Make a PUT request; see `get`."""
        return await self._text("PUT", url, Call(options, addons, headers, timeout, kwargs))

    async def patch(
        self,
        /,
        url: str,
        options: dict[str, Any] | None = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        **kwargs: Any,
    ) -> str:
        """Make a PATCH request; see `get`."""
        return await self._text("PATCH", url, Call(options, addons, headers, timeout, kwargs))

    async def delete(
        self,
        /,
        url: str,
        options: dict[str, Any] | None = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        **kwargs: Any,
    ) -> str:
        """Make a DELETE request; see `get`."""
        return await self._text("DELETE", url, Call(options, addons, headers, timeout, kwargs))

    async def post_raw(
        self,
        /,
        url: str,
        options: dict[str, Any] | None = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        **kwargs: Any,
    ) -> RawHttpResponse:
        """Make a POST request, and return its answer while that is still coming; see `get`.

        Returns:
            A `httpx.Response`, to be closed or read to its end.
        """
        return await self._open(to_url("POST", url), Call(options, addons, headers, timeout, kwargs))

    async def post_memory(
        self,
        /,
        url: str,
        file_result: Sequence[str],
        options: dict[str, Any] | None = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        **kwargs: Any,
    ) -> dict[str, str | BytesIO]:
        """Make a POST request, and keep its answer in memory; see `get`.

        Args:
            file_result: names of the headers to return, with or without ``dg-`` or ``x-dg-`` before them.

        Returns:
            Those of the headers that came, by the names that were asked for, and the body as ``stream``.
        """
        raw = await self._fetch(to_url("POST", url), Call(options, addons, headers, timeout, kwargs))
        found: dict[str, str | BytesIO] = {"stream": BytesIO(raw.content)}
        for name in file_result:
            spellings = (f"{prefix}{name.lower()}" for prefix in ("", "dg-", "x-dg-"))
            value = next((raw.headers[spelled] for spelled in spellings if spelled in raw.headers), None)
            if value is not None:
                found[name] = value
        return found

    async def _text(self, method: str, url: str, call: Call) -> str:
        return text_of(await self._fetch(to_url(method, url), call))

    async def _answer(self, returns: type[R], route: Route, call: Call, body: Body | None = None) -> R:
        """Make a call whose answer is a JSON object."""
        return answer_as(returns, await self._fetch(route, call, body))

    async def _fetch(self, route: Route, call: Call, body: Body | None = None) -> RawResponse:
        """Make a call, and read its answer."""
        prepared = self._prepared(route, call, body)
        with _in_terms_of_v4():
            answer, content = await prepared.pool.request(prepared.request, deadline=prepared.deadline)
        self._logger.notice("%s: HTTP %d", prepared.request.name, answer.status)
        return raw_response(answer, content)

    async def _open(self, route: Route, call: Call, body: Body | None = None) -> RawHttpResponse:
        """Make a call, and return its answer while that is still coming."""
        prepared = self._prepared(route, call, body)
        with _in_terms_of_v4():
            response = await open_response(prepared.pool, prepared.request, prepared.deadline)
        self._logger.notice("%s: HTTP %d", prepared.request.name, response.status_code)
        return response

    def _prepared(self, route: Route, call: Call, body: Body | None) -> _Prepared:
        arguments = dict(call.arguments or {})
        transport, params = arguments.pop("transport", None), arguments.pop("params", None)
        if body is None:
            body = request_body(arguments)
        if arguments:
            raise DeepgramTypeError(f"unexpected argument {min(arguments)!r}")
        if call.headers is not None and not isinstance(call.headers, Mapping):
            raise DeepgramTypeError(f"headers must be a dict, not {type(call.headers).__name__}")
        backend = self._backend()
        request = _addressed(backend, route.base_url, call.headers)._request(
            route.operation,
            {"extra_query": merged_query(route.query, params, call.resolved().options), "extra_headers": call.headers},
            route.fields,
            None,
            body,
        )
        return _Prepared(self._pool(backend, transport), request, deadlines(call.timeout))

    def _pool(self, backend: Backend, transport: object) -> HttpPool:
        if transport is None and self._on_shared_loop:
            return backend.http
        # The backend's own pool may be open, and then it belongs to another event loop.
        return HttpPool(
            timeouts=backend.timeouts,
            limits=backend.limits,
            retry=backend.retry,
            proxy=backend.proxy,
            ssl_context=backend.ssl_context,
            telemetry=backend.telemetry,
            transport=None if transport is None else usable_transport(transport),
        )

    def _backend(self) -> Backend:
        resolve_hosts(native_config(self._config))  # what is wrong with the URL is not the key's fault
        try:
            return context_of(self._config).backend
        except ConfigError as error:
            raise DeepgramApiKeyError(str(error)) from error


def _addressed(backend: Backend, base_url: str | None, headers: Headers) -> Backend:
    """Return a backend for a server; strangers are shown neither the credentials nor the configured headers."""
    if base_url is not None:
        known = {origin(backend.api_url), origin(backend.agent_url)}
        backend = replace(backend, api_url=base_url)
        if origin(base_url) not in known:
            backend = replace(backend, credentials=Credentials(), headers={})
    if any(str(name).lower() == "authorization" for name in headers or ()):
        parts = urlsplit(backend.api_url)
        if parts.scheme.lower() == "http" and not is_loopback(parts.hostname or ""):
            raise DeepgramApiKeyError(f"refusing to send credentials to {parts.hostname} without TLS")
        backend = replace(backend, credentials=Credentials())  # the caller brings others
    return backend


@contextmanager
def _in_terms_of_v4() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        raise DeepgramApiError.from_api_error(error) from error


class AbstractSyncRestClient(Blocking):
    """Base of the blocking REST clients, which are safe to use from many threads at once.

    Their calls take and raise what those of `AbstractAsyncRestClient` do. Interrupted, as by Ctrl-C, a call ends.
    """

    _async_class: ClassVar[type[AbstractAsyncRestClient]] = AbstractAsyncRestClient

    def __init__(self, config: DeepgramClientOptions) -> None:
        """
        Args:
            config: server, credentials and headers.
        """
        self._config = config
        self._target = self._async_class(config)
        self._target._on_shared_loop = True

    def _run(self, method: Any, *args: Any, **kwargs: Any) -> Any:
        # Asked for at every call: in a forked process, the loop is another one.
        return event_loop_thread().call(method, self._target, *args, **kwargs)

    def _run_raw(self, method: Any, *args: Any, **kwargs: Any) -> RawHttpResponse:
        loop = event_loop_thread()
        return blocking_response(loop, loop.call(method, self._target, *args, **kwargs))

    @blocking(AbstractAsyncRestClient.get)
    def get(self) -> None: ...
    @blocking(AbstractAsyncRestClient.post)
    def post(self) -> None: ...
    @blocking(AbstractAsyncRestClient.put)
    def put(self) -> None: ...
    @blocking(AbstractAsyncRestClient.patch)
    def patch(self) -> None: ...
    @blocking(AbstractAsyncRestClient.delete)
    def delete(self) -> None: ...
    @blocking(AbstractAsyncRestClient.post_memory)
    def post_memory(self) -> None: ...

    @mirrors(AbstractAsyncRestClient.post_raw)
    def post_raw(
        self,
        url: str,
        options: dict[str, Any] | None = None,
        addons: Addons = None,
        headers: Headers = None,
        timeout: Timeout = None,
        **kwargs: Any,
    ) -> RawHttpResponse:
        return self._run_raw(AbstractAsyncRestClient.post_raw, url, options, addons, headers, timeout, **kwargs)
