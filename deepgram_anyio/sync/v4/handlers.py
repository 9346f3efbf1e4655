"""Event handlers: registered functions of any shape, called one at a time, in order, off the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias

import msgspec

from ...transport.clock import running_trio
from ...transport.logs import log_failure, project_logger
from .base import BaseResponse
from .errors import DeepgramTypeError
from .responses_common import ErrorResponse, UnhandledResponse

__all__ = ["AsyncioRunner", "Dispatcher", "EventKind", "Handler", "Handlers", "Happening", "Runner", "caller_runner"]

_log = project_logger("sync")

_CLIENT_NAMES = frozenset({"client", "connection", "self"})

Happening: TypeAlias = tuple[str | None, Any]
"""What happened: a message's type and the message as it came; or an event's name and what its handlers get."""


@dataclass(frozen=True)
class EventKind:
    """How the handlers of an event are called.

    Attributes:
        keyword: the parameter that takes what happened.
        response: what a message becomes; None when handlers get what came.
        positional: v4 passes it by position, not by keyword.
        known_to_v4: else it is given to the handlers of ``Unhandled`` when it has none.
    """

    keyword: str
    response: type[BaseResponse] | None = None
    positional: bool = False
    known_to_v4: bool = True


class Handler:
    """One registered function.

    Attributes:
        is_async: calling it makes a coroutine.
        name: for error messages.
    """

    def __init__(self, function: Callable[..., Any], kind: EventKind) -> None:
        self.is_async: bool = _is_async(function)
        self.name: str = getattr(function, "__qualname__", None) or repr(function)
        self._function = function
        self._kind = kind
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):  # a builtin that does not tell
            parameters = [inspect.Parameter("event", inspect.Parameter.POSITIONAL_ONLY)]
        kinds = {parameter.kind for parameter in parameters}
        self._takes_more_positions = inspect.Parameter.VAR_POSITIONAL in kinds
        self._takes_more_keywords = inspect.Parameter.VAR_KEYWORD in kinds
        by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        self._positions = [parameter for parameter in parameters if parameter.kind in by_position]
        self._keywords = {
            parameter.name
            for parameter in parameters
            if parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        }

    def bind(self, client: object, keywords: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Return the function of what happened alone.

        It gets the client first where it has room for it, what happened by keyword or by position, and of the keywords
        those that it takes.
        """
        function, keyword = self._function, self._kind.keyword
        first, by_keyword = self._shape(client, keywords)
        extra = {
            name: value
            for name, value in keywords.items()
            if name != keyword and (self._takes_more_keywords or name in self._keywords)
        }
        if by_keyword is None:
            return lambda _: function(*first, **extra)
        if by_keyword:
            return lambda event: function(*first, **{keyword: event}, **extra)
        if extra:
            return lambda event: function(*first, event, **extra)
        return partial(function, *first)

    def _shape(self, client: object, keywords: Mapping[str, Any]) -> tuple[tuple[object, ...], bool | None]:
        """Return what comes first, and whether what happened comes by keyword; None for not at all."""
        keyword = self._kind.keyword
        names = [parameter.name for parameter in self._positions if parameter.name not in keywords]
        needed = [name for name in names if self._is_needed(name)]
        if keyword in names:
            first = () if names[0] == keyword else (client,)
            return first, self._positions[len(first)].name != keyword
        if keyword in self._keywords:
            return (client,) if names or self._takes_more_positions else (), True
        if len(needed) >= 2 or (len(names) >= 2 and names[0] in _CLIENT_NAMES):
            return (client,), False
        if self._takes_more_keywords:
            if needed or names:
                return (client,), True
            return (client,) if self._takes_more_positions else (), not (
                self._takes_more_positions and self._kind.positional
            )
        if self._takes_more_positions and not needed:
            return (client,), False
        if len(needed) == 1 or len(names) == 1:
            return (), False
        return ((client,), False) if names else ((), None)

    def _is_needed(self, name: str) -> bool:
        return any(
            parameter.name == name and parameter.default is inspect.Parameter.empty for parameter in self._positions
        )


