"""v4's text to speech in one answer: memory, files, and answers that are still coming."""

from __future__ import annotations

import gzip
import inspect
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from deepgram_anyio import ConfigError, ConnectionClosed
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.sync.loop import event_loop_thread
from deepgram_anyio.sync.v4.errors import DeepgramApiError, DeepgramTypeError
from deepgram_anyio.sync.v4.options_speak import SpeakRESTOptions
from deepgram_anyio.sync.v4.responses_speak import SpeakRESTResponse
from deepgram_anyio.sync.v4.rest_speak import AsyncSpeakRESTClient, SpeakClient, SpeakRESTClient

from ..rest_peer import Reply, json_reply
from .v4_rest_support import config_of, peer_of, peer_within

TEXT: Any = {"text": "Hello!"}
HEADERS = {
    "content-type": "audio/mpeg",
    "dg-request-id": "r1",
    "x-dg-model-uuid": "u1",
    "model-name": "aura",
    "dg-char-count": "6",
    "date": "Sun, 06 Nov 1994 08:49:37 GMT",
}
AUDIO = Reply(headers=HEADERS, body=b"sound")
REFUSED = json_reply({"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."}, 401, dg_request_id="r9")


def _said(response: SpeakRESTResponse) -> dict[str, Any]:
    names = ("content_type", "request_id", "model_uuid", "model_name", "characters", "transfer_encoding", "date")
    return {name: getattr(response, name) for name in names}


FULL = {
    "content_type": "audio/mpeg",
    "request_id": "r1",
    "model_uuid": "u1",
    "model_name": "aura",
    "characters": 6,
    "transfer_encoding": None,
    "date": HEADERS["date"],
}


def test_in_memory() -> None:
    with peer_of(AUDIO) as (config, peer):
        response = SpeakRESTClient(config).stream_memory(TEXT, SpeakRESTOptions(encoding="linear16"), {"x": 1})
    (asked,) = peer.asked
    assert (asked.method, asked.path, asked.json()) == ("POST", "/v1/speak", {"text": "Hello!"})
    assert asked.query == [("model", "aura-2-thalia-en"), ("encoding", "linear16"), ("x", "1")]
    assert response.stream_memory is not None
    assert response.stream is response.stream_memory
    assert response.stream_memory.read() == b"sound"
    assert _said(response) == FULL
    assert SpeakClient is SpeakRESTClient


def test_nothing_is_added_to_the_query() -> None:
    with peer_of(AUDIO) as (config, peer):
        SpeakRESTClient(config).stream_memory(TEXT)
        SpeakRESTClient(config).stream_memory(TEXT, {})
        SpeakRESTClient(config).stream_memory("Hello!")
    assert [asked.query for asked in peer.asked] == [[], [], []]
    assert {asked.body for asked in peer.asked} == {b'{"text":"Hello!"}'}


@pytest.mark.parametrize("missing", [*HEADERS, None])
def test_headers_that_did_not_come_are_none(missing: str | None) -> None:
    headers = {} if missing is None else {name: text for name, text in HEADERS.items() if name != missing}
    with peer_of(Reply(headers=headers, body=b"sound")) as (config, _):
        said = _said(SpeakRESTClient(config).stream_memory(TEXT))
    assert len([value for value in said.values() if value is None]) == (7 if missing is None else 2)


@pytest.mark.parametrize("source", [None, 7, {}, {"buffer": b"x"}, {"stream": b"x"}, {"text": 7}, b"text"])
def test_sources_that_are_none(source: Any) -> None:
    client = SpeakRESTClient(config_of("http://127.0.0.1:9"))
    for call in (client.stream_memory, client.stream_raw):
        with pytest.raises(DeepgramTypeError, match="Unknown speak source type"):
            call(source)


def test_stream_is_deprecated() -> None:
    with peer_of(AUDIO) as (config, _), pytest.warns(DeprecationWarning, match="stream_memory") as caught:
        response = SpeakRESTClient(config).stream(TEXT)
    assert response.stream_memory is not None
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name]


