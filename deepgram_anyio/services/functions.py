"""Functions that an agent calls and the client runs: each call a task of the connection's own."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from ..errors import DeepgramError
from ..protocol.agent import FunctionCall, FunctionCallCancelled, FunctionCallResponse
from ..protocol.agent_machine import AgentMachine
from ..protocol.functions import ClientFunction, encode_error, encode_result
from ..transport.logs import log_failure, project_logger
from ..transport.session import Session

__all__ = ["FunctionCalls"]

_logger = project_logger()


class FunctionCalls:
    """Runs what the server asks for, as soon as it asks, several calls at once; and answers it.

    Nothing that a function does can end the conversation: what it raises becomes the answer.
    """

    def __init__(self, session: Session[AgentMachine], functions: Mapping[str, ClientFunction]) -> None:
        self._session = session
        self._functions = functions
        self._running: dict[str, anyio.CancelScope] = {}

    def follow(self) -> None:
        """Begin the calls that were asked for, and cancel those that are no longer wanted."""
        calls = self._session.machine.calls
        while calls:
            event = calls.popleft()
            if isinstance(event, FunctionCallCancelled):
                for cancelled in event.functions:
                    if cancelled.id in self._running:
                        self._running[cancelled.id].cancel()
            else:
                for call in event.functions:
                    if call.client_side:
                        self._running[call.id] = self._session.start_soon(partial(self._answer, call))

    async def _answer(self, call: FunctionCall) -> None:
        try:
            content = await self._content(call)
            response = FunctionCallResponse(id=call.id, name=call.name, content=content)
            await self._session.call(lambda now: self._session.machine.send(response, now))
        except DeepgramError as error:
            _logger.info("function %s: nobody waits for its result any more: %s", call.name, error)
        finally:
            self._running.pop(call.id, None)

    async def _content(self, call: FunctionCall) -> str:
        function = self._functions.get(call.name)
        if function is None:
            _logger.warning("the agent called %r, a function that it was not given", call.name)
            return encode_error(LookupError(f"no function {call.name!r}"))
        try:
            args, kwargs = function.bind(call.arguments)
            return encode_result(await _run(function.function, args, kwargs))
        except Exception as error:  # noqa: BLE001 - it is the agent's to deal with
            log_failure(_logger, logging.WARNING, f"function {call.name} failed", error)
            return encode_error(error)


async def _run(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    call = partial(function, *args, **kwargs)
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004
        return await call()
    # A cancelled call does not wait for its thread: nothing can stop that, and its result is of no use.
    # The list hides an awaitable, which trio takes for a mistake.
    (result,) = await anyio.to_thread.run_sync(lambda: [call()], abandon_on_cancel=True)
    return await result if inspect.isawaitable(result) else result
