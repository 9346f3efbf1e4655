"""Middleware that makes the embedded server misbehave: refusals, and the faults of its streams.

The routes behind it know nothing of it, and without faults it is not there.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Final

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..transport.tasks import background_tasks
from .answers import ErrorForm, Refusal, request_id_of
from .asgi import refuse
from .fault_options import ABNORMAL, FaultOptions
from .rest.dispatch import refuse_request
from .stream_faults import KINDS, StreamFaults

__all__ = ["Misbehaving"]

_REFUSALS: Final = {
    401: ("INVALID_AUTH", "Invalid credentials."),
    402: ("ASR_PAYMENT_REQUIRED", "Project does not have enough credits for an ASR request."),
    403: ("INSUFFICIENT_PERMISSIONS", "User does not have sufficient permissions."),
    404: ("NOT_FOUND", "Not found."),
    408: ("REQUEST_TIMEOUT", "The request took too long."),
    413: ("PAYLOAD_TOO_LARGE", "The request is too large."),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
    503: ("SERVICE_UNAVAILABLE", "The service is unavailable."),
}
_OTHER_REFUSALS: Final = {
    4: ("Bad Request", "Bad Request: injected fault"),
    5: ("INTERNAL_SERVER_ERROR", "Something went wrong on our side."),
}


class Misbehaving:
    """An ASGI application in front of another."""

    def __init__(self, app: ASGIApp, options: FaultOptions) -> None:
        """
        Args:
            app: what would behave.
            options: what goes wrong.
        """
        self._app = app
        self._options = options
        self._refused = 0
        self._streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind, options = scope["type"], self._options
        if kind in ("http", "websocket") and self._refuses(kind):
            await _answer(self._refusal(scope["path"]), scope, receive, send)
        elif kind == "websocket" and scope["path"] in KINDS and self._streams < (options.connections or math.inf):
            self._streams += 1
            await _Stream(options, scope, receive, send, number=self._streams).run(self._app)
        else:
            await self._app(scope, receive, send)

    def _refuses(self, kind: str) -> bool:
        options = self._options
        meant = options.refuse_what in ("all", "sockets" if kind == "websocket" else "requests")
        if options.refuse_status is None or not meant or self._refused >= (options.refuse_count or math.inf):
            return False
        self._refused += 1
        return True

    def _refusal(self, path: str) -> Refusal:
        status, retry_after_s = self._options.refuse_status, self._options.retry_after_s
        assert status is not None
        code, message = _REFUSALS.get(status) or _OTHER_REFUSALS[status // 100]
        form = ErrorForm.MODERN if path.startswith("/v1/agent/") else ErrorForm.LEGACY
        headers = () if retry_after_s is None else (("retry-after", str(retry_after_s)),)
        return Refusal(status, code, message, form=form, extra_headers=headers)


async def _answer(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refuse_request(refusal, scope, receive, send)
        return
    await receive()  # websocket.connect
    await refuse(send, refusal.status, refusal.headers(), refusal.body(request_id_of(scope)))


class _Stream:
    """One socket between its application and the web server."""

    def __init__(self, options: FaultOptions, scope: Scope, receive: Receive, send: Send, *, number: int) -> None:
        self._options = options
        self._scope = scope
        self._receive = receive
        self._send = send
        self._number = number
        self._faults: StreamFaults | None = None  # from the 101 on
        self._writing = anyio.Lock()
        self._retimed = anyio.Event()
        self._closed = anyio.Event()
        self._disconnect: Message | None = None
        self._receiving = anyio.CancelScope()

    async def run(self, app: ASGIApp) -> None:
        """Serve the socket."""
        async with background_tasks() as tasks:
            tasks.start_soon(self._watch)
            await app(self._scope, self._app_receives, self._app_sends)

    async def _app_receives(self) -> Message:
        if self._disconnect is None:
            with anyio.CancelScope() as self._receiving:
                message = await self._receive()
                if self._faults is not None:
                    self._faults.hear(message, anyio.current_time())
                    self._retimed.set()
                return message
        assert self._disconnect is not None
        return self._disconnect

    async def _app_sends(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            await anyio.sleep(self._options.accept_delay_s)
            await self._send(message)
            self._begin()
        elif self._faults is None:
            await self._send(message)  # the application refuses the handshake
        else:
            self._faults.say(message, anyio.current_time())
            self._retimed.set()
            await self._write_due()
            if message["type"] == "websocket.close":
                await self._closed.wait()  # what is held back comes before it

    def _begin(self) -> None:
        path, query, request_id = self._scope["path"], self._scope["query_string"], request_id_of(self._scope)
        self._faults = StreamFaults(
            self._options, path, query, anyio.current_time(), request_id=request_id, number=self._number
        )
        self._retimed.set()

    async def _watch(self) -> None:
        """Do what time brings, and what the client's messages bring on."""
        while not self._closed.is_set():
            self._retimed = anyio.Event()
            deadline = None if self._faults is None else self._faults.next_deadline()
            with anyio.CancelScope(deadline=math.inf if deadline is None else deadline):
                await self._retimed.wait()
            await self._write_due()

    async def _write_due(self) -> None:
        async with self._writing:
            if self._faults is None:
                return
            for message in self._faults.take_due(anyio.current_time()):
                if message["type"] != "websocket.close":
                    await self._send(message)
                    continue
                await (_drop(self._send) if message["code"] == ABNORMAL else self._send(message))
                # The application learns of a close that it did not ask for as if it were the client's.
                self._disconnect = {**message, "type": "websocket.disconnect"}
                self._closed.set()
                self._receiving.cancel()


async def _drop(send: Send) -> None:
    """End a connection without a close frame, as soon as the application returns."""
    # ASGI has no message for it. But hypercorn takes a socket for closed before it makes a frame of the close; so with
    # one that it can make no frame of, none is sent, and only the TCP connection is left to close.
    with suppress(TypeError):
        await send({"type": "websocket.close", "code": None})
