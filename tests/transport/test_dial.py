"""URLs, TCP, TLS and proxies."""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import ConfigError, ConnectError
from deepgram_anyio.transport.dial import dial
from deepgram_anyio.transport.proxies import Proxy
from deepgram_anyio.transport.urls import WebSocketUrl

from .peers import Handler, proxying, read_to_end, server_tls, serving

pytestmark = pytest.mark.anyio

PROXY_VARIABLES = [f"{scheme}_PROXY" for scheme in ("HTTP", "HTTPS", "ALL", "NO")]


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("url", "secure", "host", "port", "target", "authority"),
    [
        ("wss://api.example.com", True, "api.example.com", 443, "/", "api.example.com"),
        ("ws://Example.COM:80/a?b=c&d=%20", False, "example.com", 80, "/a?b=c&d=%20", "example.com"),
        ("https://example.com:8443/", True, "example.com", 8443, "/", "example.com:8443"),
        ("http://[::1]:99/x", False, "::1", 99, "/x", "[::1]:99"),
        ("wss://[2001:DB8::1]", True, "2001:db8::1", 443, "/", "[2001:db8::1]"),
        ("ws://xn--bcher-kva.example?x", False, "xn--bcher-kva.example", 80, "/?x", "xn--bcher-kva.example"),
        ("WS://my_host", False, "my_host", 80, "/", "my_host"),
    ],
)
def test_urls(url: str, secure: bool, host: str, port: int, target: str, authority: str) -> None:
    parsed = WebSocketUrl.parse(url)
    assert (parsed.secure, parsed.host, parsed.port, parsed.target) == (secure, host, port, target)
    assert parsed.authority == authority
    assert "?" not in repr(parsed)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "ws:///path",
        "ws://",
        "ws://s3cret@example.com",
        "ws://user:s3cret@example.com",
        "ws://example.com/#s3cret",
        "ws://example.com/#",
        "ws://example.com/a b",
        "ws://example.com/s3cret\r\nX-Injected: 1",
        "ws://exam\tple.com/",
        "ws://example.com/\0",
        "ws://example.com/grüß",
        "ws://example.com:0/",
        "ws://example.com:65536/",
        "ws://example.com:s3cret/",
        "ws://[::1/",
        "ws://[::1%25eth0]/",
        "ws://-example.com/",
        "ws://a..b/",
        f"ws://{'a' * 64}.com/",
        "ws://ex%61mple.com/",
        "ws://bücher.example/",
        f"ws://{'a.' * 127}com/",
        "ws://exa\N{FULLWIDTH SOLIDUS}mple.com/",
        None,
        b"ws://example.com/",
    ],
)
def test_bad_urls_are_refused_without_being_quoted(url: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        WebSocketUrl.parse(url)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.text(max_size=30))
def test_any_text_is_a_url_or_a_config_error(text: str) -> None:
    for url in (text, f"ws://{text}", f"wss://example.com/{text}"):
        try:
            parsed = WebSocketUrl.parse(url)
        except ConfigError:
            continue
        assert parsed.host.isascii()
        assert parsed.target.startswith("/")
        assert not set(parsed.authority + parsed.target) & set(" \r\n\0")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("a.localhost", True), ("127.9.9.9", True), ("[::1]", True), ("192.0.2.1", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert WebSocketUrl.parse(f"ws://{host}").is_loopback is loopback


async def greet(stream: ByteStream) -> None:
    await stream.send(b"hello")
    await read_to_end(stream)


async def greet_and_leave(stream: ByteStream) -> None:
    await stream.send(b"hello")


async def test_tcp_by_name_without_delay() -> None:
    async with serving(greet) as peer:
        stream = await dial(f"ws://localhost:{peer.port}")
        raw_socket = stream.extra(SocketAttribute.raw_socket)
        assert raw_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert await stream.receive() == b"hello"
        await stream.aclose()
        await peer.all_closed(accepted=1)


async def test_nobody_listens() -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
        with pytest.raises(ConnectError, match="refused") as caught:
            await dial(f"ws://127.0.0.1:{port}/?token=s3cret")
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)


