"""v4's text intelligence: sources, queries, callbacks."""

from __future__ import annotations

import io
from typing import Any

import pytest

from deepgram_anyio.sync.v4.errors import DeepgramTypeError
from deepgram_anyio.sync.v4.options_analyze import AnalyzeOptions, ReadOptions
from deepgram_anyio.sync.v4.responses_analyze import AnalyzeResponse, AsyncAnalyzeResponse
from deepgram_anyio.sync.v4.rest_analyze import (
    AnalyzeClient,
    AsyncAnalyzeClient,
    AsyncReadClient,
    ReadClient,
)

from ..rest_peer import json_reply
from .v4_rest_support import config_of, holds, peer_of, peer_within

URL = "https://me.example/text"
ANSWER = {
    "metadata": {"request_id": "r1", "created": "2024-01-01", "language": "en"},
    "results": {"summary": {"text": "Short."}, "news": [1]},
}


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ({"text": "é"}, {"text": "é"}),
        ({"buffer": "Hello."}, {"text": "Hello."}),
        ({"buffer": "é".encode()}, {"text": "é"}),
        ({"buffer": memoryview(b"Hello.")}, {"text": "Hello."}),
        ({"stream": io.BytesIO(b"Hello.")}, {"text": "Hello."}),
        ({"stream": io.StringIO("Hello.")}, {"text": "Hello."}),
        ("Hello.", {"text": "Hello."}),
        (b"Hello.", {"text": "Hello."}),
        (io.BytesIO(b"Hello."), {"text": "Hello."}),
        ({"buffer": b' {"text": "as curl sends it"}'}, {"text": "as curl sends it"}),
        ({"buffer": b'{"url": "https://me.example"}'}, {"url": "https://me.example"}),
        ({"buffer": b'{"no": "request"}'}, {"text": '{"no": "request"}'}),
        ({"buffer": b"{not JSON"}, {"text": "{not JSON"}),
        ({"buffer": "{" * 100_000}, {"text": "{" * 100_000}),
    ],
)
def test_text(source: Any, body: Any) -> None:
    with peer_of(json_reply(ANSWER)) as (config, peer):
        answer = AnalyzeClient(config).analyze_text(source, AnalyzeOptions(summarize=True))
    (asked,) = peer.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/v1/read", [("summarize", "true")])
    assert (asked.headers["content-type"], asked.json()) == ("application/json", body)
    assert isinstance(answer, AnalyzeResponse)
    assert holds(answer.to_dict(), ANSWER)
    assert answer.eval("results.summary.text") == "Short."


@pytest.mark.parametrize("source", [None, 7, {}, {"url": URL}, {"buffer": 7}, {"buffer": b"\xff"}, ["text"]])
def test_texts_that_are_none(source: Any) -> None:
    with pytest.raises(DeepgramTypeError):
        AnalyzeClient(config_of("http://127.0.0.1:9")).analyze_text(source)


@pytest.mark.parametrize("source", [None, 7, {}, {"text": "x"}, {"url": None}])
def test_urls_that_are_none(source: Any) -> None:
    with pytest.raises(DeepgramTypeError, match="Unknown analyze source type"):
        AnalyzeClient(config_of("http://127.0.0.1:9")).analyze_url(source)


def test_url() -> None:
    options = AnalyzeOptions(topics=True, custom_topic=["a", "b"], custom_topic_mode="strict", language="en")
    with peer_of(json_reply(ANSWER)) as (config, peer):
        ReadClient(config).analyze_url({"url": URL}, options, {"x": 1}, endpoint="v2/read")
    (asked,) = peer.asked
    assert (asked.path, asked.json()) == ("/v2/read", {"url": URL})
    assert sorted(asked.query) == [
        ("custom_topic", "a"),
        ("custom_topic", "b"),
        ("custom_topic_mode", "strict"),
        ("language", "en"),
        ("topics", "true"),
        ("x", "1"),
    ]


def test_callbacks() -> None:
    hook = "https://me.example/hook"
    options = AnalyzeOptions(intents=True)
    with peer_of(json_reply({"request_id": "r2"})) as (config, peer):
        client = AnalyzeClient(config)
        answers = [
            client.analyze_url_callback({"url": URL}, hook, options),
            client.analyze_text_callback({"buffer": "x"}, callback=hook, options=options),
            client.analyze_url({"url": URL}, {"callback": hook, "intents": True}),
            client.analyze_text("x", AnalyzeOptions(callback=hook, intents=True)),
        ]
    assert [(type(answer), answer["request_id"]) for answer in answers] == [(AsyncAnalyzeResponse, "r2")] * 4
    assert all(sorted(asked.query) == [("callback", hook), ("intents", "true")] for asked in peer.asked)
    assert options == AnalyzeOptions(intents=True)


def test_process_as_in_the_readme() -> None:
    options = ReadOptions(model="nova-3", language="en")
    with peer_of(json_reply(ANSWER)) as (config, peer):
        answer = AnalyzeClient(config).process(text="The quick brown fox.", options=options)
    assert isinstance(answer, AnalyzeResponse)
    assert peer.asked[0].json() == {"text": "The quick brown fox."}
    everything = [(name, "true") for name in ("intents", "sentiment", "summarize", "topics")]
    assert sorted(peer.asked[0].query) == sorted([("language", "en"), ("model", "nova-3"), *everything])
    with peer_of(json_reply(ANSWER)) as (config, peer):
        AnalyzeClient(config).process("The quick brown fox.", {"topics": True})
        AnalyzeClient(config).process("The quick brown fox.", addons={"intents": True})
    assert [asked.query for asked in peer.asked] == [[("topics", "true")], [("intents", "true")]]


@pytest.mark.anyio
async def test_async() -> None:
    assert (AsyncReadClient, ReadClient) == (AsyncAnalyzeClient, AnalyzeClient)
    async with peer_within(json_reply(ANSWER)) as (config, peer):
        client = AsyncAnalyzeClient(config)
        await client.analyze_url({"url": URL}, {"summarize": "v2"})
        await client.analyze_text({"stream": io.BytesIO(b"x")}, {"sentiment": True})
        await client.analyze_url_callback({"url": URL}, "https://me.example/hook")
        await client.analyze_text_callback("x", "https://me.example/hook")
        await client.process("x", {"topics": True})
    assert [asked.query for asked in peer.asked] == [
        [("summarize", "v2")],
        [("sentiment", "true")],
        [("callback", "https://me.example/hook")],
        [("callback", "https://me.example/hook")],
        [("topics", "true")],
    ]
