"""The promise: proxies and private authorities are set once, and REST calls and sockets both obey."""

from __future__ import annotations

import pytest

from deepgram_anyio import ConnectError

from ..network.peers import (
    KEY,
    Ask,
    Proxying,
    ask_rest,
    ask_socket,
    client,
    client_tls,
    kinds,
    proxy_variables,
    rest_and_socket,
    server_tls,
)
from ..transport.peers import serving

pytestmark = pytest.mark.anyio

HOST = "api.example.invalid"  # which only the proxy knows


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@pytest.mark.parametrize("how", ["config", "environment"])
async def test_one_proxy_and_one_authority_serve_rest_and_sockets_alike(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxying = Proxying()
    async with serving(rest_and_socket, ssl_context=server_tls(HOST)) as peer, serving(proxying) as proxy:
        via = f"http://127.0.0.1:{proxy.port}"
        if how == "environment":
            proxy_variables(monkeypatch, HTTPS_PROXY=via)
        config = {"proxy": via} if how == "config" else {}
        async with client(f"https://{HOST}:{peer.port}", ssl_context=client_tls(), **config) as dg:
            await ask_rest(dg)
            await ask_socket(dg)
    connects = [head for head in proxying.heads if head.startswith(b"CONNECT %b:%d " % (HOST.encode(), peer.port))]
    assert len(connects) == len(proxying.heads) == 2
    assert KEY.encode() not in b"".join(proxying.heads)


@kinds
async def test_an_authority_that_nobody_named_is_not_trusted(ask: Ask) -> None:
    async with (
        serving(rest_and_socket, ssl_context=server_tls()) as peer,
        client(f"https://localhost:{peer.port}") as dg,
    ):
        with pytest.raises(ConnectError, match="certificate not trusted"):
            await ask(dg)


@kinds
async def test_a_certificate_of_another_host_is_not_trusted(ask: Ask) -> None:
    async with (
        serving(rest_and_socket, ssl_context=server_tls("other.example")) as peer,
        client(f"https://localhost:{peer.port}", ssl_context=client_tls()) as dg,
    ):
        with pytest.raises(ConnectError, match="certificate not trusted"):
            await ask(dg)
