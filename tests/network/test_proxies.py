"""HTTP proxies, polite and rude, for a REST call and for a socket alike."""

from __future__ import annotations

import logging
import socket
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from anyio.abc import ByteStream

from deepgram_anyio import ClientConfig, RetryPolicy, Timeouts, errors

from ..transport.peers import Handler, answering, read_head, read_to_end, serving
from .peers import (
    KEY,
    PASSWORD,
    Ask,
    Proxying,
    ask_rest,
    ask_socket,
    client,
    client_tls,
    everything_said,
    kinds,
    logged,
    proxy_variables,
    rest_and_socket,
    server_tls,
)

pytestmark = pytest.mark.anyio

HOST = "api.example.invalid"  # which only the proxies know
BASIC = b"Basic " + b64encode(f"user:{PASSWORD}".encode())
CREDENTIALS = f"user:{quote(PASSWORD, safe='')}@"
SCHEMES = pytest.mark.parametrize("scheme", ["http", "https"])


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch)


def tells_a_secret(said: str) -> bool:
    """Whether a password, or a key, shows, in whatever form."""
    return any(form in said for form in (PASSWORD, quote(PASSWORD, safe=""), BASIC[6:].decode(), KEY))


@kinds
@SCHEMES
@pytest.mark.parametrize("credentials", ["", CREDENTIALS], ids=["open", "with a password"])
async def test_through_a_proxy(ask: Ask, scheme: str, credentials: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    proxying = Proxying(authorization=BASIC if credentials else None)
    server = serving(rest_and_socket, ssl_context=server_tls(HOST) if scheme == "https" else None)
    async with server as peer, serving(proxying) as proxy:
        config: dict[str, Any] = {
            "ssl_context": client_tls(),
            "proxy": f"http://{credentials}127.0.0.1:{proxy.port}",
        }
        async with client(f"{scheme}://{HOST}:{peer.port}", **config) as dg:
            await ask(dg)
        assert not tells_a_secret(f"{dg!r}{dg._backend!r}{ClientConfig(**config)!r}{logged(caplog)}")
    (head,) = proxying.heads
    if scheme == "http" and ask is ask_rest:
        assert head.startswith(b"GET http://%b:%d/v1/projects HTTP/1.1\r\n" % (HOST.encode(), peer.port))
    else:
        assert head.startswith(b"CONNECT %b:%d HTTP/1.1\r\n" % (HOST.encode(), peer.port))
        assert KEY.encode() not in head


@kinds
@SCHEMES
async def test_a_proxy_behind_tls(ask: Ask, scheme: str) -> None:
    proxying = Proxying(authorization=BASIC)
    server = serving(rest_and_socket, ssl_context=server_tls(HOST) if scheme == "https" else None)
    async with server as peer, serving(proxying, ssl_context=server_tls("localhost")) as proxy:
        url, via = f"{scheme}://{HOST}:{peer.port}", f"https://{CREDENTIALS}localhost:{proxy.port}"
        async with client(url, ssl_context=client_tls(), proxy=via) as dg:
            await ask(dg)
        assert len(proxying.heads) == 1
        for address, context, text in (
            ("localhost", None, "unable to get local issuer"),
            ("127.0.0.1", client_tls(), "mismatch"),
        ):
            via = f"https://{CREDENTIALS}{address}:{proxy.port}"
            async with client(url, ssl_context=context, proxy=via) as dg:
                with pytest.raises(
                    errors.ConnectError, match=rf"proxy {address}:{proxy.port}: TLS certificate not trusted: .*{text}"
                ):
                    await ask(dg)
        assert len(proxying.heads) == 1  # what it did not see was no password either


@kinds
@SCHEMES
@pytest.mark.parametrize(
    ("credentials", "text"),
    [("", "asks for a user name and password"), ("user:wr%2Fong@", "refused the user name or password")],
    ids=["none", "wrong"],
)
async def test_a_password_that_the_proxy_refuses(
    ask: Ask, scheme: str, credentials: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    proxying = Proxying(authorization=BASIC)
    async with serving(proxying) as proxy:
        policy = RetryPolicy(max_retries=3, first_s=0.001)
        via = f"http://{credentials}127.0.0.1:{proxy.port}"
        async with client(f"{scheme}://{HOST}:9", proxy=via, retry=policy) as dg:
            with pytest.raises(
                errors.ConnectError, match=rf"proxy 127\.0\.0\.1:{proxy.port}.* HTTP 407; it {text}"
            ) as caught:
                await ask(dg)
        await proxy.all_closed(accepted=1)
    assert len(proxying.heads) == 1  # a wrong password that is repeated can lock an account
    said = everything_said(caught.value, caplog)
    if scheme == "https" or ask is ask_socket:  # else httpcore logs at DEBUG what the proxy repeats
        assert b64encode(b"user:wr/ong").decode() not in said
    assert "wr/ong" not in said
    assert "wr%2Fong" not in said
    assert KEY not in said
    assert isinstance(caught.value.__cause__, errors.ApiError)
    assert caught.value.__cause__.status == 407


async def _silent(stream: ByteStream) -> None:
    await read_to_end(stream)


async def _plain(stream: ByteStream) -> None:
    """Speak no TLS to who does."""
    await stream.receive()
    await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def _rude(stream: ByteStream) -> None:
    await stream.receive()


RUDE: dict[str, tuple[Handler, str]] = {
    "502": (answering(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "HTTP 502"),
    "403 with a page": (answering(b"HTTP/1.0 403 Forbidden\r\n\r\n<html>no</html>"), "HTTP 403"),
    "redirect": (answering(b"HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\n\r\n"), "HTTP 302"),
    "not HTTP": (answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "does not answer in HTTP"),
    "head without end": (answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), "does not answer in HTTP"),
    "data too early": (answering(b"HTTP/1.1 200 Yes\r\n\r\nHTTP/1.1 101 Hi\r\n\r\n"), "before anyone asked"),
    "closes": (answering(), "closed the connection"),
    "leaves": (_rude, "closed the connection|reset by peer"),
}


@kinds
@pytest.mark.parametrize(("handler", "text"), RUDE.values(), ids=RUDE.keys())
async def test_rude_proxies(ask: Ask, handler: Handler, text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(handler) as proxy:
        async with client(f"https://{HOST}", proxy=f"http://{CREDENTIALS}127.0.0.1:{proxy.port}") as dg:
            with pytest.raises(errors.ConnectError, match=rf"proxy 127\.0\.0\.1:{proxy.port}.*({text})") as caught:
                await ask(dg)
        await proxy.all_closed(accepted=1)
    assert not tells_a_secret(everything_said(caught.value, caplog))


@pytest.mark.parametrize(
    ("handler", "proxy", "kind", "tries"),
    [
        (RUDE["502"][0], "http", errors.ConnectError, 3),
        (RUDE["not HTTP"][0], "http", errors.ConnectError, 3),
        (RUDE["closes"][0], "http", errors.ConnectError, 3),
        (_silent, "http", errors.TimeoutError, 3),
        (RUDE["403 with a page"][0], "http", errors.ConnectError, 1),
        (_plain, "https", errors.ConnectError, 1),
    ],
    ids=["502", "not HTTP", "closes", "silent", "403", "no TLS"],
)
async def test_what_a_rest_call_tries_again(
    handler: Handler, proxy: str, kind: type[errors.DeepgramError], tries: int
) -> None:
    async with serving(handler) as peer:
        config = {"retry": RetryPolicy(max_retries=2, first_s=0.001), "timeouts": Timeouts(connect_s=0.2)}
        async with client(f"https://{HOST}", proxy=f"{proxy}://127.0.0.1:{peer.port}", **config) as dg:
            with pytest.raises(kind):
                await ask_rest(dg)
        await peer.all_closed(accepted=tries)
        assert peer.accepted == tries


async def test_a_forwarding_proxys_502_counts_as_the_servers() -> None:
    async with serving(RUDE["502"][0]) as proxy:
        via = f"http://127.0.0.1:{proxy.port}"
        async with client(f"http://{HOST}", proxy=via) as dg:
            with pytest.raises(errors.ServerError):
                await ask_rest(dg)


@kinds
@SCHEMES
async def test_a_proxy_that_is_not_there(ask: Ask, scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
        async with client(f"{scheme}://{HOST}", proxy=f"http://{CREDENTIALS}127.0.0.1:{port}") as dg:
            with pytest.raises(errors.ConnectError, match=f"proxy 127.0.0.1:{port}: connection refused") as caught:
                await ask(dg)
    assert not tells_a_secret(everything_said(caught.value, caplog))


@kinds
@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_a_proxy_that_never_answers(ask: Ask, scheme: str) -> None:
    async with serving(_silent) as proxy:
        config = {"proxy": f"{scheme}://127.0.0.1:{proxy.port}", "timeouts": Timeouts(connect_s=0.05, read_s=5.0)}
        async with client(f"https://{HOST}", **config) as dg:
            with pytest.raises(errors.TimeoutError, match=HOST):
                await ask(dg)
        await proxy.all_closed(accepted=1)


@kinds
@pytest.mark.parametrize(
    "proxy",
    [
        "socks4://s3cret:s3cret@host",
        "ftp://s3cret@host",
        "http://",
        "http://s3cret @host",
        "http://host:0/s3cret",
        "http://[s3cret",
        "http://s3%3Acret:s3cret@host",
        "socks5://s3cret@host",
        f"socks5://s3cret:{'s3cret' * 50}@host",
    ],
)
async def test_proxies_that_cannot_be_used(ask: Ask, proxy: str) -> None:
    async with client(f"https://{HOST}", proxy=proxy) as dg:
        with pytest.raises(errors.ConfigError) as caught:
            await ask(dg)
    assert "s3" not in str(caught.value)
    assert caught.value.__cause__ is None


@kinds
async def test_a_password_in_any_script(ask: Ask) -> None:
    proxying = Proxying(authorization=b"Basic " + b64encode(b"j\xf6rg:\xc3\xa9:@/"))
    async with serving(rest_and_socket) as peer, serving(proxying) as proxy:
        via = f"http://j%F6rg:%C3%A9%3A%40%2F@127.0.0.1:{proxy.port}"
        async with client(f"http://{HOST}:{peer.port}", proxy=via) as dg:
            await ask(dg)


async def test_connections_through_a_proxy_are_kept_and_told_apart() -> None:
    async def keep_open(stream: ByteStream) -> None:
        while True:
            await read_head(stream)
            await stream.send(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"projects": []}')

    proxying = Proxying()
    async with serving(keep_open, ssl_context=server_tls(HOST)) as peer, serving(proxying) as proxy:
        url, via = f"https://{HOST}:{peer.port}", f"http://127.0.0.1:{proxy.port}"
        async with client(url, ssl_context=client_tls(), proxy=via) as dg:
            await ask_rest(dg)
            await ask_rest(dg)
        assert len(proxying.heads) == 1
