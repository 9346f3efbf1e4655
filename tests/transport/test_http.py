"""The pooled HTTP client: what is tried again, what is kept open, and what every failure becomes."""

from __future__ import annotations

import gzip
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trustme
from anyio.abc import ByteStream

from deepgram_anyio.errors import (
    ApiError,
    ConfigError,
    ConnectError,
    ConnectionClosed,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitError,
    RemoteProtocolError,
    ServerError,
)
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.transport.bodies import Body
from deepgram_anyio.transport.http import HttpPool, HttpRequest
from deepgram_anyio.transport.settings import Limits, RetryPolicy, Timeouts

from ..cancellation import cancel_everywhere
from ..rest_peer import Asked, Reply, rest_peer
from .peers import answering, proxying, read_head, read_to_end, server_tls, serving

pytestmark = pytest.mark.anyio

DATA = b"0123456789" * 20_000
QUICK = RetryPolicy(first_s=0.001, max_s=0.001)


def pool(**settings: Any) -> HttpPool:
    return HttpPool(
        **{"timeouts": Timeouts(), "limits": Limits(), "retry": QUICK, "proxy": "", "share": lambda: 1.0, **settings}
    )


async def no_headers() -> Mapping[str, str]:
    return {"Authorization": "Token s3cret"}


def request(url: str, method: str = "POST", body: Any = None, **options: Any) -> HttpRequest:
    name = f"{method} /v1/thing"
    return HttpRequest(method, url, name, no_headers, None if body is None else Body(body, **options))


async def ask(url: str, method: str = "GET", body: Any = None, *, settings: Any = None, **call: Any) -> bytes:
    async with pool(**settings or {}) as http:
        _, content = await http.request(request(url, method, body), **call)
        return content


def closed_port() -> int:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        return int(placeholder.getsockname()[1])


