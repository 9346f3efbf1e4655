"""A proxy that notes sessions, those with the real service too: it sees what any client says, and what it is told."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx

from ..config import ClientConfig, resolve_hosts
from ..errors import ApiError, TransportError
from ..protocol.frames import Binary, Close, Frame, Text
from ..transport.hosts import is_loopback
from ..transport.websocket import WebSocket, connect_websocket
from .clients import ANY_KEY, Reachable
from .recording import FromClient, FromServer, Opened, RecordedFrame, Requested, Writer, said
from .redaction import kept_headers, scrubbed, scrubbed_bytes, scrubbed_query, secrets_of
from .wire import Incoming, serving

__all__ = ["RecordingProxy", "record"]

_AGENT = "/v1/agent/converse"
_ANSWER_S = 600.0
# These are of one connection only, and the onward one has its own.
_OWN = frozenset({"host", "upgrade", "connection", "content-length", "transfer-encoding", "expect", "accept-encoding"})
_HANDSHAKES = frozenset({"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"})


class RecordingProxy(Reachable):
    """A running proxy, made by `record`.

    Attributes:
        upstream: the server's base URL.
    """

    def __init__(self, url: str, api_key: str, *, upstream: str) -> None:
        super().__init__(url, api_key)
        self.upstream = upstream


@asynccontextmanager
async def record(
    path: str | Path,
    *,
    upstream: str = "https://api.deepgram.com",
    api_key: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[RecordingProxy]:
    """Run a proxy on a free loopback port, and note every message that passes, for `replay`.

    Credentials never get into the file: of the request's headers it has none, of the answer's only Deepgram's own, and
    in messages, queries and bodies whatever the client authenticated with, and every JSON field or parameter that is
    called like a key, a token or a password, is replaced by ``REDACTED``. What was said and heard is all there.

    Leaving the block, or its cancellation, ends all connections; what was recorded until then stays.

    Args:
        path: the file, which is overwritten.
        upstream: base URL of the server; for Deepgram's global one, agents go to their own host.
        api_key: what `RecordingProxy.client` authenticates with; None for ``DEEPGRAM_API_KEY``.
        ssl_context: for private certificate authorities.

    Yields:
        the running proxy.

    Raises:
        ConfigError: the file cannot be written, or the upstream is no URL.
    """
    hosts = resolve_hosts(ClientConfig(base_url=upstream))
    verify: ssl.SSLContext | bool = True if ssl_context is None else ssl_context
    outside = not is_loopback(urlsplit(hosts.api).hostname or "")
    async with httpx.AsyncClient(verify=verify, timeout=_ANSWER_S, trust_env=outside) as http:
        writer = Writer(path)
        try:
            recorder = _Recorder(writer, hosts.api, hosts.agent, http, ssl_context)
            async with serving(recorder.handle) as url:
                key = os.environ.get("DEEPGRAM_API_KEY") if api_key is None else api_key
                yield RecordingProxy(url, key or ANY_KEY, upstream=hosts.api)
        finally:
            writer.close()


class _Recorder:
    def __init__(
        self, writer: Writer, api: str, agent: str, http: httpx.AsyncClient, ssl_context: ssl.SSLContext | None
    ) -> None:
        self._writer = writer
        self._api = api
        self._agent = agent
        self._http = http
        self._ssl_context = ssl_context
        self._sessions = 0

    async def handle(self, incoming: Incoming) -> None:
        if incoming.is_handshake:
            await self._socket(incoming)
        else:
            await self._request(incoming)

    async def _socket(self, incoming: Incoming) -> None:
        self._sessions += 1
        secrets = secrets_of(incoming.headers)
        opened = partial(
            Opened, number=self._sessions, path=incoming.path, query=scrubbed_query(incoming.query, secrets)
        )
        base = self._agent if incoming.path == _AGENT else self._api
        headers = {name: value for name, value in incoming.headers.items() if name not in _OWN | _HANDSHAKES}
        try:
            onward = await connect_websocket(_target(base, incoming), headers, ssl_context=self._ssl_context)
        except (ApiError, TransportError) as error:
            status = error.status if isinstance(error, ApiError) else 502
            body = error.body if isinstance(error, ApiError) else str(error)
            kept = {"dg-request-id": error.request_id} if isinstance(error, ApiError) and error.request_id else {}
            kept["content-type"] = "application/json" if body.startswith("{") else "text/plain"
            self._writer.write(opened(status=status, headers=kept, body=scrubbed(body, secrets)))
            await incoming.answer(status, kept, body.encode())
            return
        self._writer.write(opened(status=101, headers=kept_headers(onward.response_headers)))
        relay = _Relay(self._writer, opened.keywords["number"], secrets)
        try:
            client = await incoming.accept(onward.response_headers)
            await relay.run(client, onward)
        finally:
            with anyio.CancelScope(shield=True):
                await onward.abort()

    async def _request(self, incoming: Incoming) -> None:
        began = anyio.current_time()
        secrets = secrets_of(incoming.headers)
        headers = {name: value for name, value in incoming.headers.items() if name not in _OWN}
        try:
            answer = await self._http.request(
                incoming.method, _target(self._api, incoming), headers=headers, content=incoming.body
            )
            status, content, kept = answer.status_code, answer.content, kept_headers(answer.headers)
        except httpx.HTTPError as error:
            status, content, kept = 502, f"{type(error).__name__}: {error}".encode(), {"content-type": "text/plain"}
        self._writer.write(
            Requested(
                method=incoming.method,
                path=incoming.path,
                query=scrubbed_query(incoming.query, secrets),
                body=_scrubbed_body(incoming.body, secrets),
                status=status,
                headers=kept,
                answer=_scrubbed_body(content, secrets),
                took_s=round(anyio.current_time() - began, 6),
            )
        )
        await incoming.answer(status, kept, content)


class _Relay:
    """One session: each message is noted before it is passed on, so that an answer to it comes after it."""

    def __init__(self, writer: Writer, number: int, secrets: frozenset[str]) -> None:
        self._writer = writer
        self._number = number
        self._secrets = secrets
        self._began = anyio.current_time()
        self._closed = False

    async def run(self, client: WebSocket, server: WebSocket) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._pass, server, client, FromServer)
            await self._pass(client, server, FromClient)

    async def _pass(self, source: WebSocket, sink: WebSocket, cls: type[RecordedFrame]) -> None:
        try:
            while not self._closed:
                frames = await source.receive_batch()
                for frame in frames:
                    self._note(cls, frame)
                onward = [frame for frame in frames if isinstance(frame, (Text, Binary))]
                if onward:
                    await sink.send_batch(onward)
                if isinstance(frames[-1], Close):
                    await self._end(sink, frames[-1])
        except TransportError:
            await source.abort()  # the sink is gone, and how it went is noted the other way

    def _note(self, cls: type[RecordedFrame], frame: Frame) -> None:
        if self._closed:
            return  # what follows a close is the answer to it
        # The server's messages are to be replayed byte for byte; only the credential itself would go.
        if isinstance(frame, Text):
            text = frame.data if isinstance(frame.data, str) else bytes(frame.data).decode()
            frame = Text(scrubbed(text, self._secrets, named=cls is FromClient))
        elif isinstance(frame, Binary):
            frame = Binary(scrubbed_bytes(bytes(frame.data), self._secrets))
        event = said(cls, self._number, anyio.current_time() - self._began, frame)
        if event is not None:
            self._writer.write(event)

    async def _end(self, sink: WebSocket, close: Close) -> None:
        first, self._closed = not self._closed, True
        if not first:
            return
        if close.code == 1006:
            await sink.abort()
        else:
            await sink.close(close.code, close.reason)


def _target(base: str, incoming: Incoming) -> str:
    return f"{base}{incoming.path}{'?' + incoming.query if incoming.query else ''}"


def _scrubbed_body(data: bytes, secrets: frozenset[str]) -> bytes:
    try:
        return scrubbed(data.decode(), secrets).encode()
    except UnicodeDecodeError:
        return scrubbed_bytes(data, secrets)