async def test_name_that_does_not_exist() -> None:
    with pytest.raises(ConnectError, match=r"does-not-exist\.invalid:80: host name not found"):
        await dial("ws://does-not-exist.invalid/")


class Authority:
    """A certificate authority with one server certificate, and the settings of both sides."""

    def __init__(self, *names: str) -> None:
        self.ca = trustme.CA()
        self.server, self._client = server_tls(self.ca, *names)

    def client(self, *alpn: str) -> ssl.SSLContext:
        if alpn:
            self._client.set_alpn_protocols(list(alpn))
        return self._client


@pytest.fixture
def authority() -> Authority:
    return Authority("localhost", "127.0.0.1")


async def test_tls_with_a_trusted_certificate(authority: Authority) -> None:
    async with serving(greet, ssl_context=authority.server) as peer:
        for host in ("127.0.0.1", "localhost"):
            stream = await dial(f"wss://{host}:{peer.port}", ssl_context=authority.client("http/1.1"))
            assert await stream.receive() == b"hello"
            await stream.aclose()
        await peer.all_closed(accepted=2)


async def test_default_trust_is_the_file_of_the_environment(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(greet, ssl_context=authority.server) as peer:
        with pytest.raises(ConnectError):
            await dial(peer.url)
        authority.ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        stream = await dial(peer.url)
        assert stream.extra(TLSAttribute.alpn_protocol) == "http/1.1"
        await stream.aclose()
        await peer.all_closed(accepted=2)


async def test_untrusted_authority(authority: Authority) -> None:
    async with serving(greet, ssl_context=authority.server) as peer:
        with pytest.raises(ConnectError, match="not trusted") as caught:
            await dial(peer.url, ssl_context=Authority("127.0.0.1").client())
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
        assert "query-secret" not in str(caught.value)
        await peer.all_closed(accepted=1)


async def test_certificate_for_another_host() -> None:
    elsewhere = Authority("elsewhere.example")
    async with serving(greet, ssl_context=elsewhere.server) as peer:
        with pytest.raises(ConnectError, match=r"not trusted.*127\.0\.0\.1"):
            await dial(peer.url, ssl_context=elsewhere.client())
        await peer.all_closed(accepted=1)


async def test_tls_to_a_server_without_tls(authority: Authority) -> None:
    async with serving(greet) as peer:
        with pytest.raises(ConnectError, match="TLS failed"):
            await dial(f"wss://127.0.0.1:{peer.port}", ssl_context=authority.client())
        await peer.all_closed(accepted=1)


async def test_server_that_leaves_in_the_middle_of_tls(authority: Authority) -> None:
    async def leave(stream: ByteStream) -> None:
        await stream.receive()

    async with serving(leave) as peer:
        with pytest.raises(ConnectError, match="could not connect"):
            await dial(f"wss://127.0.0.1:{peer.port}", ssl_context=authority.client())
        await peer.all_closed(accepted=1)


async def test_end_without_close_notify_is_an_ordinary_end(authority: Authority) -> None:
    async with serving(greet_and_leave, ssl_context=authority.server) as peer:
        stream = await dial(peer.url, ssl_context=authority.client())
        assert await stream.receive() == b"hello"
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()
        await stream.aclose()


async def test_a_context_that_negotiates_http_2_is_told_so(authority: Authority) -> None:
    async with serving(greet, ssl_context=authority.server) as peer:
        with pytest.raises(ConnectError, match="ALPN"):
            await dial(peer.url, ssl_context=authority.client("h2", "http/1.1"))
        await peer.all_closed(accepted=1)


async def test_contexts_that_do_not_check_are_refused() -> None:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    blind = ssl.create_default_context()
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    no_context: Any = "yes"
    for context in (careless, blind, no_context):
        with pytest.raises(ConfigError):
            await dial("wss://127.0.0.1:9", ssl_context=context)


async def test_through_a_proxy() -> None:
    requests: list[bytes] = []
    async with serving(greet) as peer, serving(proxying(requests)) as proxy:
        stream = await dial(peer.url, proxy=f"http://user:p%40ss@127.0.0.1:{proxy.port}")
        assert await stream.receive() == b"hello"
        await stream.aclose()
        await peer.all_closed(accepted=1)
        await proxy.all_closed(accepted=1)
    (head,) = requests
    assert head.startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % peer.port)
    assert b"Proxy-Authorization: Basic " + b64encode(b"user:p@ss") in head
    assert b"query-secret" not in head


