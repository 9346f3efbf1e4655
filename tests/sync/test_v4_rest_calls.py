"""What v4's REST clients have in common: any URL, credentials, headers, errors, retries, deadlines, threads."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest

from deepgram_anyio import ConfigError, DeepgramError, RemoteProtocolError
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.sync.loop import event_loop_thread
from deepgram_anyio.sync.v4.client_options import DeepgramClientOptions
from deepgram_anyio.sync.v4.context import context_of
from deepgram_anyio.sync.v4.errors import DeepgramApiError, DeepgramApiKeyError, DeepgramTypeError
from deepgram_anyio.sync.v4.manage import AsyncManageClient, ManageClient
from deepgram_anyio.sync.v4.rest_listen import ListenRESTClient

from ..rest_peer import Asked, Reply, json_reply
from .v4_rest_support import config_of, peer_of, peer_within

VERBS = ["get", "post", "put", "patch", "delete"]
OK = Reply(headers={"content-type": "text/plain; charset=iso-8859-1"}, body="é".encode("latin-1"))


@pytest.mark.parametrize("verb", VERBS)
def test_any_url(verb: str) -> None:
    with peer_of(OK) as (config, peer):
        url, options, addons = f"{peer.url}/x/{{y}}?a=1&a=2", {"b": True, "c": None}, {"a": ["3"]}
        answer = getattr(ManageClient(config), verb)(url, options, addons, {"X-Trace": "1"}, 5, json={"d": [1, "é"]})
    (asked,) = peer.asked
    assert answer == "é"
    assert (asked.method, asked.path) == (verb.upper(), "/x/%7By%7D")
    assert asked.query == [("a", "1"), ("a", "2"), ("a", "3"), ("b", "true")]
    assert (asked.json(), asked.headers["content-type"]) == ({"d": [1, "é"]}, "application/json")
    assert (asked.headers["x-trace"], asked.headers["authorization"]) == ("1", "Token key-1")


@pytest.mark.anyio
@pytest.mark.parametrize("verb", VERBS)
async def test_any_url_async(verb: str) -> None:
    async with peer_within(OK) as (config, peer):
        assert await getattr(AsyncManageClient(config), verb)(f"{peer.url}/x") == "é"
    assert (peer.asked[0].method, peer.asked[0].body) == (verb.upper(), b"")


@pytest.mark.parametrize(
    ("arguments", "body", "content_type"),
    [
        ({"content": b"abc"}, b"abc", "application/octet-stream"),
        ({"content": "é"}, "é".encode(), "application/octet-stream"),
        ({"content": [b"a", b"bc"]}, b"abc", "application/octet-stream"),
        ({"content": b""}, b"", None),
        ({"data": {"a": "b c"}}, b"a=b+c", "application/x-www-form-urlencoded"),
        ({"json": []}, b"[]", "application/json"),
        ({"params": {"p": 1}}, b"", None),
    ],
)
def test_bodies_of_httpx(arguments: dict[str, Any], body: bytes, content_type: str | None) -> None:
    with peer_of(OK) as (config, peer):
        ManageClient(config).post(f"{peer.url}/x", **arguments)
    assert (peer.asked[0].body, peer.asked[0].headers.get("content-type")) == (body, content_type)
    assert peer.asked[0].query == ([("p", "1")] if "params" in arguments else [])


def test_files_as_httpx_sends_them() -> None:
    with peer_of(OK) as (config, peer):
        ManageClient(config).post(f"{peer.url}/x", files={"f": ("a.txt", b"abc")})
    assert peer.asked[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'filename="a.txt"' in peer.asked[0].body


def test_post_raw_and_post_memory() -> None:
    reply = Reply(headers={"dg-request-id": "r1", "x-dg-char-count": "3", "content-type": "audio/x"}, body=b"abc")
    with peer_of(reply) as (config, peer):
        client = ManageClient(config)
        with client.post_raw(f"{peer.url}/x", {"a": 1}, json={}) as raw:
            assert (raw.status_code, raw.read()) == (200, b"abc")
        found = client.post_memory(f"{peer.url}/x", ["request-id", "char-count", "Content-Type", "none"], json={})
    stream = found.pop("stream")
    assert isinstance(stream, io.BytesIO)
    assert stream.getvalue() == b"abc"
    assert found == {"request-id": "r1", "char-count": "3", "Content-Type": "audio/x"}


@pytest.mark.anyio
async def test_post_raw_and_post_memory_async() -> None:
    async with peer_within(Reply(body=b"abc")) as (config, peer):
        client = AsyncManageClient(config)
        async with await client.post_raw(f"{peer.url}/x") as raw:
            assert await raw.aread() == b"abc"
        assert list(await client.post_memory(f"{peer.url}/x", [])) == ["stream"]


@pytest.mark.parametrize(
    "url", ["", "v1/projects", "ftp://h/x", "http://u:p@h/x", "http://", "http://h:x/", "http://[::1"]
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ConfigError):
        ManageClient(config_of("http://127.0.0.1:9")).get(url)


@pytest.mark.parametrize(
    "arguments",
    [
        {"url": 7},
        {"headers": ["a"]},
        {"timeout": "1"},
        {"timeout": True},
        {"transport": object()},
        {"colour": "red"},
        {"json": object()},
        {"json": float("nan")},
        {"content": 7},
        {"data": 7},
        {"params": 7},
    ],
)
def test_arguments_of_the_wrong_type(arguments: dict[str, Any]) -> None:
    client = ManageClient(config_of("http://127.0.0.1:9"))
    with pytest.raises(DeepgramTypeError):
        client.post(**{"url": "http://127.0.0.1:9/x", **arguments})
    with pytest.raises(DeepgramError):
        ManageClient(None)  # type: ignore[arg-type]


def test_strangers_get_no_credentials() -> None:
    with (
        event_loop_thread().enter(_peer(OK)) as stranger,
        peer_of(OK, headers={"X-Gateway": "secret"}) as (config, peer),
    ):
        client = ManageClient(config)
        client.get(f"{stranger.url}/x", headers={"X-Mine": "1"})
        client.get(f"{peer.url}/x")
        client.get(f"{stranger.url}/x", headers={"authorization": "Token other"})
    first, second = stranger.asked
    assert not {"authorization", "x-gateway"} & set(first.headers)
    assert first.headers["x-mine"] == "1"
    assert second.headers["authorization"] == "Token other"
    assert (peer.asked[0].headers["authorization"], peer.asked[0].headers["x-gateway"]) == ("Token key-1", "secret")


def _peer(answers: Any) -> Any:
    from ..rest_peer import rest_peer

    return rest_peer(answers)


def test_no_credentials_in_plain_text() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    client = ManageClient(DeepgramClientOptions(api_key="key-1", url="https://dg.example"))
    client.get("https://dg.example/x", transport=httpx.MockTransport(answer))
    client.get("http://dg.example/x", transport=httpx.MockTransport(answer))
    assert [request.headers.get("authorization") for request in sent] == ["Token key-1", None]
    with pytest.raises(DeepgramApiKeyError, match="without TLS"):
        client.get("http://dg.example/x", headers={"Authorization": "Token mine"})
    with pytest.raises(DeepgramApiKeyError, match="without TLS"):
        ManageClient(DeepgramClientOptions(api_key="key-1", url="http://dg.example")).get_projects()


def test_keys_that_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEEPGRAM_API_KEY", "DEEPGRAM_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeepgramApiKeyError, match="no credentials"):
        ManageClient(DeepgramClientOptions()).get_projects()
    with pytest.raises(DeepgramApiKeyError) as caught:
        ManageClient(DeepgramClientOptions(api_key="secret key")).get_projects()
    assert "secret" not in str(caught.value)


def test_headers_of_a_call_do_not_stick() -> None:
    with peer_of(json_reply({}), headers={"X-Always": "1"}) as (config, peer):
        before = dict(config.headers)
        client = ManageClient(config)
        client.get_projects(headers={"X-Once": "2", "Authorization": "Bearer mine"})
        client.get_projects()
        assert config.headers == before
    first, second = peer.asked
    assert (first.headers["x-once"], first.headers["authorization"]) == ("2", "Bearer mine")
    assert "x-once" not in second.headers
    assert (second.headers["authorization"], second.headers["x-always"]) == ("Token key-1", "1")


def test_a_configuration_that_changes_its_key() -> None:
    with peer_of(json_reply({})) as (config, peer):
        client = ManageClient(config)
        client.get_projects()
        config.set_access_token("token-2")
        client.get_projects()
    assert [asked.headers["authorization"] for asked in peer.asked] == ["Token key-1", "Bearer token-2"]


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (b'{"err_code": "E1", "err_msg": "old", "request_id": "r1"}', "old", "E1"),
        (b'{"category": "E2", "message": "modern", "details": "more", "request_id": "r1"}', "modern", "E2"),
        (b"plain text", "plain text", None),
        (b'"a string"', "a string", None),
        (b"", "Bad Request", None),
        (b"[1, 2]", "1", None),
        (b"\xff\xfe", None, None),
    ],
)
def test_errors_can_be_read(body: bytes, message: str | None, code: str | None) -> None:
    reply = Reply(400, {"dg-request-id": "r1"}, body)
    with peer_of(reply) as (config, _), pytest.raises(DeepgramApiError) as caught:
        ManageClient(config).get_projects()
    error = caught.value
    assert message is None or message in error.message
    assert (error.status, str(error.status), error.code, error.request_id) == (400, "400", code, "r1")
    assert error.message
    assert "None" not in str(error)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'"x"', b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_json_object(body: bytes) -> None:
    reply = Reply(200, {"dg-request-id": "r1"}, body)
    with peer_of(reply) as (config, _), pytest.raises(RemoteProtocolError, match="r1"):
        ManageClient(config).get_projects()


def test_retries_as_the_native_client() -> None:
    busy, gone = Reply(503), Reply(404)
    with peer_of([busy, busy, json_reply({}), busy, busy, busy, gone]) as (config, peer):
        client = ManageClient(config)
        client.create_key("p1", {"comment": "c"})
        with pytest.raises(DeepgramApiError, match="503"):
            client.get_projects()
        with pytest.raises(DeepgramApiError, match="404"):
            client.get_projects()
    assert len(peer.asked) == 7


@pytest.mark.parametrize("timeout", [0.05, httpx.Timeout(5, read=0.05)])
def test_deadlines(timeout: Any) -> None:
    async def never(asked: Asked) -> Reply:
        await anyio.sleep_forever()
        raise AssertionError

    with peer_of(never) as (config, _), pytest.raises(DeadlineError, match="read_s"):
        ManageClient(config).get_projects(timeout)


class _SyncTransport(httpx.BaseTransport):
    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.closed = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(200, headers={"dg-thread": threading.current_thread().name}, content=request.read())

    def close(self) -> None:
        self.closed += 1


def test_transports() -> None:
    sync, both = _SyncTransport(), httpx.MockTransport(lambda request: httpx.Response(200, content=request.content))
    client = ListenRESTClient(DeepgramClientOptions(api_key="key-1", url="https://dg.example/dg"))
    for transport in (sync, both):
        assert client.post("https://dg.example/x", content=[b"a", b"b"], transport=transport) == "ab"
        with client.post_raw("https://dg.example/x", content=b"ab", transport=transport) as raw:
            assert raw.read() == b"ab"
        assert client.transcribe_file({"buffer": b'{"a": 1}'}, transport=transport)["a"] == 1
    assert [str(request.url) for request in sync.asked][2] == "https://dg.example/dg/v1/listen"
    assert sync.closed == 3


@pytest.mark.anyio
async def test_transports_async() -> None:
    sync = _SyncTransport()
    client = AsyncManageClient(DeepgramClientOptions(api_key="key-1", url="https://dg.example"))
    assert await client.post("https://dg.example/x", content=b"ab", transport=sync) == "ab"
    assert sync.closed == 1


def test_many_threads_at_once() -> None:
    barrier = threading.Barrier(16)
    with peer_of(lambda asked: json_reply({"name": asked.path})) as (config, peer):
        client = ManageClient(config)

        def call(number: int) -> str | None:
            barrier.wait(10)
            return client.get_project(f"p{number}").name

        with ThreadPoolExecutor(16) as threads:
            names = list(threads.map(call, range(16)))
    assert names == [f"/v1/projects/p{number}" for number in range(16)]
    assert len(peer.asked) == 16


def test_within_a_running_loop_of_the_caller() -> None:
    async def main(client: ManageClient) -> str | None:
        return client.get_project("p1").name

    with peer_of(json_reply({"name": "A"})) as (config, _):
        assert asyncio.run(main(ManageClient(config))) == "A"


@pytest.mark.anyio
async def test_async_clients_leave_an_open_pool_of_another_loop_alone() -> None:
    async with peer_within(json_reply({"name": "A"})) as (config, peer):
        with event_loop_thread().enter(context_of(config).backend.http):
            assert (await anyio.to_thread.run_sync(ManageClient(config).get_project, "p1")).name == "A"
            assert (await AsyncManageClient(config).get_project("p2")).name == "A"
            assert (await anyio.to_thread.run_sync(ManageClient(config).get_project, "p3")).name == "A"
    # The blocking client kept its connection; the async one had its own.
    assert (len(peer.asked), peer.connections) == (3, 2)


@pytest.mark.anyio
async def test_cancelled() -> None:
    arrived, cancelled = anyio.Event(), anyio.Event()

    async def late(asked: Asked) -> Reply:
        arrived.set()
        await cancelled.wait()
        return OK

    async with peer_within(late) as (config, peer):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(AsyncManageClient(config).get_projects)
            await arrived.wait()
            tasks.cancel_scope.cancel()
        cancelled.set()
        with anyio.fail_after(5):
            while peer.open:  # the server finds its client gone
                await anyio.lowlevel.checkpoint()


def test_what_is_logged_on_demand(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with peer_of(json_reply({}), verbose=25) as (config, _):
        monkeypatch.setattr(logging.getLogger(), "handlers", [])  # those of pytest
        ManageClient(config).get_keys("p1", addons={"a": "b"})
    heard = capsys.readouterr().err
    assert "GET /v1/projects/{project_id}/keys: HTTP 200" in heard
    assert "key-1" not in heard