@asynccontextmanager
async def unreachable() -> AsyncIterator[str]:
    """An address whose connections are never made: a listener whose queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for client in waiting:
            client.close()


def generated() -> Iterator[bytes]:
    yield DATA[:100]
    yield DATA[100:]


async def test_an_answer() -> None:
    async with rest_peer(Reply(headers={"DG-Request-Id": "r1"}, body=b"hello")) as peer, pool() as http:
        answer, content = await http.request(request(f"{peer.url}/v1/thing?a=b"))
        assert (answer.status, answer.attempts, content) == (200, 1, b"hello")
        assert answer.headers["dg-request-id"] == "r1"
    (asked,) = peer.asked
    assert (asked.method, asked.target, asked.headers["authorization"]) == ("POST", "/v1/thing?a=b", "Token s3cret")


async def test_connections_are_kept() -> None:
    async with rest_peer(Reply()) as peer, pool() as http:
        for _ in range(5):
            await http.request(request(peer.url))
        assert peer.connections == 1


async def test_a_pool_that_is_not_open_keeps_none() -> None:
    async with rest_peer(Reply()) as peer:
        http = pool()
        for expected in (1, 2):
            await http.request(request(peer.url))
            assert peer.connections == expected
            with anyio.fail_after(1):
                while peer.open:
                    await anyio.lowlevel.checkpoint()


async def test_a_pool_can_be_opened_again() -> None:
    async with rest_peer(Reply()) as peer:
        http = pool()
        for _ in range(2):
            async with http:
                await http.request(request(peer.url))
        assert peer.connections == 2


async def test_many_requests_open_no_more_connections_than_allowed() -> None:
    async with rest_peer(Reply(body=b"x" * 1000)) as peer, pool(limits=Limits(max_connections=7)) as http:
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(http.request, request(peer.url))
        assert len(peer.asked) == 100
        assert 1 < peer.most_open <= 7


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_is_tried_again(status: int) -> None:
    async with rest_peer([Reply(status), Reply(status), Reply(body=b"ok")]) as peer, pool() as http:
        answer, content = await http.request(request(peer.url, body=DATA))
        assert (answer.attempts, content) == (3, b"ok")
    assert [asked.body for asked in peer.asked] == [DATA] * 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422])
async def test_what_is_not_tried_again(status: int) -> None:
    async with rest_peer(Reply(status, {"dg-request-id": "r2"}, b"No.")) as peer:
        with pytest.raises(ApiError, match="No") as caught:
            await ask(peer.url, "POST", DATA)
        assert (caught.value.status, caught.value.request_id) == (status, "r2")
        assert len(peer.asked) == 1


async def test_retries_end() -> None:
    async with rest_peer(Reply(503)) as peer:
        for retries, expected in ((None, 3), (0, 1), (1, 2)):
            peer.asked.clear()
            with pytest.raises(ServerError):
                await ask(peer.url, max_retries=retries)
            assert len(peer.asked) == expected


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        (lambda path: DATA, 2),
        (lambda path: path, 2),
        (lambda path: path.open("rb"), 2),
        (lambda path: [DATA[:7], DATA[7:]], 2),
        (lambda path: generated(), 1),
    ],
    ids=["bytes", "path", "file", "list", "generator"],
)
async def test_a_body_is_sent_again_whole_or_not_at_all(source: Any, sent: int, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(DATA)
    given = source(path)
    async with rest_peer([Reply(503), Reply()]) as peer:
        if sent == 2:
            await ask(peer.url, "POST", given)
        else:
            with pytest.raises(ServerError):
                await ask(peer.url, "POST", given)
    assert [asked.body for asked in peer.asked] == [DATA] * sent
    lengths = [(asked.headers.get("content-length"), asked.headers.get("transfer-encoding")) for asked in peer.asked]
    assert lengths == [(str(len(DATA)), None)] * sent if sent == 2 else [(None, "chunked")]
    if hasattr(given, "fileno"):
        given.close()


async def test_a_generator_of_which_nothing_was_taken_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "deepgram_anyio.http")
    with pytest.raises(ConnectError, match="refused"):
        await ask(f"http://127.0.0.1:{closed_port()}", "POST", generated())
    again = [record for record in caplog.records if "is tried again" in record.getMessage()]
    assert len(again) == 2


@pytest.mark.parametrize(
    ("headers", "waited"),
    [({"retry-after-ms": "30"}, "0.03 s"), ({"retry-after": "0"}, "0.00 s"), ({}, "0.00 s")],
)
async def test_the_server_says_how_long_to_wait(
    headers: dict[str, str], waited: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "deepgram_anyio.http")
    async with rest_peer([Reply(429, headers), Reply()]) as peer:
        began = anyio.current_time()
        await ask(peer.url)
        assert anyio.current_time() - began >= float(headers.get("retry-after-ms", "0")) / 1000
    (record,) = caplog.records
    assert waited in record.getMessage()


async def test_a_wait_that_is_too_long_is_the_callers() -> None:
    async with rest_peer(Reply(429, {"retry-after": "3600"})) as peer:
        with pytest.raises(RateLimitError) as caught:
            await ask(peer.url)
        assert caught.value.retry_after == 3600
        assert len(peer.asked) == 1


def test_waits_grow_and_are_random() -> None:
    policy = RetryPolicy()
    assert [policy.wait_s(retry, 1.0) for retry in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert policy.wait_s(3, 0.25) == 0.5
    assert policy.wait_s(10_000, 1.0) == 8


async def test_a_broken_get_is_tried_again_and_a_broken_post_is_not() -> None:
    async def reset(stream: ByteStream) -> None:
        await read_head(stream)

    async with serving(reset) as peer:
        url = f"http://127.0.0.1:{peer.port}"
        for method, tries in (("GET", 3), ("POST", 1), ("DELETE", 1)):
            before = peer.accepted
            with pytest.raises(ConnectionClosed, match="could not call"):
                await ask(url, method)
            assert peer.accepted - before == tries


async def test_an_early_answer_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(20_000_000))
    answer = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbig!"
    async with serving(answering(answer)) as peer:
        with pytest.raises((PayloadTooLargeError, ConnectionClosed)):
            await ask(f"http://127.0.0.1:{peer.port}", "POST", path)


async def test_nobody_listens() -> None:
    with pytest.raises(ConnectError, match=r"could not connect to 127\.0\.0\.1:\d+: connection refused"):
        await ask(f"http://127.0.0.1:{closed_port()}")


async def test_unknown_host() -> None:
    with pytest.raises(ConnectError, match="host name not found"):
        await ask("http://does-not-exist.invalid", max_retries=0)


async def silent(stream: ByteStream) -> None:
    await read_head(stream)
    await read_to_end(stream)


async def deaf(stream: ByteStream) -> None:
    with anyio.move_on_after(0):  # an accepted stream of asyncio reads ahead until somebody has once waited
        await stream.receive()
    await anyio.sleep_forever()


async def test_timeout_to_connect() -> None:
    async with unreachable() as url:
        with pytest.raises(DeadlineError, match="connect_s"):
            await ask(url, deadline=Timeouts(connect_s=0.05), max_retries=0)


async def test_timeout_to_write() -> None:
    async with serving(deaf) as peer:
        with pytest.raises(DeadlineError, match="send_s"):
            await ask(
                f"http://127.0.0.1:{peer.port}", "POST", bytes(50_000_000), settings={"timeouts": Timeouts(send_s=0.05)}
            )


async def test_timeout_to_read() -> None:
    async with serving(silent) as peer:
        url = f"http://127.0.0.1:{peer.port}"
        with pytest.raises(DeadlineError, match="read_s"):
            await ask(url, deadline=Timeouts(read_s=0.05))
        assert peer.accepted == 1  # it may have done what it was asked, so it is not asked again
    stalling = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123", close=False)
    async with serving(stalling) as peer:
        with pytest.raises(DeadlineError, match="read_s"):
            await ask(f"http://127.0.0.1:{peer.port}", deadline=Timeouts(read_s=0.05))


async def test_timeout_of_the_pool() -> None:
    limits = Limits(max_connections=1)
    async with serving(silent) as peer, pool(limits=limits) as http, anyio.create_task_group() as tasks:
        url = f"http://127.0.0.1:{peer.port}"
        tasks.start_soon(http.request, request(url))
        while not peer.open:
            await anyio.lowlevel.checkpoint()
        with pytest.raises(DeadlineError, match="pool_s"):
            await http.request(request(url), deadline=Timeouts(pool_s=0.05))
        tasks.cancel_scope.cancel()


async def test_timeout_of_the_whole_call() -> None:
    async with serving(silent) as peer:
        with pytest.raises(DeadlineError, match=r"GET /v1/thing did not end within 0\.05 s"):
            await ask(f"http://127.0.0.1:{peer.port}", deadline=0.05)
    async with rest_peer(Reply(503, {"retry-after": "30"})) as answering_peer:
        with pytest.raises(DeadlineError, match="did not end"):
            await ask(answering_peer.url, deadline=0.2)


async def test_a_redirect_is_not_followed() -> None:
    async with rest_peer(Reply()) as other, rest_peer(Reply(307, {"location": f"{other.url}/?x=s3cret"})) as peer:
        with pytest.raises(ApiError, match="redirects are not followed") as caught:
            await ask(peer.url)
        assert caught.value.status == 307
        assert "s3cret" not in f"{caught.value}{caught.value!r}"
        assert other.connections == 0


async def test_answers_in_all_forms_are_errors() -> None:
    bodies = {
        b"Project not found": (None, "Project not found", None),
        b'{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials.","request_id":"r3"}': (
            "INVALID_AUTH",
            "Invalid credentials.",
            "r3",
        ),
        b'{"category":"not_found","message":"No such agent","details":"Ask.","request_id":"r4"}': (
            "not_found",
            "No such agent (Ask.)",
            "r4",
        ),
    }
    for body, (code, message, request_id) in bodies.items():
        async with rest_peer(Reply(404, body=body)) as peer:
            with pytest.raises(NotFoundError) as caught:
                await ask(peer.url)
            error = caught.value
            assert (error.code, error.message, error.request_id) == (code, message, request_id)


async def test_compressed_answers() -> None:
    async with rest_peer(Reply(200, {"content-encoding": "gzip"}, gzip.compress(DATA))) as peer:
        assert await ask(peer.url) == DATA
        assert peer.asked[0].headers["accept-encoding"] == "gzip"


async def test_bounded_answers() -> None:
    packed = gzip.compress(bytes(10_000_000))
    for reply in (Reply(body=bytes(2_000)), Reply(200, {"content-encoding": "gzip"}, packed)):
        async with rest_peer(reply) as peer:
            with pytest.raises(RemoteProtocolError, match="longer than 1000 bytes"):
                await ask(peer.url, settings={"limits": Limits(max_response_bytes=1000)})
    async with rest_peer(Reply(400, body=b"x" * 1_000_000)) as peer:
        with pytest.raises(ApiError) as caught:
            await ask(peer.url)
        assert len(caught.value.body) == 64 * 1024


async def test_answers_that_break_off() -> None:
    cut = Reply(200, {"content-length": "100"}, b"half", cut=True)
    async with rest_peer(cut) as peer:
        with pytest.raises(ConnectionClosed, match="could not read the answer"):
            await ask(peer.url, "POST")
    async with rest_peer(Reply(200, {"content-encoding": "gzip"}, b"no gzip")) as peer:
        with pytest.raises(RemoteProtocolError, match="decompressed"):
            await ask(peer.url)
    async with rest_peer(Reply(200, {"content-encoding": "gzip"}, gzip.compress(DATA)[:-9])) as peer:
        with pytest.raises(RemoteProtocolError, match="ends within its compressed data"):
            await ask(peer.url)
    async with rest_peer(Reply(500, {"content-length": "100"}, b"half", cut=True)) as peer:
        with pytest.raises(ServerError):
            await ask(peer.url)
    async with serving(answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")) as raw:
        with pytest.raises(ConnectionClosed, match="does not speak HTTP"):
            await ask(f"http://127.0.0.1:{raw.port}", "POST")


async def test_headers_that_http_does_not_have() -> None:
    async def headers() -> Mapping[str, str]:
        return {"X-A": "b\r\nAuthorization: Token other"}

    async with rest_peer(Reply()) as peer, pool() as http:
        with pytest.raises(ConfigError, match="header X-A"):
            await http.request(HttpRequest("GET", peer.url, "GET /", headers))
        assert peer.asked == []


@pytest.mark.parametrize(("later", "text"), [(b"12345678", "grew"), (b"12", "shrank")])
async def test_a_file_that_changes_is_noticed(later: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(b"1234")
    body = Body(path)
    async with rest_peer(Reply()) as peer, pool() as http:

        async def headers() -> Mapping[str, str]:
            path.write_bytes(later)
            return {}

        with pytest.raises(ConfigError, match=text):
            await http.request(HttpRequest("POST", peer.url, "POST /", headers, body))


async def test_the_callers_own_errors_pass() -> None:
    def source() -> Iterator[bytes]:
        yield b"1"
        raise OSError("mine")

    async with rest_peer(Reply()) as peer, pool() as http:
        with pytest.raises(OSError, match="mine"):
            await http.request(request(peer.url, body=source()))
        with pytest.raises(ConfigError, match="bytes, not str"):
            await http.request(request(peer.url, body=iter(["text"])))


async def test_tls(tmp_path: Path) -> None:
    server, client = server_tls(trustme.CA(), "127.0.0.1")
    answer = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    async with serving(answer, ssl_context=server) as peer:
        url = f"https://127.0.0.1:{peer.port}"
        assert await ask(url, settings={"ssl_context": client}) == b"ok"
        with pytest.raises(ConnectError, match="TLS certificate not trusted"):
            await ask(url, max_retries=0)
        with pytest.raises(ConnectError, match="TLS"):
            await ask(f"https://localhost:{peer.port}", settings={"ssl_context": client}, max_retries=0)
    unchecked = server_tls(trustme.CA(), "x")[1]
    unchecked.check_hostname = False
    with pytest.raises(ConfigError, match="must check certificates"):
        await ask("https://127.0.0.1:9", settings={"ssl_context": unchecked})


async def test_a_proxy_on_the_way_to_tls() -> None:
    server, client = server_tls(trustme.CA(), "localhost")
    requests: list[bytes] = []
    answer = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    async with serving(answer, ssl_context=server) as peer, serving(proxying(requests)) as proxy:
        settings = {"ssl_context": client, "proxy": f"http://user:p%40ss@127.0.0.1:{proxy.port}"}
        assert await ask(f"https://localhost:{peer.port}", settings=settings) == b"ok"
    (head,) = requests
    assert b"Token" not in head
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in head
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with serving(proxying([], answer=refusal)) as proxy:
        with pytest.raises(ConnectError, match=r"proxy 127\.0\.0\.1:\d+ answered HTTP 407"):
            await ask(
                "https://localhost:9", settings={"proxy": f"http://u:s3cret@127.0.0.1:{proxy.port}"}, max_retries=0
            )


async def test_a_stream_left_early_closes_its_connection() -> None:
    async with rest_peer(Reply(body=DATA)) as peer, pool() as http:
        async with http.stream(request(peer.url)) as answer:
            async for chunk in answer:
                assert chunk
                break
        with anyio.fail_after(1):
            while peer.open:
                await anyio.lowlevel.checkpoint()


async def test_cancelled_anywhere_it_leaves_nothing() -> None:
    async def slow(asked: Asked) -> Reply:
        await anyio.lowlevel.checkpoint()
        return Reply(503) if asked.path == "/twice" and len(peer.asked) % 2 else Reply(body=DATA)

    async with rest_peer(slow) as peer, pool(limits=Limits(max_connections=1)) as kept:

        async def through_a_new_pool() -> None:
            async with pool() as http:
                await http.request(request(f"{peer.url}/twice", body=DATA))

        async def all_closed() -> None:
            with anyio.fail_after(1):
                while peer.open:
                    await anyio.lowlevel.checkpoint()

        async def through_a_kept_pool() -> None:
            await kept.request(request(peer.url, body=iter([DATA])))

        async def still_usable() -> None:
            with anyio.fail_after(1):
                await kept.request(request(peer.url))

        assert await cancel_everywhere(through_a_new_pool, all_closed) > 10
        assert await cancel_everywhere(through_a_kept_pool, still_usable) > 5
