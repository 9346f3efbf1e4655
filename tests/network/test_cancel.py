"""Cancelled anywhere on the way to a server, neither a REST call nor a socket leaves a connection behind."""

from __future__ import annotations

import pytest

from ..cancellation import cancel_everywhere
from ..transport.peers import serving
from .peers import Ask, Proxying, client, client_tls, kinds, proxy_variables, rest_and_socket, server_tls
from .test_socks import Socks

pytestmark = pytest.mark.anyio

HOST = "api.example.invalid"


@kinds
@pytest.mark.parametrize("scheme", ["https", "socks5"])
async def test_cancelled_anywhere(ask: Ask, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch)
    handler, tls = (Proxying(), server_tls("localhost")) if scheme == "https" else (Socks(), None)
    server = serving(rest_and_socket, ssl_context=server_tls(HOST))
    async with server as peer, serving(handler, ssl_context=tls) as proxy:
        config = {"ssl_context": client_tls(), "proxy": f"{scheme}://localhost:{proxy.port}"}

        async def call() -> None:
            async with client(f"https://{HOST}:{peer.port}", **config) as dg:
                await ask(dg)

        async def all_closed() -> None:
            await proxy.all_closed()
            await peer.all_closed()

        assert await cancel_everywhere(call, all_closed) > 10
