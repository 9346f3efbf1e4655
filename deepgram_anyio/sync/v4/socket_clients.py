"""What the v4 socket clients have in common, blocking and async."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

import anyio
import anyio.lowlevel

from ...errors import ApiError, DeepgramError, LocalProtocolError
from ...protocol.rest.base import NoOptions
from ..loop import EventLoopThread
from .base import BaseOptions
from .bridge import wait_for
from .context import context_of
from .errors import DeepgramApiError, DeepgramTypeError
from .handlers import Dispatcher, Handlers, Runner, caller_runner
from .sockets import Devices, Player, SocketConnection, SocketKind, StartRequest
from .verboselogs import stderr_logger

if TYPE_CHECKING:
    from .client_options import DeepgramClientOptions

__all__ = ["AsyncSocketClient", "SocketClient", "SocketClientBase"]


F = TypeVar("F", bound=Callable[..., Any])


class SocketClientBase:
    """A client of one socket; it can be started again when it has finished.

    Attributes:
        last_error: what went wrong last: why a connection was refused, or broke; None while nothing did.
    """

    _kind: ClassVar[SocketKind]

    def __init__(self, config: DeepgramClientOptions) -> None:
        """
        Args:
            config: credentials, host and switches.
        """
        if config is None:
            raise DeepgramTypeError("config is required")
        self.last_error: BaseException | None = None
        self._config = config
        self._logger = stderr_logger(f"deepgram_anyio.sync.{type(self).__name__}", config.verbose)
        self._handlers = Handlers(self._kind.events)
        self._connection: SocketConnection | None = None
        self._delegate: Player | None = None

    @overload
    def on(self, event: str, handler: None = None) -> Callable[[F], F]: ...

    @overload
    def on(self, event: str, handler: F) -> F: ...

    def on(self, event: str, handler: Any = None) -> Any:
        """Call a function when something happens; several ones are called in the order of their registration.

        It may be called as ``connection.on(event, handler)``, or decorate the handler: ``@connection.on(event)``. The
        handler may be sync or async, and take ``(client, result, **kwargs)``, with the names of v4, or what happened
        alone. Handlers of a connection run one at a time. They may call all methods of the client; `finish` does not
        wait for them there. What one raises is logged and given to the handlers of ``Error``.

        Args:
            event: of `LiveTranscriptionEvents`, `SpeakWebSocketEvents` or `AgentWebSocketEvents`, or its name.
            handler: the function.
        """
        if handler is None:

            def decorate(function: F) -> F:
                self._handlers.on(event, function)
                return function

            return decorate
        self._handlers.on(event, handler)
        return handler

    def delegate_listening(self, delegate: Player) -> None:
        """Play the audio that comes on a `Speaker`, from the next `start` to `finish`."""
        self._delegate = delegate

    # For the blocking and the async client.

    def _devices(self) -> Devices:
        return Devices(speaker=self._delegate)

    def _fields(self, options: Any) -> Mapping[str, Any]:
        """Return options of any form as plain data."""
        if options is None:
            return {}
        if isinstance(options, BaseOptions):
            options.check()
            return options.to_dict()
        if isinstance(options, Mapping):
            return options
        raise DeepgramTypeError(f"options must be an options object or a dict, not {type(options).__name__}")

    def _query(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what of the options belongs into the query."""
        return fields

    def _prepare(
        self,
        options: Any,
        addons: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        members: Mapping[str, Any] | None,
        keywords: Mapping[str, Any],
        runner: Callable[[], Runner],
    ) -> SocketConnection:
        if self._connection is not None and self._connection.connected:
            raise LocalProtocolError("already connected: call finish() first")
        fields = self._fields(options)
        query = NoOptions().to_query({**self._query(fields), **(addons or {})})
        if members:
            self.__dict__.update(members)
        context = context_of(self._config)
        request = StartRequest(query, fields, headers or {}, self._config.options, self._devices())
        dispatcher = Dispatcher(self, self._handlers, keywords, runner(), contextvars.copy_context())
        dispatcher.log = self._logger
        connection = SocketConnection(context.loop, context.backend, self._kind, request, dispatcher)
        dispatcher.on_failure = lambda error: self._on_handler_failure(connection, error)
        self.last_error = None
        self._connection = connection
        return connection

    def _on_handler_failure(self, connection: SocketConnection, error: BaseException) -> None:
        if connection._dispatcher.stopped or self._config.options.get("termination_exception") is True:
            self.last_error = error
            connection.abort()

    def _refused(self, error: DeepgramError) -> bool:
        """The stream did not become usable."""
        self.last_error = error
        if _is_set(self._config.options.get("termination_exception_connect")):
            raise DeepgramApiError.from_api_error(error) if isinstance(error, ApiError) else error
        return False

    def _put(self, data: Any) -> SocketConnection | bool | None:
        """Send a message. Return whether it was taken, or the connection whose room is to be waited for."""
        connection = self._connection
        try:
            if type(data) is not bytes and type(data) is not str:
                data = _message(data)
            if connection is None:
                raise LocalProtocolError("not connected")
            return connection if data and connection.put(data) else True
        except DeepgramError as error:
            failure = connection.failure if connection is not None else None
            self.last_error = failure or error
            self._logger.warning("send: %s", self.last_error)
            if self._config.options.get("termination_exception_send") is True:
                raise
            return False

    def _finished(self, connection: SocketConnection, finished: bool) -> bool:
        self.last_error = self.last_error or connection.failure
        if self.last_error is not None and self._config.options.get("termination_exception") is True:
            raise self.last_error
        return finished


