"""The server's end of a socket, as ASGI shows it, in the form that a session drives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio
from starlette.types import Receive, Scope, Send

from ..protocol.frames import Binary, Close, Frame, Text

__all__ = ["REQUEST_ID", "AsgiChannel", "Drained", "RequestIds", "header", "refuse"]

REQUEST_ID = "dg-request-id"
_QUIET_S = 0.1
_DRAIN_S = 10.0


class AsgiChannel:
    """A `FrameChannel` over an accepted ASGI WebSocket. Pings are the web server's business, not ours."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._open = True

    @property
    def failure(self) -> None:
        """Always None: ASGI tells no more than the close code."""
        return None

    async def receive_batch(self) -> list[Frame]:
        message = await self._receive()
        if message["type"] != "websocket.receive":
            self._open = False
            return [Close(message.get("code") or 1005, message.get("reason") or "")]
        text = message.get("text")
        return [Text(text) if text is not None else Binary(message["bytes"])]

    async def send_batch(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            if isinstance(frame, Text):
                text = frame.data if isinstance(frame.data, str) else bytes(frame.data).decode()
                await self._send({"type": "websocket.send", "text": text})
            elif isinstance(frame, Binary):
                await self._send({"type": "websocket.send", "bytes": bytes(frame.data)})

    def send_at_once(self, frame: Binary) -> bool:
        """Always False: ASGI sends only while one waits."""
        return False

    @property
    def unfinished(self) -> bool:
        """Always False."""
        return False

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if self._open:
            self._open = False
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def abort(self) -> None:
        # The web server closes the socket when the application returns.
        self._open = False


class Drained:
    """Middleware: takes what still comes for a socket when the application has returned, until the web server is done.

    Hypercorn's queue of a socket is bounded, and it waits for room in it, even for word of the end: what nobody takes
    would hold the connection's tasks and its socket for ever.
    """

    def __init__(self, app: Any, start_soon: Callable[..., object]) -> None:
        """
        Args:
            app: the application.
            start_soon: starts a task that outlives a request.
        """
        self._app = app
        self._start_soon = start_soon

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        disconnected = anyio.Event()

        async def noting() -> Any:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                disconnected.set()
            return message

        try:
            await self._app(scope, noting, send)
        finally:
            self._start_soon(self._drain, noting, disconnected)

    async def _drain(self, receive: Receive, disconnected: anyio.Event) -> None:
        with anyio.move_on_after(_DRAIN_S):
            while not disconnected.is_set():
                await receive()
        # Messages that were read together with the end may come behind it.
        with anyio.move_on_after(_QUIET_S):
            while True:
                await receive()


class RequestIds:
    """Middleware: gives every request an identifier and puts it on every answer, refusals and 101 included."""

    def __init__(self, app: Any, new_id: Any) -> None:
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = self._new_id()
        scope[REQUEST_ID] = request_id

        async def send_with_id(message: Any) -> None:
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                headers = [*message.get("headers", ()), (REQUEST_ID.encode(), request_id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_id)


def header(scope: Scope, name: str) -> str | None:
    """Return the first request header of a name, in lower case; None when there is none."""
    wanted = name.encode("latin-1")
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), None)


async def refuse(send: Send, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
    """Answer a WebSocket handshake with an HTTP error."""
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
    await send({"type": "websocket.http.response.start", "status": status, "headers": raw})
    await send({"type": "websocket.http.response.body", "body": body})