def _is_async(function: Any) -> bool:
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - asks what it is


class Handlers:
    """The handlers of a client, by event.

    Attributes:
        kinds: the events that there are.
    """

    def __init__(self, kinds: Mapping[str, EventKind]) -> None:
        self.kinds = kinds
        self._lists: dict[str, list[Handler]] = {}

    def on(self, event: str, handler: Callable[..., Any]) -> None:
        """Register a handler.

        Raises:
            DeepgramTypeError: it cannot be called.
        """
        if not callable(handler):
            raise DeepgramTypeError(f"a handler must be callable, not {type(handler).__name__}")
        if event not in self.kinds:
            _log.warning("there is no event %s here: its handler will never be called", event)
            return
        self._lists.setdefault(event, []).append(Handler(handler, self.kinds[event]))

    def of(self, event: str) -> Sequence[Handler]:
        """Return the handlers of an event, in the order of their registration."""
        return self._lists.get(event, ())


class Runner(Protocol):
    """Runs async handlers."""

    def run(self, function: Callable[[], Awaitable[None]]) -> None:
        """Run a coroutine function to its end, from a thread outside the loop.

        Raises:
            RuntimeError: the loop is not there any more.
        """


class AsyncioRunner:
    """Runs async handlers on an asyncio event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, function: Callable[[], Awaitable[None]]) -> None:
        """Run a coroutine function; see `Runner`."""

        async def call() -> None:
            await function()

        coroutine = call()
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise
        future.result()


class _TrioRunner:
    def __init__(self, token: Any) -> None:
        self._token = token

    def run(self, function: Callable[[], Awaitable[None]]) -> None:
        import trio

        trio.from_thread.run(function, trio_token=self._token)


def caller_runner() -> Runner:
    """Return what runs async handlers on the event loop of the caller."""
    trio = running_trio()
    if trio is not None:
        return _TrioRunner(trio.lowlevel.current_trio_token())
    return AsyncioRunner(asyncio.get_running_loop())


class Dispatcher:
    """Calls the handlers of one connection, in worker threads, in one copy of the context.

    Attributes:
        handled: how much has happened and was dealt with so far.
        stopped: nothing more is to be dealt with.
        busy: handlers run now.
        context: in which they do.
        on_failure: called with what a handler raised.
        on_audio: called with audio, before its handlers.
        log: where failures are noted.
    """

    def __init__(
        self,
        client: object,
        handlers: Handlers,
        keywords: Mapping[str, Any],
        runner: Runner,
        context: contextvars.Context,
    ) -> None:
        """
        Args:
            client: whom handlers are told of.
            handlers: its handlers.
            keywords: what every handler gets besides.
            runner: runs async handlers.
            context: in which all are called.
        """
        self.handled: int = 0
        self.stopped: bool = False
        self.busy: bool = False
        self.on_failure: Callable[[BaseException], None] = lambda _: None
        self.on_audio: Callable[[bytes], object] | None = None
        self.log: logging.Logger = _log
        self._client = client
        self._handlers = handlers
        self._keywords = keywords
        self._runner = runner
        self.context = context
        self._bound: dict[Handler, Callable[[Any], Any]] = {}
        self._one_at_a_time = threading.Lock()

    def wants(self, happenings: Sequence[Happening]) -> bool:
        """Return whether there is anything to call; if not, what happened is dealt with."""
        if self.on_audio is not None or any(self._event_of(name)[1] for name, _ in happenings):
            return True
        self.handled += len(happenings)
        return False

    def deliver(self, happenings: Sequence[Happening]) -> None:
        """Deal with what happened: call all handlers, and return when the last one has returned. Never raises."""
        # A handler that was given up, because the connection was, may still run: others wait for it.
        with self._one_at_a_time:
            self.busy = True
            try:
                self.context.run(self._deliver, happenings)
            finally:
                self.busy = False

    def _deliver(self, happenings: Sequence[Happening]) -> None:
        asynchronous: list[tuple[str, Handler, Any]] = []
        for name, message in happenings:
            if self.stopped:
                break
            event, handlers = self._event_of(name)
            if event == "AudioData" and self.on_audio is not None:
                self._call(event, None, self.on_audio, bytes(message))
            if handlers:
                payload = self._payload(event, name, message)
                for handler in handlers:
                    if handler.is_async:
                        asynchronous.append((event, handler, payload))
                        continue
                    self._run_asynchronous(asynchronous)
                    self._call(event, handler, self._bind(handler), payload)
            if not asynchronous:
                self.handled += 1
        self._run_asynchronous(asynchronous)

    def _event_of(self, name: str | None) -> tuple[str, Sequence[Handler]]:
        kind = self._handlers.kinds.get(name) if name is not None else None
        if kind is not None and name is not None:
            handlers = self._handlers.of(name)
            if handlers or kind.known_to_v4:
                return name, handlers
        return "Unhandled", self._handlers.of("Unhandled")

    def _payload(self, event: str, name: str | None, message: Any) -> Any:
        if isinstance(message, BaseResponse):
            return message
        if event == "Unhandled":
            return UnhandledResponse(type=event, raw=_text(message))
        response = self._handlers.kinds[event].response
        if response is None:
            return bytes(message)
        return response.from_dict(msgspec.json.decode(message))

    def _bind(self, handler: Handler) -> Callable[[Any], Any]:
        bound = self._bound.get(handler)
        if bound is None:
            bound = self._bound[handler] = handler.bind(self._client, self._keywords)
        return bound

    def _call(self, event: str, handler: Handler | None, function: Callable[[Any], Any], payload: Any) -> None:
        failure: BaseException
        try:
            result = function(payload)
            if result is not None and inspect.isawaitable(result):
                self._runner.run(partial(_wait_for, result))
        except BaseException as error:  # noqa: BLE001 - of the program, told to the program
            failure = error
        else:
            return
        self._report(event, handler, failure)

    def _run_asynchronous(self, calls: list[tuple[str, Handler, Any]]) -> None:
        """Run async handlers one after another, with one switch to their loop for all of them."""
        while calls and not self.stopped:
            done = 0

            async def run() -> None:
                nonlocal done
                for _, handler, payload in calls:
                    done += 1
                    await self._bind(handler)(payload)
                    self.handled += 1

            failure: BaseException | None = None
            try:
                self._runner.run(run)
            except BaseException as error:  # noqa: BLE001 - of the program, told to the program
                failure = error
            if failure is not None and done == 0:
                # Their loop did not even begin: it is gone, and so are those who would hear of it.
                self.stopped = True
                self.on_failure(failure)
            elif failure is not None:
                event, handler, _ = calls[done - 1]
                self._report(event, handler, failure)
            del calls[: max(1, done)]
        calls.clear()

    def _report(self, event: str, handler: Handler | None, error: BaseException) -> None:
        name = handler.name if handler is not None else "the loudspeaker"
        log_failure(self.log, logging.ERROR, f"{name}, handler of {event}, raised", error)
        if isinstance(error, CancelledError):
            return  # with the loop that it ran on
        self.on_failure(error)
        if event == "Error":
            return
        response = ErrorResponse(
            description=f"Exception in a handler of {event}",
            message=f"{name}: {type(error).__name__}: {error}",
            type="Exception",
        )
        for told in self._handlers.of("Error"):
            if told.is_async:
                self._run_asynchronous([("Error", told, response)])
            else:
                self._call("Error", told, self._bind(told), response)


async def _wait_for(result: Awaitable[Any]) -> None:
    await result


def _text(message: Any) -> str:
    return message if isinstance(message, str) else bytes(message).decode("utf-8", "replace")
