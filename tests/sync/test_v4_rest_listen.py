"""v4's transcription of recordings: queries, bodies, callbacks, sources."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio import ConfigError
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.sync.loop import event_loop_thread
from deepgram_anyio.sync.v4.errors import DeepgramError, DeepgramTypeError
from deepgram_anyio.sync.v4.options_listen import PrerecordedOptions
from deepgram_anyio.sync.v4.responses_listen import AsyncPrerecordedResponse, PrerecordedResponse
from deepgram_anyio.sync.v4.rest_listen import (
    AsyncListenRESTClient,
    AsyncPreRecordedClient,
    ListenRESTClient,
    PreRecordedClient,
)
from deepgram_anyio.sync.v4.rest_speak import SpeakRESTClient

from ..rest_peer import json_reply
from .v4_rest_support import config_of, holds, peer_of, peer_within

URL = "https://dpgr.am/spacewalk.wav"
ANSWER = {
    "metadata": {"request_id": "r1", "duration": 1.5, "news": {"a": 1}},
    "results": {"channels": [{"alternatives": [{"transcript": "hi", "confidence": 0.5, "words": []}]}]},
}
ACCEPTED = {"request_id": "r2"}


def test_the_names_of_v4() -> None:
    assert (PreRecordedClient, AsyncPreRecordedClient) == (ListenRESTClient, AsyncListenRESTClient)


@pytest.mark.parametrize(
    ("options", "addons", "query"),
    [
        (None, None, []),
        ({}, {}, []),
        (PrerecordedOptions(), None, []),
        (PrerecordedOptions(model="nova-3", smart_format=True), None, [("model", "nova-3"), ("smart_format", "true")]),
        (
            {"keywords": ["a:1", "b c"], "punctuate": False},
            None,
            [("keywords", "a:1"), ("keywords", "b c"), ("punctuate", "false")],
        ),
        ({"tag": None, "utt_split": 0.5}, {"beta": True}, [("utt_split", "0.5"), ("beta", "true")]),
        ({"model": "nova-2"}, {"model": "nova-3"}, [("model", "nova-3")]),
        ({"tag": "a"}, {"tag": ["b", "c"]}, [("tag", "a"), ("tag", "b"), ("tag", "c")]),
        ({"search": "é & ?"}, None, [("search", "é & ?")]),
    ],
)
def test_the_query_is_what_the_caller_set(options: Any, addons: Any, query: list[tuple[str, str]]) -> None:
    with peer_of(json_reply(ANSWER)) as (config, peer):
        ListenRESTClient(config).transcribe_url({"url": URL}, options, addons)
    (asked,) = peer.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/v1/listen", query)
    assert (asked.headers["content-type"], asked.json()) == ("application/json", {"url": URL})


def test_what_is_set_on_options_later_and_what_they_do_not_know() -> None:
    options = PrerecordedOptions(model="nova-3")
    options.brand_new = "x"
    with peer_of(json_reply(ANSWER)) as (config, peer):
        ListenRESTClient(config).transcribe_url({"url": URL}, options)
    assert peer.asked[0].query == [("model", "nova-3"), ("brand_new", "x")]


def test_the_answer() -> None:
    with peer_of(json_reply(ANSWER)) as (config, _):
        answer = ListenRESTClient(config).transcribe_url({"url": URL})
    assert isinstance(answer, PrerecordedResponse)
    assert answer["results"].channels[0].alternatives[0].transcript == "hi"
    assert answer["metadata"]["news"] == {"a": 1}
    assert answer.eval("results.channels.0.alternatives.0.transcript") == "hi"
    assert holds(answer.to_dict(), ANSWER)


class _Pieces:
    """A reader of one's own."""

    def __init__(self) -> None:
        self._left = [b"RI", b"FF", b""]

    def read(self, size: int = -1) -> bytes:
        return self._left.pop(0)


