"""A server for a REST call and a socket alike, behind TLS or not, and the two ways to ask it by the public client."""

from __future__ import annotations

import json
import ssl
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache
from typing import Any, TypeAlias

import pytest
import trustme
from anyio.abc import ByteStream
from wsproto.events import CloseConnection, TextMessage

from deepgram_anyio import ClientConfig, DeepgramClient, RetryPolicy, Timeouts

from ..transport.peers import Handler, ServerEnd, proxying, read_head, read_to_end

__all__ = [
    "KEY",
    "KINDS",
    "PASSWORD",
    "Ask",
    "Proxying",
    "ask_rest",
    "ask_socket",
    "authority",
    "client",
    "client_tls",
    "everything_said",
    "kinds",
    "logged",
    "proxy_variables",
    "refusing_tls",
    "rest_and_socket",
    "server_tls",
]

KEY = "very-s3cret-key"
PASSWORD = "s3cret p@ss:word"

Ask: TypeAlias = Callable[[DeepgramClient], Awaitable[None]]


async def ask_rest(dg: DeepgramClient) -> None:
    """Make a REST call."""
    assert (await dg.manage.v1.projects.list()).projects == []


async def ask_socket(dg: DeepgramClient) -> None:
    """Open a socket, and close it in good order."""
    async with dg.listen.v1.connect(encoding="linear16", sample_rate=16000):
        pass


KINDS = {"REST": ask_rest, "socket": ask_socket}
kinds = pytest.mark.parametrize("ask", KINDS.values(), ids=KINDS.keys())


def client(url: str, **config: Any) -> DeepgramClient:
    """A client without retries, that waits for nothing longer than 5 s."""
    named: dict[str, Any] = {
        "base_url": url,
        "allow_insecure": True,
        "retry": RetryPolicy(max_retries=0),
        "timeouts": Timeouts(connect_s=5.0, read_s=5.0),
        **config,
    }
    return DeepgramClient(KEY, config=ClientConfig(**named))


class _Again(ByteStream):
    """A stream whose beginning is read once more."""

    def __init__(self, beginning: bytes, stream: ByteStream) -> None:
        self._beginning = beginning
        self._stream = stream

    async def receive(self, max_bytes: int = 65536) -> bytes:
        beginning, self._beginning = self._beginning, b""
        return beginning or await self._stream.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        await self._stream.send(item)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()


async def rest_and_socket(stream: ByteStream) -> None:
    """Answer a REST call, or a socket."""
    head = await read_head(stream)
    if b"upgrade: websocket" not in head.lower():
        body = b'{"projects": []}'
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        return
    end = await ServerEnd.accept(_Again(head, stream))
    async for event in end:
        if isinstance(event, TextMessage) and json.loads(event.data)["type"] == "CloseStream":
            await end.send(CloseConnection(code=1000))
        elif isinstance(event, CloseConnection):
            return


@cache
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts by default."""
    return trustme.CA()


def server_tls(*names: str, ca: trustme.CA | None = None, **issue: Any) -> ssl.SSLContext:
    """A server's settings, with a certificate for these names; by default for localhost."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    (ca or authority()).issue_cert(*(names or ("localhost",)), **issue).configure_cert(context)
    return context


def client_tls() -> ssl.SSLContext:
    """A client's settings, that trust the authority."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


def refusing_tls(context: ssl.SSLContext) -> Handler:
    """A server that says why it refuses a handshake, which anyio's does not; it takes none that succeeds."""

    async def handle(stream: ByteStream) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        with pytest.raises(ssl.SSLError) as caught:
            while True:
                with suppress(ssl.SSLWantReadError):
                    tls.do_handshake()
                    pytest.fail("the handshake was to fail")
                if outgoing.pending:
                    await stream.send(outgoing.read())
                incoming.write(await stream.receive())
        assert not isinstance(caught.value, ssl.SSLEOFError)
        await stream.send(outgoing.read())
        await read_to_end(stream)

    return handle


class Proxying:
    """A small HTTP proxy that also forwards, and keeps the heads of what it was asked; all hosts are this machine."""

    def __init__(self, *, authorization: bytes | None = None) -> None:
        self.heads: list[bytes] = []
        self._authorization = authorization

    async def __call__(self, stream: ByteStream) -> None:
        head = await read_head(stream)
        self.heads.append(head)
        if self._authorization is not None and b"Proxy-Authorization: %b\r\n" % self._authorization not in head:
            # Rude enough to repeat what it was told.
            await stream.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nX-Said: ")
            await stream.send(b"%b\r\nContent-Length: %d\r\n\r\n%b" % (head.split(b"\r\n")[1], len(head), head))
        elif head.startswith(b"CONNECT "):
            await proxying([])(_Again(head, stream))
        else:
            await rest_and_socket(_Again(head, stream))


def everything_said(error: BaseException, caplog: pytest.LogCaptureFixture) -> str:
    """All that an error and the logs tell."""
    said = ["".join(traceback.format_exception(type(error), error, error.__traceback__))]
    link: BaseException | None = error
    while link is not None:
        said += [str(link), repr(link), repr(vars(link))]
        link = link.__cause__ or link.__context__
    return "\n".join(said) + logged(caplog)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)


PROXY_VARIABLES = [f"{scheme}_PROXY" for scheme in ("HTTP", "HTTPS", "ALL", "NO")]


def proxy_variables(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Let the environment say nothing about proxies but this."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