async def test_tls_through_a_proxy(authority: Authority) -> None:
    requests: list[bytes] = []
    async with serving(greet, ssl_context=authority.server) as peer, serving(proxying(requests)) as proxy:
        stream = await dial(
            f"wss://localhost:{peer.port}", ssl_context=authority.client(), proxy=f"127.0.0.1:{proxy.port}"
        )
        assert await stream.receive() == b"hello"
        await stream.aclose()
        await peer.all_closed(accepted=1)
    assert b"Proxy-Authorization" not in requests[0]


PROXY_REFUSALS = {
    "407": (proxying([], answer=b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"), "407"),
    "502": (proxying([], answer=b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>"), "502"),
    "not HTTP": (proxying([], answer=b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "HTTP"),
    "data too early": (proxying([], answer=b"HTTP/1.1 201 Yes\r\n\r\nHTTP/1.1 101 Hi\r\n\r\n"), "before anyone asked"),
    "nothing": (proxying([], answer=b""), "closed"),
}


@pytest.mark.parametrize(("handler", "text"), PROXY_REFUSALS.values(), ids=PROXY_REFUSALS.keys())
async def test_proxy_that_refuses(handler: Handler, text: str) -> None:
    async with serving(handler) as proxy:
        with pytest.raises(ConnectError, match=text) as caught:
            await dial("ws://example.com/?token=query-s3cret", proxy=f"http://user:s3cret@127.0.0.1:{proxy.port}")
        await proxy.all_closed(accepted=1)
    assert "s3cret" not in str(caught.value)


async def test_proxy_that_is_not_there() -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
        with pytest.raises(ConnectError, match=f"connect to the proxy 127.0.0.1:{port}: connection refused") as caught:
            await dial("ws://example.com", proxy=f"http://user:s3cret@127.0.0.1:{port}")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "proxy", ["socks4://s3cret:s3cret@host", "http://", "http://a b", "http://s3cret@host:0", "http://["]
)
async def test_bad_proxies_are_refused_without_being_quoted(proxy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        await dial("ws://127.0.0.1:9", proxy=proxy)
    assert "s3cret" not in str(caught.value)


@given(st.text(max_size=20) | st.text("\ud800ü:@/%[]#?a0", max_size=12))
def test_any_text_is_a_proxy_or_a_config_error(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}@host", f"http://user:{text}@host:1"):
        try:
            proxy = Proxy.parse(url)
        except ConfigError:
            continue
        assert (proxy.authorization is None) == (proxy.credentials is None)
        assert proxy.authorization is None or (proxy.authorization.isascii() and "\n" not in proxy.authorization)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_proxy_of_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[bytes] = []
    async with serving(greet) as peer, serving(proxying(requests)) as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        stream = await dial(f"ws://example.invalid:{peer.port}")
        assert await stream.receive() == b"hello"
        await stream.aclose()
        loopback = await dial(peer.url)
        await loopback.aclose()
        await peer.all_closed(accepted=2)
    assert len(requests) == 1


@pytest.mark.parametrize("argument", ["", None])
async def test_going_round_the_proxy_of_the_environment(argument: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(proxying([])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "" if argument == "" else ".invalid")
        with pytest.raises(ConnectError, match="not found"):
            await dial("ws://does-not-exist.invalid", proxy=argument)
        assert proxy.accepted == 0