class _LoopRunner:
    """Runs the async handlers of blocking clients, whose callers have no loop."""

    def __init__(self, loop: EventLoopThread) -> None:
        self._loop = loop

    def run(self, function: Callable[[], Awaitable[None]]) -> None:
        try:
            self._loop.start_soon(function).result()
        except LocalProtocolError as error:
            raise RuntimeError(str(error)) from error


class SocketClient(SocketClientBase):
    """A blocking client of one socket. Its methods may be called from any thread."""

    def start(
        self,
        options: Any = None,
        addons: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> bool:
        """Connect, and wait until the stream is usable and the handlers of Open have returned.

        Args:
            options: parameters of the stream, in an options object or a dict.
            addons: more query parameters; they win over `options`.
            headers: additional request headers.
            members: become attributes of this object.
            kwargs: every handler gets them.

        Returns:
            Whether it worked. If not, the handlers of Error were told why, and `last_error` is the reason.

        Raises:
            DeepgramError: it did not, and the configuration has ``termination_exception_connect``.
            ConfigError: options or credentials that cannot work.
        """
        loop = context_of(self._config).loop
        connection = self._prepare(options, addons, headers, members, kwargs, lambda: _LoopRunner(loop))
        try:
            loop.call(connection.start)
        except DeepgramError as error:
            return self._refused(error)
        return True

    def is_connected(self) -> bool:
        """Return whether the connection is open."""
        return self._connection is not None and self._connection.connected

    def send(self, data: str | bytes | bytearray | memoryview) -> bool:
        """Send audio, or a JSON message as text. An empty message is left out.

        Returns at once, unless too much waits to be sent.

        Returns:
            Whether it was taken: not when the connection has ended.

        Raises:
            DeepgramError: it was not, and the configuration has ``termination_exception_send``.
        """
        waiting = self._put(data)
        if isinstance(waiting, SocketConnection):
            loop = waiting._loop
            if not loop.inside:
                loop.call(_room, waiting)
            return True
        return bool(waiting)

    def finish(self) -> bool:
        """End the stream: send what waits, let the handlers have all that still comes, and last of all Close.

        Within a handler it does not wait for that.

        Returns:
            True; False when a handler does not return.
        """
        connection = self._connection
        if connection is None:
            return True
        loop = connection._loop
        if connection.handling or loop.inside:
            loop.start_soon(connection.finish)
            return True
        return self._finished(connection, loop.call(connection.finish))


class AsyncSocketClient(SocketClientBase):
    """An async client of one socket, for asyncio and trio. Its connection lives on a loop of its own.

    A cancelled `start` or `finish` closes the connection at once.
    """

    async def start(
        self,
        options: Any = None,
        addons: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> bool:
        """Connect, and wait until the stream is usable and the handlers of Open have returned.

        See `SocketClient.start`. Async handlers run on the loop that this is called on.
        """
        await anyio.lowlevel.checkpoint()
        connection = self._prepare(options, addons, headers, members, kwargs, caller_runner)
        try:
            await wait_for(connection._loop.start_soon(connection.start))
        except DeepgramError as error:
            return self._refused(error)
        return True

    async def is_connected(self) -> bool:
        """Return whether the connection is open."""
        return self._connection is not None and self._connection.connected

    async def send(self, data: str | bytes | bytearray | memoryview) -> bool:
        """Send audio, or a JSON message as text. An empty message is left out.

        Waits while too much waits to be sent. Cancelled before that, it has sent nothing.

        Returns:
            Whether it was taken: not when the connection has ended.

        Raises:
            DeepgramError: it was not, and the configuration has ``termination_exception_send``.
        """
        await anyio.lowlevel.checkpoint()
        waiting = self._put(data)
        if isinstance(waiting, SocketConnection):
            await wait_for(waiting._loop.start_soon(_room, waiting))
            return True
        return bool(waiting)

    async def finish(self) -> bool:
        """End the stream: send what waits, let the handlers have all that still comes, and last of all Close.

        Within a handler it does not wait for that.

        Returns:
            True; False when a handler does not return.
        """
        await anyio.lowlevel.checkpoint()
        connection = self._connection
        if connection is None:
            return True
        finishing: Future[bool] = connection._loop.start_soon(connection.finish)
        if connection.handling:
            return True
        return self._finished(connection, await wait_for(finishing))


async def _room(connection: SocketConnection) -> None:
    with suppress(DeepgramError):  # the connection ended meanwhile, of which the handlers of Error are told
        await connection.room()


def _message(data: Any) -> bytes | str:
    if isinstance(data, str):
        return str(data)
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise DeepgramTypeError(f"data must be bytes or str, not {type(data).__name__}")


def _is_set(switch: object) -> bool:
    return bool(switch) and str(switch).lower() != "false"
