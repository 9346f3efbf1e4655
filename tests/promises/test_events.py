"""The promise: every message of the server reaches the caller, in order; a strange one never ends the stream."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from wsproto.events import BytesMessage, TextMessage

from deepgram_anyio import ClientConfig, DeepgramClient
from deepgram_anyio.protocol import UnknownEvent, listen

from ..stand_in import api
from ..transport.fakes import results
from ..transport.peers import ServerEnd
from .ear import KEY, RAW

pytestmark = pytest.mark.anyio

GOOD = json.loads(msgspec.json.encode(results(0.0, 1.0, text="one two")))
VALUES: list[Any] = [None, True, -1, 1e308, "", "x" * 300, [], {}, [None], {"a": {"b": [1]}}, "\u0000", "\U0001f600"]


def fuzzed(seed: int, count: int) -> list[str]:
    """Messages as no server should send them: types, fields, nulls, depth."""
    rng = random.Random(seed)
    made: list[str] = []
    for number in range(count):
        message = json.loads(json.dumps(GOOD))
        kind = number % 5
        if kind == 0:
            message["type"] = rng.choice(["Brandnew", "results", "", "Results ", "SpeechStarted2"])
        elif kind == 1:
            message[rng.choice(list(message))] = rng.choice(VALUES)
        elif kind == 2:
            del message[rng.choice(list(message))]
        elif kind == 3:
            message[f"new_{number}"] = rng.choice(VALUES)
        else:
            message["channel"]["alternatives"][0][rng.choice(["words", "transcript"])] = rng.choice(VALUES)
        message["number"] = number
        made.append(json.dumps(message))
    return [*made, "", "null", "[]", "7", '"text"', '{"type":null}', '{"type":7}', "{", "no JSON", "[" * 5000]


@pytest.mark.parametrize("seed", range(3))
async def test_every_message_arrives_in_order_known_or_not_and_none_ends_the_stream(seed: int) -> None:
    sent = fuzzed(seed, 200)

    async def fuzz(end: ServerEnd, kind: str) -> bool:
        if kind == "Finalize":
            for text in sent:
                await end.send(TextMessage(text))
            await end.send(BytesMessage(b"unasked"))
        return kind == "Finalize"

    async with api() as server:
        server.on_message = fuzz
        async with (
            DeepgramClient(KEY, base_url=server.url, config=ClientConfig(proxy="")) as dg,
            dg.listen.v1.connect(**RAW) as connection,
        ):
            await connection.finalize()
            await connection.close_stream()
            events = [event async for event in connection]
    assert [type(event) for event in events[-2:]] == [listen.Results, listen.Metadata]
    strange, binary = events[: len(sent)], events[len(sent)]
    assert isinstance(binary, UnknownEvent)
    assert binary.raw == b"unasked"
    assert len(events) == len(sent) + 3
    for text, event in zip(sent, strange, strict=True):
        assert event is not None
        if isinstance(event, UnknownEvent):
            assert event.raw == text.encode()
        else:
            assert json.loads(text)["type"] == type(event).__name__
    assert sum(isinstance(event, UnknownEvent) for event in strange) > 60
    assert sum(isinstance(event, listen.Results) for event in strange) > 40


async def test_a_new_type_arrives_with_all_it_says_and_a_broken_one_with_the_reason() -> None:
    async def strange(end: ServerEnd, kind: str) -> bool:
        await end.send(TextMessage('{"type":"Mood","of":"speaker","score":0.5}'))
        await end.send(TextMessage('{"type":"UtteranceEnd","channel":"x","last_word_end":null}'))
        return False

    async with api() as server:
        server.on_message = strange
        async with (
            DeepgramClient(KEY, base_url=server.url, config=ClientConfig(proxy="")) as dg,
            dg.listen.v1.connect(**RAW) as connection,
        ):
            await connection.close_stream()
            mood, broken, *_ = [event async for event in connection]
    assert isinstance(mood, UnknownEvent)
    assert (mood.type, json.loads(mood.raw), mood.reason) == (
        "Mood",
        {"type": "Mood", "of": "speaker", "score": 0.5},
        None,
    )
    assert isinstance(broken, UnknownEvent)
    assert (broken.type, "channel" in (broken.reason or "")) == ("UtteranceEnd", True)
