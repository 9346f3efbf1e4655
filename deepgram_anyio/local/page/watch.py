"""``/_page/events``: what happens on the server, as it happens.

It is a WebSocket, though events go one way only, because of what browsers do with one: they always say which page it
comes from; a key travels as with the API's own sockets, as a subprotocol and in no URL; it takes none of the few HTTP
connections that a browser keeps to one host, so that many pages can be open; and the end of either side is seen.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
from starlette.types import Receive, Scope, Send

from ...transport.tasks import background_tasks
from ..answers import Refusal, authorize, request_id_of
from ..asgi import refuse
from ..rest.accounts import Caller
from ..state import ServerState
from .events import encode
from .guard import HEADERS, check_host, check_origin
from .hub import Watcher

__all__ = ["EventSocket"]

_PAUSE_S = 0.05
"""Between two messages: what happens meanwhile goes into one."""

_HEARTBEAT_S = 5.0
"""A page that hears nothing for three times as long takes the connection for dead."""

_SEND_S = 20.0
_POLICY = 1008
_GOING_AWAY = 1001


class EventSocket:
    """An ASGI application for the one route."""

    def __init__(self, state: ServerState, require: Callable[[Caller], None]) -> None:
        """
        Args:
            state: what is watched.
            require: raises a `Refusal` of who may not watch.
        """
        self._state = state
        self._require = require

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            check_host(scope, self._state.settings.host)
            check_origin(scope, required=True)
            caller, subprotocol = self._admit(scope)
            with self._state.hub.watch(caller.project_id) as watcher:
                await send({"type": "websocket.accept", "subprotocol": subprotocol})
                await self._serve(scope, watcher, receive, send)
        except Refusal as refusal:
            headers = [*refusal.headers(), *HEADERS]
            await refuse(send, refusal.status, headers, refusal.body(request_id_of(scope)))

    def _admit(self, scope: Scope) -> tuple[Caller, str | None]:
        caller, subprotocol = authorize(scope, self._state.store.accounts)
        self._require(caller)
        return caller, subprotocol

    async def _serve(self, scope: Scope, watcher: Watcher, receive: Receive, send: Send) -> None:
        async with background_tasks() as tasks:

            async def run() -> None:
                code, reason = await self._tell(scope, watcher, send)
                with anyio.move_on_after(1.0):
                    await send({"type": "websocket.close", "code": code, "reason": reason})
                tasks.cancel_scope.cancel()

            tasks.start_soon(run)
            # Nothing that the page says means anything.
            while (await receive())["type"] != "websocket.disconnect":
                pass

    async def _tell(self, scope: Scope, watcher: Watcher, send: Send) -> tuple[int, str]:
        """Send events until there is a reason not to; return the close code and that reason."""
        while True:
            with anyio.move_on_after(_HEARTBEAT_S) as waiting:
                events = await watcher.next_batch()
            if waiting.cancelled_caught:
                events = []
            if watcher.stopped:
                return _GOING_AWAY, "the server is stopping"
            try:
                self._admit(scope)
            except Refusal:
                return _POLICY, "the key is good for this no more"
            with anyio.move_on_after(_SEND_S) as sending:
                await send({"type": "websocket.send", "text": encode(events)})
            if sending.cancelled_caught:
                return _POLICY, "the events were not taken"
            await anyio.sleep(_PAUSE_S)
