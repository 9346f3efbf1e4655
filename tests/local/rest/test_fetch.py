"""Fetching what a client names: what comes back, and where the server does not go."""

from __future__ import annotations

import socket
from typing import Any

import anyio
import pytest
import trustme

from deepgram_anyio.local.answers import Refusal
from deepgram_anyio.local.rest import fetch as fetch_module
from deepgram_anyio.local.rest.fetch import Outbound, fetch, fetch_bytes, is_public
from deepgram_anyio.local.settings import ServerSettings

from ...rest_peer import Asked, Reply, rest_peer
from ...transport.peers import answering, server_tls, serving
from ..audio_files import wav
from .media import media_server
from .test_listen_route import RECORDING, transcription

pytestmark = pytest.mark.anyio

OPEN = ServerSettings(allow_private_urls=True)
CLOSED = ServerSettings()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Addresses of host names; each look-up takes the first list entry, and the next one another."""
    known: dict[str, list[str]] = {}

    async def getaddrinfo(host: str, port: int, **_options: Any) -> list[Any]:
        if host not in known:
            return await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if not known[host]:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(0, 0, 0, "", (address, port)) for address in known[host].pop(0).split()]

    class Resolver:
        def __getattr__(self, name: str) -> Any:
            return getattr(anyio, name)

    resolver = Resolver()
    resolver.getaddrinfo = getaddrinfo  # type: ignore[attr-defined]
    monkeypatch.setattr(fetch_module, "anyio", resolver)
    return known


async def refused(url: str, settings: ServerSettings = CLOSED, **options: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await fetch_bytes(settings, url, max_bytes=1000, **options)
    assert caught.value.status == 400
    assert caught.value.code == "REMOTE_CONTENT_ERROR"
    return caught.value


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("127.255.255.254", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("fc00::1", False),
        ("fd12:3456::1", False),
        ("fe80::1", False),
        ("fe80::1%1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://user:secret@10.0.0.1/",
        "http://①②⑦.⓪.⓪.①/",
        "ftp://example.com/a.wav",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "//127.0.0.1/",
        "http:///nothing",
        "http://[::1",
        "http://exa mple.com/",
        "http://example.com:99999/",
        "",
    ],
)
async def test_where_the_server_does_not_go(url: str) -> None:
    refusal = await refused(url)
    assert "secret" not in refusal.message


async def test_a_name_with_a_single_private_address_is_refused(names: dict[str, list[str]]) -> None:
    names["mixed.test"] = ["93.184.215.14 10.0.0.1"]
    refusal = await refused("http://mixed.test/")
    assert "10.0.0.1" not in refusal.message


async def test_a_name_that_nobody_knows(names: dict[str, list[str]]) -> None:
    names["nowhere.test"] = []
    assert "no such host" in (await refused("http://nowhere.test/")).message


async def test_a_name_is_looked_up_once_and_its_address_kept(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rest_peer(Reply(body=b"content")) as peer:
        port = peer.url.rsplit(":", 1)[1]
        # What is looked up a second time would be another address.
        names["rebinding.test"] = ["127.0.0.1", "10.0.0.1"]
        content = await fetch_bytes(OPEN, f"http://rebinding.test:{port}/a?b=c", max_bytes=100)
    assert content == b"content"
    assert peer.asked[0].headers["host"] == f"rebinding.test:{port}"
    assert peer.asked[0].target == "/a?b=c"
    assert names["rebinding.test"] == ["10.0.0.1"]


async def test_another_address_is_tried_when_the_first_does_not_answer(names: dict[str, list[str]]) -> None:
    async with rest_peer(Reply(body=b"content")) as peer:
        port = peer.url.rsplit(":", 1)[1]
        names["two.test"] = ["127.0.0.2 127.0.0.1"]
        assert await fetch_bytes(OPEN, f"http://two.test:{port}/", max_bytes=100) == b"content"


async def test_tls_is_checked_against_the_name_and_not_the_address(names: dict[str, list[str]]) -> None:
    server_side, client_side = server_tls(trustme.CA(), "secure.test")
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret"
    outbound = Outbound(allow_private=True, ssl_context=client_side)
    async with serving(answering(answer), ssl_context=server_side) as peer:
        names["secure.test"] = names["other.test"] = ["127.0.0.1"]
        names["other.test"] = ["127.0.0.1"]
        url = f"https://secure.test:{peer.port}/"
        assert await fetch_bytes(OPEN, url, max_bytes=100, outbound=outbound) == b"secret"
        await refused(f"https://other.test:{peer.port}/", OPEN, outbound=outbound)


async def test_redirects_are_followed_and_judged(names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(asked: Asked) -> Reply:
        steps = int(asked.path.strip("/") or 0)
        return Reply(302, {"location": f"/{steps - 1}"}) if steps else Reply(body=b"there")

    async with rest_peer(answer) as peer:
        assert await fetch_bytes(OPEN, f"{peer.url}/5", max_bytes=100) == b"there"
        assert "too many redirects" in (await refused(f"{peer.url}/6", OPEN)).message
    # Only the peer's address counts as public now.
    monkeypatch.setattr(fetch_module, "is_public", lambda address: address == "127.0.0.1")
    for location in ("http://127.0.0.2/", "http://[::1]/", "file:///etc/passwd", "ftp://127.0.0.1/", "http://["):
        async with rest_peer(Reply(301, {"location": location})) as peer:
            await refused(peer.url)
            assert len(peer.asked) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(404), "404"),
        (Reply(500), "500"),
        (Reply(204), "204"),
        (Reply(302), "302"),
        (Reply(headers={"content-encoding": "gzip"}, body=b"\x1f\x8b"), "compressed"),
        (Reply(headers={"content-length": "10"}, body=b"short", cut=True), "broke off"),
    ],
)
async def test_other_answers_than_content_are_errors(reply: Reply, said: str) -> None:
    async with rest_peer(reply) as peer:
        assert said in (await refused(peer.url, OPEN)).message
    assert "accept-encoding" in peer.asked[0].headers


async def test_a_server_that_is_not_there() -> None:
    async with rest_peer(Reply()) as peer:
        pass
    assert "could not reach 127.0.0.1" in (await refused(peer.url, OPEN)).message


async def test_a_server_that_takes_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "_FETCH_S", 0.05)

    async def never(asked: Asked) -> Reply:
        await anyio.sleep_forever()
        return Reply()

    async with rest_peer(never) as peer:
        assert "too long" in (await refused(peer.url, OPEN)).message


async def test_too_much_content() -> None:
    async with rest_peer(Reply(body=bytes(1001))) as peer:
        with pytest.raises(Refusal) as caught:
            await fetch_bytes(OPEN, peer.url, max_bytes=1000)
    assert caught.value.status == 413


async def test_what_fails_while_content_comes_is_no_fault_of_the_other_server() -> None:
    async with rest_peer(Reply(body=bytes(1000))) as peer:
        with pytest.raises(ZeroDivisionError):
            async with fetch(OPEN, peer.url) as chunks:
                async for _ in chunks:
                    raise ZeroDivisionError


async def listen_url(url: str, **settings: Any) -> Any:
    async with media_server(**settings) as server:
        return await server.http.post("/v1/listen", json={"url": url})


async def test_a_recording_is_fetched_and_transcribed() -> None:
    async with rest_peer(Reply(body=RECORDING)) as peer:
        found = transcription(await listen_url(f"{peer.url}/a.wav", allow_private_urls=True))
        refusal = await listen_url(f"{peer.url}/a.wav")
    assert found.transcript == "one two three four five"
    assert (refusal.status_code, refusal.json()["err_code"]) == (400, "REMOTE_CONTENT_ERROR")
    assert len(peer.asked) == 1


async def test_what_is_fetched_need_not_be_a_recording() -> None:
    async with rest_peer([Reply(body=b"<html>"), Reply(403), Reply(body=wav(b""))]) as peer:
        answers = [await listen_url(peer.url, allow_private_urls=True) for _ in range(3)]
    assert [answer.json()["err_code"] for answer in answers] == ["Bad Request", "REMOTE_CONTENT_ERROR", "Bad Request"]
