"""Proxies of the environment: the same for a REST call and a socket, and chosen as httpx chooses them."""

from __future__ import annotations

import urllib.request

import anyio
import httpcore
import httpx
import pytest

from deepgram_anyio import errors
from deepgram_anyio.transport.proxies import find_proxy
from deepgram_anyio.transport.urls import WebSocketUrl

from ..transport.peers import serving
from .peers import Ask, Proxying, client, client_tls, kinds, proxy_variables, rest_and_socket, server_tls

HOST = "api.example.invalid"


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch)


@kinds
@pytest.mark.anyio
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_for_https(ask: Ask, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proxying = Proxying()
    async with serving(rest_and_socket, ssl_context=server_tls(HOST)) as peer, serving(proxying) as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        async with client(f"https://{HOST}:{peer.port}", ssl_context=client_tls()) as dg:
            await ask(dg)
    assert len(proxying.heads) == 1


@kinds
@pytest.mark.anyio
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_for_http(ask: Ask, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proxying = Proxying()
    async with serving(rest_and_socket) as peer, serving(proxying) as proxy:
        monkeypatch.setenv(variable, f"127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        async with client(f"http://{HOST}:{peer.port}") as dg:
            await ask(dg)
    assert len(proxying.heads) == 1


@kinds
@pytest.mark.anyio
async def test_no_proxy(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Proxying()) as proxy:
        proxy_variables(monkeypatch, ALL_PROXY=f"http://127.0.0.1:{proxy.port}", NO_PROXY="other.test, example.invalid")
        async with client(f"https://{HOST}") as dg:
            with pytest.raises(errors.ConnectError, match="host name not found"):
                await ask(dg)
        monkeypatch.delenv("NO_PROXY")
        async with client(f"https://{HOST}", proxy="") as dg:
            with pytest.raises(errors.ConnectError, match="host name not found"):
                await ask(dg)
        assert proxy.accepted == 0


@kinds
@pytest.mark.anyio
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_reached_without_the_environments_proxy(
    ask: Ask, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxying = Proxying()
    async with serving(rest_and_socket) as peer, serving(proxying) as proxy:
        via = f"http://127.0.0.1:{proxy.port}"
        proxy_variables(monkeypatch, ALL_PROXY=via, NO_PROXY=host)
        async with client(f"http://{host}:{peer.port}") as dg:
            await ask(dg)
        monkeypatch.delenv("NO_PROXY")
        async with client(f"http://{host}:{peer.port}") as dg:
            await ask(dg)
        assert proxying.heads == []
        monkeypatch.setenv("NO_PROXY", "*")  # is about the environment's alone
        async with client(f"http://{host}:{peer.port}", proxy=via) as dg:
            await ask(dg)
        assert len(proxying.heads) == 1


@kinds
@pytest.mark.anyio
async def test_a_proxy_that_cannot_be_used_is_not_passed_over(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch, ALL_PROXY="socks://s3cret@127.0.0.1")
    async with client(f"https://{HOST}") as dg:
        with pytest.raises(errors.ConfigError, match="proxy URL of the environment") as caught:
            await ask(dg)
    assert "s3cret" not in str(caught.value)


PROXY = "http://proxy.test:3128"
EXCEPTIONS = [
    # NO_PROXY, URL, whether it goes round the proxy
    ("", "https://example.com", False),
    ("*", "https://example.com", True),
    ("other.test,*", "https://example.com", True),
    ("example.com", "https://example.com", True),
    ("example.com", "https://api.example.com", True),
    ("example.com", "https://myexample.com", False),
    ("example.com", "https://example.com.test", False),
    (".example.com", "https://api.example.com", True),
    (".example.com", "https://example.com", False),
    ("EXAMPLE.com", "https://Api.Example.Com", True),
    (" other.test , example.com ", "https://example.com", True),
    ("example.com:8443", "https://example.com:8443", True),
    ("example.com:8443", "https://example.com", False),
    ("https://example.com", "https://example.com", True),
    ("http://example.com", "https://example.com", False),
    ("http://example.com", "http://example.com", True),
    ("all://example.com", "https://example.com", True),
    ("192.0.2.7", "https://192.0.2.7", True),
    ("192.0.2.7", "https://192.0.2.70", False),
    ("2001:db8::7", "https://[2001:db8::7]", True),
    ("2001:db8::7", "https://[2001:db8::8]", False),
    ("com", "https://example.com", True),
    ("localhost", "https://example.com", False),
]
BEYOND_HTTPX = [
    ("192.0.2.0/24", "https://192.0.2.7", True),
    ("192.0.2.0/24", "https://192.0.3.7", False),
    ("192.0.2.0/24", "https://example.com", False),
    ("2001:db8::/32", "https://[2001:db8::7]", True),
    ("192.0.2.7:8443", "https://192.0.2.7:8443", True),
    ("192.0.2.7:8443", "https://192.0.2.7", False),
    ("[2001:db8::7]:8443", "https://[2001:db8::7]:8443", True),
    ("[2001:db8::7]", "https://[2001:db8::7]", True),
    ("*.example.com", "https://api.example.com", True),
    ("*.example.com", "https://example.com", False),
    ("example.com.", "https://example.com", True),
    ("example.com", "https://example.com.", True),
    ("a.test b.test", "https://b.test", True),
    ("example.com:no, [::", "https://example.com", False),
    ("", "https://127.0.0.1", True),
    ("", "https://localhost", True),
]


@pytest.mark.parametrize(("exceptions", "url", "round_it"), EXCEPTIONS + BEYOND_HTTPX)
def test_exceptions(exceptions: str, url: str, round_it: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch, ALL_PROXY=PROXY, NO_PROXY=exceptions)
    assert (find_proxy(WebSocketUrl.parse(url), None) is None) is round_it


@pytest.mark.parametrize(
    ("variables", "http", "https"),
    [
        ({}, None, None),
        ({"HTTP_PROXY": "a.test"}, "a.test:80", None),
        ({"HTTPS_PROXY": "a.test:3128"}, None, "a.test:3128"),
        ({"ALL_PROXY": "https://a.test"}, "a.test:443", "a.test:443"),
        ({"ALL_PROXY": "http://a.test", "HTTPS_PROXY": "http://b.test"}, "a.test:80", "b.test:80"),
        ({"HTTPS_PROXY": "http://a.test", "https_proxy": "http://b.test"}, None, "b.test:80"),
        ({"HTTPS_PROXY": "http://a.test", "https_proxy": ""}, None, None),
        ({"HTTPS_PROXY": ""}, None, None),
        ({"ALL_PROXY": "socks5h://a.test"}, "a.test:1080", "a.test:1080"),
        ({"HTTP_PROXY": "http://a.test", "REQUEST_METHOD": "GET"}, None, None),  # a header of a CGI's visitor
    ],
)
def test_variables(
    variables: dict[str, str], http: str | None, https: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy_variables(monkeypatch, **variables)
    for url, address in (
        ("http://h.test", http),
        ("ws://h.test", http),
        ("https://h.test", https),
        ("wss://h.test", https),
    ):
        found = find_proxy(WebSocketUrl.parse(url), None)
        assert (found and found.address) == address


def test_the_systems_settings_have_exceptions_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"https": PROXY})
    monkeypatch.setattr(urllib.request, "proxy_bypass", lambda host: host == "inside.test:443")
    assert find_proxy(WebSocketUrl.parse("wss://inside.test"), None) is None
    assert find_proxy(WebSocketUrl.parse("wss://outside.test"), None) is not None


async def _goes_round(url: str) -> bool:
    """Whether httpx itself, left to the environment, goes round the proxy."""
    pools: list[httpcore.AsyncConnectionPool] = []

    async def handle(self: httpcore.AsyncConnectionPool, request: httpcore.Request) -> httpcore.Response:
        pools.append(self)
        return httpcore.Response(200)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", handle)
        async with httpx.AsyncClient() as theirs:
            await theirs.get(url)
    (pool,) = pools
    return not isinstance(pool, httpcore.AsyncHTTPProxy)


@pytest.mark.parametrize(("exceptions", "url", "round_it"), EXCEPTIONS)
def test_httpx_itself_decides_so(exceptions: str, url: str, round_it: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch, ALL_PROXY=PROXY, NO_PROXY=exceptions)
    assert anyio.run(_goes_round, url) is round_it