def test_save(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    with peer_of(AUDIO) as (config, _):
        response = SpeakRESTClient(config).save(str(path), TEXT, SpeakRESTOptions(model="aura-2-thalia-en"))
    assert path.read_bytes() == b"sound"
    assert (response.filename, response.stream) == (str(path), None)
    assert response.stream_memory is not None
    assert response.stream_memory.getvalue() == b"sound"
    assert _said(response) == FULL


@pytest.mark.parametrize("reply", [REFUSED, Reply(headers={"content-length": "9"}, body=b"so", cut=True)])
def test_a_failure_leaves_the_file_as_it_was(reply: Reply, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"before")
    with peer_of(reply) as (config, _), pytest.raises((DeepgramApiError, ConnectionClosed)):
        SpeakRESTClient(config).save(path, TEXT)
    assert [found.name for found in tmp_path.iterdir()] == ["a.mp3"]
    assert path.read_bytes() == b"before"


def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    with peer_of(AUDIO) as (config, _), pytest.raises(ConfigError, match="cannot write"):
        SpeakRESTClient(config).save(tmp_path / "none" / "a.mp3", TEXT)


def test_file_of_the_blocking_client_is_a_coroutine_as_in_v4(tmp_path: Path) -> None:
    assert inspect.iscoroutinefunction(SpeakRESTClient.file)
    with peer_of(AUDIO) as (config, _):
        response = anyio.run(SpeakRESTClient(config).file, str(tmp_path / "a.mp3"), TEXT)
    assert response.filename == str(tmp_path / "a.mp3")
    assert (tmp_path / "a.mp3").read_bytes() == b"sound"


def test_raw() -> None:
    with peer_of(AUDIO) as (config, peer):
        client = SpeakRESTClient(config)
        response = client.stream_raw(TEXT, {"encoding": "mp3"})
        assert isinstance(response, httpx.Response)
        assert (response.status_code, response.headers["DG-Request-Id"]) == (200, "r1")
        assert b"".join(response.iter_bytes(chunk_size=2)) == b"sound"
        assert response.is_closed
        with client.stream_raw(TEXT) as response:
            assert response.read() == response.content == b"sound"
            assert response.raise_for_status() is response
        response = client.stream_raw(TEXT)
        response.close()
        response.close()
        with pytest.raises(httpx.StreamClosed):
            response.read()
    assert [asked.query for asked in peer.asked] == [[("encoding", "mp3")], [], []]
    assert "key-1" not in repr(response.request.headers)


def test_raw_lets_go_of_its_connection() -> None:
    with peer_of(Reply(headers={"content-length": "1000000"}, body=b"x", cut=True)) as (config, peer):
        for _ in range(3):
            SpeakRESTClient(config).stream_raw(TEXT).close()
        with SpeakRESTClient(config).stream_raw(TEXT) as response, pytest.raises(ConnectionClosed):
            response.read()
    assert (peer.connections, peer.open) == (4, 0)


def test_raw_comes_decompressed() -> None:
    zipped = Reply(headers={"content-encoding": "gzip"}, body=gzip.compress(b"sound" * 100))
    with peer_of(zipped) as (config, _), SpeakRESTClient(config).stream_raw(TEXT) as response:
        assert response.read() == b"sound" * 100


def test_raw_raises_what_the_server_refuses() -> None:
    with peer_of(REFUSED) as (config, _), pytest.raises(DeepgramApiError, match="Invalid credentials") as caught:
        SpeakRESTClient(config).stream_raw(TEXT)
    assert (caught.value.status, caught.value.request_id) == (401, "r9")


@pytest.mark.anyio
async def test_async(tmp_path: Path) -> None:
    async with peer_within(AUDIO) as (config, peer):
        client = AsyncSpeakRESTClient(config)
        response = await client.stream_memory(TEXT)
        assert _said(response) == FULL
        assert (await client.save(tmp_path / "a.mp3", TEXT)).filename == str(tmp_path / "a.mp3")
        assert (await client.file(str(tmp_path / "b.mp3"), TEXT, addons={"a": 1})).stream is None
        with pytest.warns(DeprecationWarning, match="stream_memory"):
            coroutine = client.stream(TEXT)
        assert (await coroutine).stream_memory is not None
        raw = await client.stream_raw(TEXT)
        assert [chunk async for chunk in raw.aiter_bytes()] == [b"sound"]
        async with await client.stream_raw(TEXT) as raw:
            assert await raw.aread() == b"sound"
        raw = await client.stream_raw(TEXT)
        await raw.aclose()
        assert raw.is_closed
    assert (tmp_path / "a.mp3").read_bytes() == (tmp_path / "b.mp3").read_bytes() == b"sound"
    assert len(peer.asked) == 7


@pytest.mark.anyio
async def test_async_raw_raises_what_the_server_refuses() -> None:
    async with peer_within(REFUSED) as (config, _):
        with pytest.raises(DeepgramApiError, match="Invalid credentials"):
            await AsyncSpeakRESTClient(config).stream_raw(TEXT)


def test_the_embedded_server_agrees(tmp_path: Path) -> None:
    with event_loop_thread().enter(serve(api_keys=["key-1"], voice=ToneVoice())) as server:
        client = SpeakRESTClient(config_of(server.url))
        response = client.save(tmp_path / "a.wav", TEXT, SpeakRESTOptions(encoding="linear16", container="wav"))
        with client.stream_raw(TEXT, {"encoding": "linear16"}) as raw:
            assert b"".join(raw.iter_bytes())[:4] == b"RIFF"
    assert (tmp_path / "a.wav").read_bytes()[:4] == b"RIFF"
    assert (response.characters, response.model_name) == (6, "aura-2-thalia-en")
    assert response.request_id
