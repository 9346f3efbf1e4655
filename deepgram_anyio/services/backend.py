"""What every service needs to reach the server: hosts, credentials, settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypedDict, TypeGuard, TypeVar

import msgspec

from .._version import __version__
from ..errors import ConfigError, RemoteProtocolError
from ..protocol.options import Options, merge_options
from ..protocol.policy import ReconnectPolicy
from ..protocol.rest.base import NoOptions, Operation, RawResponse, Response
from ..telemetry.settings import Telemetry
from ..transport.credentials import Credentials
from ..transport.settings import Limits, RetryPolicy, Timeouts

if TYPE_CHECKING:
    import ssl

    from ..transport.bodies import Body
    from ..transport.http import HttpAnswer, HttpPool, HttpRequest
    from ..transport.websocket import WebSocket

__all__ = ["Backend", "CallParams", "raw_response", "split_params"]

O = TypeVar("O", bound=Options)  # noqa: E741 - conventional for a type variable
R = TypeVar("R", bound=Response)


class CallParams(TypedDict, total=False):
    """What every REST call takes.

    Attributes:
        timeout: seconds for the whole call, retries included; or `Timeouts` for the phases of each try.
        max_retries: tries after the first, instead of `RetryPolicy.max_retries`; 0 for none.
        extra_query: query parameters that this version does not know.
        extra_headers: additional request headers.
    """

    timeout: float | Timeouts | None
    max_retries: int | None
    extra_query: Mapping[str, Any] | None
    extra_headers: Mapping[str, str] | None


def split_params(cls: type[O], options: O | None, params: Mapping[str, Any]) -> tuple[O, CallParams]:
    """Part a call's keywords into its own options, merged with the struct and checked, and what every call takes.

    Raises:
        ConfigError: as for `merge_options`.
    """
    common = CallParams.__annotations__.keys()
    call: Any = {name: value for name, value in params.items() if name in common}
    return merge_options(cls, options, {name: value for name, value in params.items() if name not in common}), call


@dataclass(frozen=True, kw_only=True, eq=False)
class Backend:
    """A server, and how to talk to it.

    Attributes:
        api_url: base URL of the API, ``http`` or ``https``, without a trailing slash; path prefixes are kept.
        agent_url: base URL of the voice agent, likewise.
        credentials: who the caller is.
    """

    api_url: str
    agent_url: str
    credentials: Credentials
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    reconnect: ReconnectPolicy = field(default_factory=ReconnectPolicy)
    proxy: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    telemetry: Telemetry = field(default_factory=Telemetry)

    @cached_property
    def http(self) -> HttpPool:
        """The one pooled httpx client; open while the client that owns it is."""
        from ..transport.http import HttpPool

        return HttpPool(
            timeouts=self.timeouts,
            limits=self.limits,
            retry=self.retry,
            proxy=self.proxy,
            ssl_context=self.ssl_context,
            telemetry=self.telemetry,
        )

    async def call(
        self,
        operation: Operation[Any],
        params: CallParams,
        *,
        returns: type[R],
        fields: Mapping[str, str] | None = None,
        query: Options | None = None,
        body: msgspec.Struct | Body | None = None,
    ) -> R:
        """Make a REST call.

        Args:
            operation: which one.
            params: what the caller says about this call.
            returns: type of the answer.
            fields: what stands in the path's braces.
            query: query parameters.
            body: a JSON body, or any other.

        Raises:
            ConfigError: arguments that cannot work; before any I/O.
            ApiError: the server refused; its subclass tells why.
            ConnectError: it could not be reached.
            ConnectionClosed: the connection broke.
            TimeoutError: a deadline passed; its message says which.
            RemoteProtocolError: the answer is not what the API documents.
        """
        raw = await self.fetch(operation, params, fields=fields, query=query, body=body)
        try:
            result: R = _decoder(returns).decode(raw.content or b"{}")
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            name, request_id = f"{operation.method} {operation.path}", raw.headers.get("dg-request-id")
            raise RemoteProtocolError(
                f"the answer of {name} is not as documented: {error} (request {request_id})"
            ) from error
        result.attach(raw)
        return result

    async def fetch(
        self,
        operation: Operation[Any],
        params: CallParams,
        *,
        fields: Mapping[str, str] | None = None,
        query: Options | None = None,
        body: msgspec.Struct | Body | None = None,
    ) -> RawResponse:
        """Make a REST call, and return the answer whatever it is; see `call`."""
        request = self._request(operation, params, fields, query, body)
        answer, content = await self.http.request(
            request, deadline=params.get("timeout"), max_retries=params.get("max_retries")
        )
        return raw_response(answer, content)

    @asynccontextmanager
    async def stream(
        self,
        operation: Operation[Any],
        params: CallParams,
        *,
        query: Options,
        body: msgspec.Struct,
    ) -> AsyncIterator[HttpAnswer]:
        """Make a REST call whose answer is read piece by piece, within the block; see `call`."""
        request = self._request(operation, params, None, query, body)
        async with self.http.stream(
            request, deadline=params.get("timeout"), max_retries=params.get("max_retries")
        ) as answer:
            yield answer

    def _request(
        self,
        operation: Operation[Any],
        params: CallParams,
        fields: Mapping[str, str] | None,
        query: Options | None,
        body: msgspec.Struct | Body | None,
    ) -> HttpRequest:
        from ..transport.bodies import Body
        from ..transport.http import HttpRequest

        _check_params(params)
        base = self.agent_url if operation.agent_host else self.api_url
        text = (query or NoOptions()).to_query(params.get("extra_query"))
        if isinstance(body, msgspec.Struct):
            body = Body(_json(body), content_type="application/json")
        return HttpRequest(
            operation.method,
            f"{base}{operation.fill(fields or {})}" + (f"?{text}" if text else ""),
            f"{operation.method} {operation.path}",
            lambda: self._headers(params.get("extra_headers")),
            body,
        )

    def socket_url(self, path: str, query: str = "", *, agent: bool = False) -> str:
        """Return the URL of a socket route; see `open_websocket`."""
        base = self.agent_url if agent else self.api_url
        return f"ws{base.removeprefix('http')}{path}" + (f"?{query}" if query else "")

    async def open_websocket(
        self,
        path: str,
        query: str = "",
        *,
        agent: bool = False,
        extra_headers: Mapping[str, str] | None = None,
        trace_headers: Mapping[str, str] | None = None,
    ) -> WebSocket:
        """Connect to a socket route.

        Args:
            path: the route, from the slash on.
            query: the query string, encoded.
            agent: on the voice agent's host.
            extra_headers: win over all others but ``Authorization``.
            trace_headers: of the span of the session; all others win over them.

        Raises:
            ApiError: the server refused.
            ConnectError: it could not be reached.
            TimeoutError: it did not answer within `Timeouts.connect_s`.
        """
        from ..transport.websocket import connect_websocket

        return await connect_websocket(
            self.socket_url(path, query, agent=agent),
            {**(trace_headers or {}), **await self._headers(extra_headers)},
            ssl_context=self.ssl_context,
            proxy=self.proxy,
            timeouts=self.timeouts,
            limits=self.limits,
        )

    async def _headers(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        given: object = extra
        if given is not None and not (isinstance(given, Mapping) and all(isinstance(name, str) for name in given)):
            raise ConfigError("extra_headers must be a mapping of header names to values")
        headers = {"User-Agent": f"deepgram-anyio/{__version__}", **self.headers, **(extra or {})}
        authorization = await self.credentials.authorization()
        if authorization is not None:
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            headers["Authorization"] = authorization
        return headers


def _check_params(params: CallParams) -> None:
    unknown = set(params) - CallParams.__annotations__.keys()
    if unknown:
        raise ConfigError(f"unknown argument {min(unknown)!r}")
    timeout: object = params.get("timeout")
    retries: object = params.get("max_retries")
    if (
        timeout is not None
        and not isinstance(timeout, Timeouts)
        and not (_is_number(timeout, int, float) and timeout > 0)
    ):
        raise ConfigError(f"timeout must be seconds above 0, or Timeouts, not {timeout!r}")
    if retries is not None and not (_is_number(retries, int) and retries >= 0):
        raise ConfigError(f"max_retries must be a whole number from 0, not {retries!r}")


def _is_number(value: object, *kinds: type[int | float]) -> TypeGuard[float]:
    return isinstance(value, kinds) and not isinstance(value, bool)


def raw_response(answer: HttpAnswer, content: bytes = b"") -> RawResponse:
    """Return an answer as users see it."""
    return RawResponse(status=answer.status, headers=answer.headers, content=content, attempts=answer.attempts)


@cache
def _decoder(returns: type[R]) -> msgspec.json.Decoder[R]:
    return msgspec.json.Decoder(returns)


def _json(body: msgspec.Struct) -> bytes:
    try:
        return msgspec.json.encode(body)
    except (msgspec.MsgspecError, RecursionError, TypeError, ValueError) as error:
        raise ConfigError(f"cannot be sent as JSON: {error}") from error
