"""What is remembered of requests and streams, and the sums over it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from deepgram_anyio import ConnectionClosed, DeepgramClient
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.transport import open_websocket

from ...stand_in import ONE_CONNECTION
from .app import LocalApp, local_app

pytestmark = pytest.mark.anyio

LISTEN = "/v1/listen?model=nova-3&punctuate=true&diarize=false&language=en&tag=a&tag=b"
SPEAK = "/v1/speak?model=aura-2-thalia-en&tag=a"
READ = "/v1/read?topics=true&callback=http://x.yz/"


async def some_use(app: LocalApp, key: str | None = None) -> None:
    """Three days of use: 7,200 s of audio, then 5 characters, then a text with a callback, and what failed."""
    await app.json("POST", LISTEN, key, content=bytes(7200))
    app.clock.advance(days=1)
    await app.json("POST", SPEAK, key, json={"text": "hello"})
    await app.json("GET", "usage", key)
    app.clock.advance(days=1)
    await app.json("POST", READ, key, json={"text": "x"})
    await app.refused(400, "POST", SPEAK, key, json={})


async def test_requests_are_listed_the_latest_first() -> None:
    async with local_app(api_keys=["right"]) as app:
        await app.refused(401, "POST", SPEAK, json={"text": "x"})
        await some_use(app, "right")
        page = await app.json("GET", "requests", "right")
        assert (page["page"], page["limit"]) == (0, 10)
        assert [(entry["path"].split("?")[0], entry["code"]) for entry in page["requests"]] == [
            ("/v1/speak", 400),
            ("/v1/read", 200),
            ("/v1/speak", 200),
            ("/v1/listen", 200),
        ]
        first = page["requests"][-1]
        assert first["path"] == LISTEN
        assert first["created"] == "2025-03-01T12:00:00Z"
        assert first["deployment"] == "self-hosted"
        assert first["project_uuid"] == app.project_id
        assert first["response"]["details"]["features"] == ["language", "punctuate"]
        assert page["requests"][1]["callback"] == "http://x.yz/"
        assert "callback" not in first
        assert await app.json("GET", f"requests/{first['request_id']}", "right") == {"request": first}
        for number, entry in enumerate(page["requests"]):
            found = await app.json("GET", "requests", "right", params={"limit": 1, "page": number})
            assert found["requests"] == [entry]
        for beyond in (4, 10**30):
            params = {"limit": 1, "page": beyond}
            assert (await app.json("GET", "requests", "right", params=params))["requests"] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("endpoint=speak", 2),
        ("endpoint=agent", 0),
        ("method=async", 1),
        ("method=sync", 3),
        ("status=failed", 1),
        ("status=succeeded", 3),
        ("deployment=hosted", 0),
        ("deployment=self-hosted", 4),
        ("start=2025-03-02T12:00:00Z", 3),
        ("end=2025-03-02T13:00:00%2B01:00", 2),
        ("start=2025-03-02T12:00:00Z&end=2025-03-02T12:00:00Z", 1),
        ("accessor=nobody", 0),
        ("request_id=none", 0),
    ],
)
async def test_requests_are_filtered(query: str, found: int) -> None:
    async with local_app() as app:
        await some_use(app)
        assert len((await app.json("GET", f"requests?{query}"))["requests"]) == found


async def test_usage_is_summed_up_by_day() -> None:
    async with local_app() as app:
        empty = await app.json("GET", "usage")
        assert (empty["start"], empty["end"], empty["results"]) == ("2025-03-01", "2025-03-01", [])
        await some_use(app)
        usage = await app.json("GET", "usage")
        assert (usage["start"], usage["end"]) == ("2025-03-01", "2025-03-03")
        assert usage["resolution"] == {"units": "day", "amount": 1}
        days = usage["results"]
        assert [(day["start"], day["requests"]) for day in days] == [(f"2025-03-0{day}", 1) for day in (1, 2, 3)]
        assert (days[0]["hours"], days[0]["total_hours"], days[0]["agent_hours"]) == (2, 2, 0)
        assert days[1]["tts"] == {"characters": 5, "requests": 1}
        assert days[2]["tokens"] == {"in": 5, "out": 2}
        part = await app.json("GET", "usage?start=2025-03-02&end=2025-03-02")
        assert part["results"] == [days[1]]


@pytest.mark.parametrize(
    ("query", "requests"),
    [
        ("", 3),
        ("punctuate=true", 1),
        ("punctuate=false", 2),
        ("diarize=true", 0),
        ("topics=true&language=false", 1),
        ("tag=a", 2),
        ("tag=b", 1),
        ("model=nova-3", 1),
        ("endpoint=read", 1),
        ("method=async", 1),
        ("callback=true", 1),
        ("start=2025-03-02", 2),
        ("end=2025-02-01", 0),
        ("deployment=beta", 0),
        ("accessor=x", 0),
    ],
)
async def test_usage_is_filtered(query: str, requests: int) -> None:
    async with local_app() as app:
        await some_use(app)
        breakdown = await app.json("GET", f"usage/breakdown?{query}")
        assert sum(entry["requests"] for entry in breakdown["results"]) == requests
        summary = await app.json("GET", f"usage?{query}")
        assert sum(entry["requests"] for entry in summary["results"]) == requests


@pytest.mark.parametrize(
    ("grouping", "groups"),
    [
        ("endpoint", [["listen", 1], ["speak", 1], ["read", 1]]),
        ("method", [["sync", 2], ["async", 1]]),
        ("models", [[["nova-3"], 1], [["aura-2-thalia-en"], 1], [[], 1]]),
        ("tags", [[["a", "b"], 1], [["a"], 1], [[], 1]]),
        ("feature_set", [["language,punctuate", 1], ["", 1], ["callback,topics", 1]]),
        ("deployment", [["self-hosted", 3]]),
    ],
)
async def test_usage_is_broken_down(grouping: str, groups: list[Any]) -> None:
    async with local_app() as app:
        await some_use(app)
        results = (await app.json("GET", f"usage/breakdown?grouping={grouping}"))["results"]
        assert [[entry["grouping"][grouping], entry["requests"]] for entry in results] == groups
        assert sum(entry["tts_characters"] for entry in results) == 5
        by_key = (await app.json("GET", "usage/breakdown?grouping=accessor"))["results"]
        (entry,) = (await app.json("GET", f"requests?accessor={by_key[0]['grouping']['accessor']}&limit=1"))["requests"]
        assert entry["api_key_id"] == by_key[0]["grouping"]["accessor"]


async def test_fields_are_what_was_used() -> None:
    async with local_app() as app:
        nothing = await app.json("GET", "usage/fields")
        assert not any(nothing.values())
        await some_use(app)
        fields = await app.json("GET", "usage/fields")
        assert fields == {
            "tags": ["a", "b"],
            "models": [{"name": "aura-2-thalia-en"}, {"name": "nova-3"}],
            "processing_methods": ["async", "sync"],
            "features": ["callback", "language", "punctuate", "topics"],
            "languages": ["en"],
        }
        assert (await app.json("GET", "usage/fields?start=2025-03-03"))["tags"] == []


async def test_it_all_costs_nothing() -> None:
    async with local_app() as app:
        await some_use(app)
        (balance,) = (await app.json("GET", "balances"))["balances"]
        assert (balance["amount"], balance["units"]) == (0.0, "usd")
        assert await app.json("GET", f"balances/{balance['balance_id']}") == balance
        (order,) = (await app.json("GET", "purchases"))["orders"]
        assert order == {
            "order_id": balance["purchase_order_id"],
            "created": "2025-03-01T12:00:00Z",
            "amount": 0.0,
            "units": "usd",
            "order_type": "promotional",
        }
        fields = await app.json("GET", "billing/fields")
        assert fields["line_items"] == {
            "sync::nova-3": "nova-3, sync",
            "sync::aura-2-thalia-en": "aura-2-thalia-en, sync",
            "async::read": "read, async",
        }
        assert fields["deployments"] == ["self-hosted"]
        results = (await app.json("GET", "billing/breakdown?grouping=line_item&grouping=deployment"))["results"]
        assert [entry["grouping"]["line_item"] for entry in results] == list(fields["line_items"])
        assert {entry["dollars"] for entry in results} == {0.0}
        one = (await app.json("GET", "billing/breakdown?line_item=sync::nova-3&grouping=tags"))["results"]
        assert [entry["grouping"]["tags"] for entry in one] == [["a", "b"]]
        assert len((await app.json("GET", f"billing/breakdown?accessor={fields['accessors'][0]}"))["results"]) == 1


async def test_streams_are_remembered_with_what_they_used() -> None:
    sound = b"".join(ToneVoice().synthesize("One two."))
    seconds = len(sound) / 32000
    wav = wav_header(data_bytes=len(sound), sample_rate=16000) + sound
    async with serve(recognizer=ScriptedRecognizer(["one two"]), voice=ToneVoice()) as server:
        async with DeepgramClient(base_url=server.url, config=ONE_CONNECTION) as dg:
            raw: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
            async with dg.listen.v1.stream(sound, **raw, tag="mine", punctuate=True) as stream:
                assert [event async for event in stream]
            async with dg.listen.v1.connect() as connection:
                await connection.send(wav)
                await connection.close_stream()
                assert [event async for event in connection]
            async with dg.listen.v2.stream(sound, **raw) as flux:
                assert [event async for event in flux]
            async with dg.speak.v1.connect() as speech:
                assert await speech.synthesize("hello").collect()
        async with open_websocket(f"{server.url}/v1/agent/converse") as socket:
            await socket.send("nonsense")
            with pytest.raises(ConnectionClosed):
                assert [message async for message in socket]
        entries = await remembered(server.url, server.project_id)
    audio = [entry["response"]["details"]["duration"] for entry in entries]
    assert audio[:3] == pytest.approx([seconds] * 3, abs=0.01)
    assert [entry["path"].split("?")[0] for entry in entries] == [
        "/v1/listen",
        "/v1/listen",
        "/v2/listen",
        "/v1/speak",
        "/v1/agent/converse",
    ]
    assert {entry["response"]["details"]["method"] for entry in entries} == {"streaming"}
    assert entries[0]["response"]["details"]["models"] == ["nova-3"]
    assert entries[0]["response"]["details"]["tags"] == ["mine"]
    assert entries[0]["response"]["details"]["features"] == ["encoding", "punctuate", "sample_rate"]
    assert entries[3]["response"]["details"]["characters"] == 5
    assert [entry["code"] for entry in entries] == [200, 200, 200, 200, 400]


async def remembered(url: str, project_id: str) -> list[Any]:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{url}/v1/projects/{project_id}/requests")
    return list(reversed(answer.raise_for_status().json()["requests"]))
