"""Proxies that others wrote: proxy.py for HTTP, pproxy for SOCKS5."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from deepgram_anyio import errors

from ..transport.peers import serving
from .peers import Ask, client, client_tls, kinds, proxy_variables, rest_and_socket, server_tls
from .real_proxies import http_proxy, socks_proxy

pytestmark = pytest.mark.anyio

PASSWORD = "s3cret p@ss"
CREDENTIALS = f"user:{quote(PASSWORD, safe='')}@"
TARGETS = pytest.mark.parametrize("target", ["http", "https"])


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch)


@pytest.fixture(scope="module")
def open_http() -> Iterator[int]:
    yield from http_proxy()


@pytest.fixture(scope="module")
def closed_http() -> Iterator[int]:
    yield from http_proxy("user", PASSWORD)


@pytest.fixture(scope="module")
def open_socks() -> Iterator[int]:
    yield from socks_proxy()


@pytest.fixture(scope="module")
def closed_socks() -> Iterator[int]:
    yield from socks_proxy("user", PASSWORD)


async def through(ask: Ask, target: str, proxy: str) -> None:
    """Ask, and see that no connection came but the proxy's."""
    server = serving(rest_and_socket, ssl_context=server_tls() if target == "https" else None)
    async with server as peer:
        url = f"{target}://localhost:{peer.port}"
        async with client(url, ssl_context=client_tls(), proxy=proxy) as dg:
            await ask(dg)
        await peer.all_closed(accepted=1)


async def refused(ask: Ask, target: str, proxy: str, text: str) -> None:
    async with serving(rest_and_socket) as peer, client(f"{target}://localhost:{peer.port}", proxy=proxy) as dg:
        with pytest.raises(errors.ConnectError, match=text) as caught:
            await ask(dg)
        assert peer.accepted == 0
    assert "wr0ng" not in str(caught.value)


@kinds
@TARGETS
async def test_http_without_a_password(ask: Ask, target: str, open_http: int) -> None:
    await through(ask, target, f"http://127.0.0.1:{open_http}")


@kinds
@TARGETS
async def test_http_with_a_password(ask: Ask, target: str, closed_http: int) -> None:
    await through(ask, target, f"http://{CREDENTIALS}127.0.0.1:{closed_http}")
    await refused(ask, target, f"http://127.0.0.1:{closed_http}", "407; it asks for a user name")
    await refused(ask, target, f"http://user:wr0ng@127.0.0.1:{closed_http}", "407; it refused the user name")


@kinds
@TARGETS
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_socks_without_a_password(ask: Ask, target: str, scheme: str, open_socks: int) -> None:
    await through(ask, target, f"{scheme}://127.0.0.1:{open_socks}")


@kinds
@TARGETS
async def test_socks_with_a_password(ask: Ask, target: str, closed_socks: int) -> None:
    await through(ask, target, f"socks5://{CREDENTIALS}127.0.0.1:{closed_socks}")
    await refused(ask, target, f"socks5://127.0.0.1:{closed_socks}", f"127.0.0.1:{closed_socks}")
    await refused(ask, target, f"socks5://user:wr0ng@127.0.0.1:{closed_socks}", f"127.0.0.1:{closed_socks}")
