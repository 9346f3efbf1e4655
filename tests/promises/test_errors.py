"""The promise: whatever goes wrong is one typed error that says why, and no key shows in it, or in a log."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from anyio.abc import ByteStream
from wsproto.events import CloseConnection

from deepgram_anyio import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConnectError,
    ConnectionClosed,
    DeepgramClient,
    DeepgramError,
    DeepgramTimeoutError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    Timeouts,
)

from ..network.peers import KEY, Ask, ask_socket, client, everything_said, kinds, proxy_variables
from ..stand_in import NEVER, Api, api
from ..transport.peers import ServerEnd, answering, read_to_end, serving
from .ear import RAW

pytestmark = pytest.mark.anyio

STATUSES = [
    (400, BadRequestError),
    (401, AuthenticationError),
    (402, PaymentRequiredError),
    (403, PermissionDeniedError),
    (404, NotFoundError),
    (429, RateLimitError),
    (500, ServerError),
    (503, ServerError),
]


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch)


@kinds
@pytest.mark.parametrize(("status", "kind"), STATUSES)
async def test_a_refusal_says_why_and_by_which_request_and_shows_no_key(
    ask: Ask, status: int, kind: type[ApiError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = json.dumps({"err_code": "NO_LUCK", "err_msg": "not today", "request_id": "r-1"}).encode()
    answer = b"HTTP/1.1 %d No\r\ndg-request-id: r-1\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)
    async with serving(answering(answer)) as peer, client(f"http://127.0.0.1:{peer.port}") as dg:
        with pytest.raises(DeepgramError) as caught:
            await ask(dg)
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.code, error.message, error.request_id) == (status, "NO_LUCK", "not today", "r-1")
    assert str(error) == f"not today (HTTP {status}, NO_LUCK, request r-1)"
    assert KEY not in everything_said(error, caplog) + repr(dg) + repr(vars(dg))


async def _mute(stream: ByteStream) -> None:
    await read_to_end(stream)


@asynccontextmanager
async def _closed_port() -> AsyncIterator[str]:
    async with serving(_mute) as peer:
        url = f"http://127.0.0.1:{peer.port}"
    yield url


@asynccontextmanager
async def _unknown_host() -> AsyncIterator[str]:
    yield "https://no-such-host.invalid"


@asynccontextmanager
async def _silent() -> AsyncIterator[str]:
    async with serving(_mute) as peer:
        yield f"http://127.0.0.1:{peer.port}"


@asynccontextmanager
async def _no_http() -> AsyncIterator[str]:
    async with serving(answering(b"\x00\xff no HTTP \r\n\r\n")) as peer:
        yield f"http://127.0.0.1:{peer.port}"


@kinds
@pytest.mark.parametrize(
    ("where", "kind"),
    [
        (_closed_port, ConnectError),
        (_unknown_host, ConnectError),
        (_silent, DeepgramTimeoutError),
        (_no_http, DeepgramError),
    ],
)
async def test_a_server_that_is_not_there_is_a_typed_error_without_the_key(
    ask: Ask,
    where: Callable[[], AbstractAsyncContextManager[str]],
    kind: type[DeepgramError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with where() as url, client(url, timeouts=Timeouts(connect_s=2.0, read_s=0.2)) as dg:
        if where is _silent and ask is ask_socket:
            dg = client(url, timeouts=Timeouts(connect_s=0.2))
        with pytest.raises(kind) as caught:
            await ask(dg)
    assert str(caught.value)
    assert KEY not in everything_said(caught.value, caplog) + repr(dg) + repr(vars(dg))


@pytest.mark.parametrize(("code", "reason"), [(1011, "NET-0001"), (1008, "DATA-0000"), (1006, "")])
async def test_a_close_says_its_code_its_reason_and_its_request(
    code: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def close(_: Api, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", b"request-1")])
        if code != 1006:
            await end.send(CloseConnection(code, reason))

    caplog.set_level(logging.DEBUG)
    async with api(close) as server, client(server.url) as dg:
        with pytest.raises(ConnectionClosed) as caught:
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection:
                async for _ in connection:
                    pass
    error = caught.value
    assert (error.code, error.reason, error.request_id) == (code, reason, "request-1")
    assert reason in str(error)
    assert "request-1" in str(error)
    assert KEY not in everything_said(error, caplog) + repr(connection)


@pytest.mark.parametrize("key", [KEY + "\n", f"{KEY} ", f"“{KEY}”", ""])
async def test_a_key_that_cannot_be_one_is_refused_before_any_io_and_not_shown(
    key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigError, match="api_key") as caught:
        DeepgramClient(key)
    assert KEY not in everything_said(caught.value, caplog)


async def test_a_key_is_not_sent_in_plain_text_to_another_machine(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigError, match="without TLS") as caught:
        DeepgramClient(KEY, base_url="http://192.0.2.1")
    assert KEY not in everything_said(caught.value, caplog)