def _sources(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    return {
        "buffer": {"buffer": b"RIFF"},
        "bytearray": {"buffer": bytearray(b"RIFF")},
        "stream": {"stream": io.BytesIO(b"RIFF")},
        "reader": {"stream": _Pieces()},
        "generator": {"stream": (piece for piece in (b"RI", b"FF"))},
        "bytes": b"RIFF",
        "path": path,
        "name": str(path),
        "file": io.BytesIO(b"RIFF"),
    }


@pytest.mark.parametrize(
    "kind", ["buffer", "bytearray", "stream", "reader", "generator", "bytes", "path", "name", "file"]
)
def test_sources(kind: str, tmp_path: Path) -> None:
    with peer_of(json_reply(ANSWER)) as (config, peer):
        ListenRESTClient(config).transcribe_file(_sources(tmp_path)[kind], {"model": "nova-3"})
    (asked,) = peer.asked
    assert (asked.body, asked.query) == (b"RIFF", [("model", "nova-3")])
    assert asked.headers["content-type"] == "application/octet-stream"


def test_an_open_file_as_in_the_readme(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    with peer_of(json_reply(ANSWER)) as (config, peer), path.open("rb") as file:
        ListenRESTClient(config).transcribe_file(source=file, options=PrerecordedOptions(model="nova-3"))
        assert not file.closed
    assert peer.asked[0].body == b"RIFF"


@pytest.mark.parametrize(
    "source", [None, 7, {}, {"url": URL}, {"text": "x"}, {"buffer": "text"}, {"buffer": None}, URL]
)
def test_sources_that_are_none(source: Any) -> None:
    client = ListenRESTClient(config_of("http://127.0.0.1:9"))
    with pytest.raises(DeepgramTypeError):
        client.transcribe_file(source)


@pytest.mark.parametrize("source", [None, 7, {}, {"buffer": b""}, {"url": 7}])
def test_url_sources_that_are_none(source: Any) -> None:
    client = ListenRESTClient(config_of("http://127.0.0.1:9"))
    with pytest.raises(DeepgramTypeError, match="Unknown transcription source type"):
        client.transcribe_url(source)


@pytest.mark.parametrize("source", [b"", {"buffer": b""}, {"stream": io.BytesIO()}])
def test_an_empty_source(source: Any) -> None:
    with peer_of(json_reply(ANSWER)) as (config, peer), pytest.raises(ConfigError, match="empty"):
        ListenRESTClient(config).transcribe_file(source)
    assert peer.asked == []


@pytest.mark.parametrize("options", [7, "model=nova-3", ["model"], object()])
def test_options_of_another_type(options: Any) -> None:
    client = ListenRESTClient(config_of("http://127.0.0.1:9"))
    with pytest.raises(DeepgramTypeError, match="options must be a dict or an options object"):
        client.transcribe_url({"url": URL}, options)
    with pytest.raises(DeepgramTypeError, match="addons must be a dict"):
        client.transcribe_url({"url": URL}, {}, options)


def test_options_that_refuse_themselves() -> None:
    class Strict(PrerecordedOptions):
        def check(self) -> bool:
            return False

    with pytest.raises(DeepgramError, match="check"):
        ListenRESTClient(config_of("http://127.0.0.1:9")).transcribe_url({"url": URL}, Strict())


def test_callbacks() -> None:
    hook = "https://me.example/hook?a=1&b=2"
    options = PrerecordedOptions(model="nova-3")
    with peer_of(json_reply(ACCEPTED)) as (config, peer):
        client = ListenRESTClient(config)
        answers = [
            client.transcribe_url_callback({"url": URL}, hook, options),
            client.transcribe_url_async(source={"url": URL}, callback_url=hook, options=options),
            client.transcribe_file_callback({"buffer": b"x"}, callback=hook, options=options),
            client.transcribe_file_async(source=b"x", callback_url=hook, options=options),
            client.transcribe_url({"url": URL}, {"model": "nova-3", "callback": hook}),
            client.transcribe_url({"url": URL}, options, {"callback": hook}),
            client.transcribe_file({"buffer": b"x"}, PrerecordedOptions(callback=hook, model="nova-3")),
        ]
    assert [type(answer) for answer in answers] == [AsyncPrerecordedResponse] * 7
    assert {answer["request_id"] for answer in answers} == {"r2"}
    assert all(sorted(asked.query) == [("callback", hook), ("model", "nova-3")] for asked in peer.asked)
    assert options == PrerecordedOptions(model="nova-3")


def test_another_endpoint_and_a_path_prefix() -> None:
    with peer_of(json_reply(ANSWER)) as (config, peer):
        behind = config_of(f"{peer.url}/dg/")
        ListenRESTClient(behind).transcribe_url({"url": URL}, endpoint="v9/listen?mode=a", options={"model": "m"})
        ListenRESTClient(config).transcribe_file(b"x", endpoint="/v1/{odd}")
    assert [asked.path for asked in peer.asked] == ["/dg/v9/listen", "/v1/%7Bodd%7D"]
    assert peer.asked[0].query == [("mode", "a"), ("model", "m")]


@pytest.mark.anyio
async def test_async(tmp_path: Path) -> None:
    async with peer_within([json_reply(ANSWER)] * 2 + [json_reply(ACCEPTED)]) as (config, peer):
        client = AsyncListenRESTClient(config)
        first = await client.transcribe_url({"url": URL}, PrerecordedOptions(model="nova-3"))
        second = await client.transcribe_file(_sources(tmp_path)["path"], {"keyterm": ["a", "b"]})
        third = await client.transcribe_url_async(URL, "https://me.example/hook")
    assert isinstance(first, PrerecordedResponse)
    assert first == second
    assert isinstance(third, AsyncPrerecordedResponse)
    assert [asked.query for asked in peer.asked] == [
        [("model", "nova-3")],
        [("keyterm", "a"), ("keyterm", "b")],
        [("callback", "https://me.example/hook")],
    ]


def test_the_embedded_server_agrees() -> None:
    engines: dict[str, Any] = {"recognizer": ScriptedRecognizer(["hello there"]), "voice": ToneVoice()}
    with event_loop_thread().enter(serve(api_keys=["key-1"], **engines)) as server:
        config = config_of(server.url)
        speech = SpeakRESTClient(config).stream_memory({"text": "Hello there."}, {"encoding": "linear16"})
        answer = ListenRESTClient(config).transcribe_file({"stream": speech.stream_memory}, {"model": "nova-3"})
    assert answer["results"].channels[0].alternatives[0].transcript == "hello there"
    assert answer["metadata"].request_id
