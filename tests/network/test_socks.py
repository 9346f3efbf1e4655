"""SOCKS5 proxies, byte by byte, for a REST call and for a socket alike."""

from __future__ import annotations

import logging
import sys
from urllib.parse import quote

import anyio.lowlevel
import pytest
from anyio.abc import ByteStream

from deepgram_anyio import RetryPolicy, errors

from ..transport.peers import proxying, serving
from .peers import (
    KEY,
    PASSWORD,
    Ask,
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

HOST = "api.example.invalid"
CREDENTIALS = f"user:{quote(PASSWORD, safe='')}@"
LOGIN = b"\x01\x04user" + bytes([len(PASSWORD)]) + PASSWORD.encode()


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch)


class Socks:
    """A proxy that answers as it is told, one byte a packet, and keeps what it was told.

    Attributes:
        said: what the client said: its methods, its login, and its request.
    """

    def __init__(self, *, method: int = 0, login: bytes = b"\x01\x00", reply: bytes = b"\x05\x00\x00\x01" + bytes(6)):
        self.said: list[bytes] = []
        self._method = method
        self._login = login
        self._reply = reply

    async def __call__(self, stream: ByteStream) -> None:
        self.said.append(await stream.receive())
        await self._trickle(stream, b"\x05" + bytes([self._method]))
        if self._method == 2:
            self.said.append(await stream.receive())
            await self._trickle(stream, self._login)
        self.said.append(await stream.receive())
        await self._trickle(stream, self._reply)
        if self._reply[1] == 0 and len(self._reply) >= 10:
            onward = proxying([], answer=b"HTTP/1.1 200 unheard")
            await onward(_Onward(stream, int.from_bytes(self.said[-1][-2:], "big")))

    async def _trickle(self, stream: ByteStream, data: bytes) -> None:
        for byte in data:
            await stream.send(bytes([byte]))
            await anyio.lowlevel.checkpoint()


class _Onward(ByteStream):
    """Lets the HTTP proxy of the other tests carry on where SOCKS ends: it sees a CONNECT; its answer is dropped."""

    def __init__(self, stream: ByteStream, port: int) -> None:
        self._stream = stream
        self._head = b"CONNECT host:%d HTTP/1.1\r\n\r\n" % port
        self._answered = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        head, self._head = self._head, b""
        return head or await self._stream.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        if self._answered:
            await self._stream.send(item)
        self._answered = True

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()


@kinds
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("target", ["http", "https"])
async def test_names_are_left_to_the_proxy(ask: Ask, scheme: str, target: str) -> None:
    socks = Socks()
    server = serving(rest_and_socket, ssl_context=server_tls(HOST) if target == "https" else None)
    async with server as peer, serving(socks) as proxy:
        via = f"{scheme}://127.0.0.1:{proxy.port}"
        async with client(f"{target}://{HOST}:{peer.port}", ssl_context=client_tls(), proxy=via) as dg:
            await ask(dg)
    name = bytes([len(HOST)]) + HOST.encode()
    assert socks.said == [b"\x05\x01\x00", b"\x05\x01\x00\x03" + name + peer.port.to_bytes(2, "big")]


@kinds
@pytest.mark.parametrize(
    ("host", "encoded"), [("192.0.2.7", b"\x01\xc0\x00\x02\x07"), ("[::1]", b"\x04" + bytes(15) + b"\x01")]
)
async def test_addresses(ask: Ask, host: str, encoded: bytes) -> None:
    socks = Socks(reply=b"\x05\x00\x00\x03\x04host\x12\x34")
    async with serving(rest_and_socket) as peer, serving(socks) as proxy:
        via = f"socks5://127.0.0.1:{proxy.port}"
        async with client(f"http://{host}:{peer.port}", proxy=via) as dg:
            await ask(dg)
    assert socks.said[1] == b"\x05\x01\x00" + encoded + peer.port.to_bytes(2, "big")


@kinds
@pytest.mark.parametrize("method", [0, 2], ids=["unasked", "asked"])
async def test_credentials(ask: Ask, method: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    socks = Socks(method=method, reply=b"\x05\x00\x00\x04" + bytes(18))
    async with serving(rest_and_socket) as peer, serving(socks) as proxy:
        via = f"socks5://{CREDENTIALS}127.0.0.1:{proxy.port}"
        async with client(f"http://{HOST}:{peer.port}", proxy=via) as dg:
            await ask(dg)
    assert socks.said[0] == b"\x05\x02\x00\x02"
    assert (LOGIN in socks.said) is (method == 2)
    assert PASSWORD not in logged(caplog)


REFUSALS = {
    "no method": (Socks(method=255), "another way to log in"),
    "wrong password": (Socks(method=2, login=b"\x01\x01"), "refused the user name or password"),
    "not allowed": (Socks(reply=b"\x05\x02\x00\x01" + bytes(6)), "does not allow this connection"),
}
FAILURES = {
    "refused": (Socks(reply=b"\x05\x05\x00\x01" + bytes(6)), "connection refused"),
    "unreachable, short": (Socks(reply=b"\x05\x04\x00\x00"), "host unreachable"),
    "unknown code": (Socks(reply=b"\x05\x63\x00\x01" + bytes(6)), "does not speak SOCKS5"),
    "unknown address": (Socks(reply=b"\x05\x00\x00\x09" + bytes(6)), "does not speak SOCKS5"),
    "unknown method": (Socks(method=9), "does not speak SOCKS5"),
    "SOCKS4": (Socks(reply=b"\x00\x5b" + bytes(6)), "does not speak SOCKS5"),
    "closes": (Socks(reply=b"\x05\x00\x00\x01"), "closed the connection|reset by peer"),
}


@kinds
@pytest.mark.parametrize(
    ("socks", "text", "tries"),
    [(*row, 1) for row in REFUSALS.values()] + [(*row, 2) for row in FAILURES.values()],
    ids=[*REFUSALS, *FAILURES],
)
async def test_refusals(ask: Ask, socks: Socks, text: str, tries: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(socks) as proxy:
        via = f"socks5://{CREDENTIALS}127.0.0.1:{proxy.port}"
        policy = RetryPolicy(max_retries=1, first_s=0.001)
        async with client(f"https://{HOST}", proxy=via, retry=policy) as dg:
            with pytest.raises(errors.ConnectError, match=rf"proxy 127\.0\.0\.1:{proxy.port}.*({text})") as caught:
                await ask(dg)
        await proxy.all_closed(accepted=1)
        assert proxy.accepted == (tries if ask.__name__ == "ask_rest" else 1)
    said = everything_said(caught.value, caplog)
    assert PASSWORD not in said
    assert quote(PASSWORD, safe="") not in said
    assert KEY not in said


@kinds
async def test_a_proxy_that_wants_a_password(ask: Ask) -> None:
    async with serving(Socks(method=255)) as proxy:
        via = f"socks5://127.0.0.1:{proxy.port}"
        async with client(f"https://{HOST}", proxy=via) as dg:
            with pytest.raises(errors.ConnectError, match="asks for a user name and password"):
                await ask(dg)


@kinds
@pytest.mark.parametrize("given", [True, False], ids=["given", "of the environment"])
async def test_without_the_extra(ask: Ask, given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    via = "socks5://user:s3cret@127.0.0.1:9"
    if not given:
        monkeypatch.setenv("ALL_PROXY", via)
    async with client(f"https://{HOST}", proxy=via if given else None) as dg:
        with pytest.raises(errors.ConfigError, match=r"deepgram-anyio\[socks\]") as caught:
            await ask(dg)
    assert "s3cret" not in str(caught.value)
