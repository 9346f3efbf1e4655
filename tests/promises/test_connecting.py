"""The promise: `connect` returns when the stream is usable, so that the first words are heard by a slow server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from deepgram_anyio import DeepgramClient
from deepgram_anyio.local import FaultOptions
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol import flux, listen

pytestmark = pytest.mark.anyio

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
SETTINGS = {"audio": {"input": RAW}, "agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}}}
SPOKEN = b"".join(ToneVoice(word_s=0.1).synthesize("One two three."))
DELAY_S = 0.16


def heard(events: list[Any]) -> str:
    return " ".join(event.transcript for event in events if isinstance(event, listen.Results)).strip()


@asynccontextmanager
async def slow(**faults: float) -> AsyncIterator[DeepgramClient]:
    engines: dict[str, Any] = {"recognizer": ScriptedRecognizer(["one two three"]), "voice": ToneVoice()}
    with anyio.fail_after(20):
        async with DeepgramClient.local(faults=FaultOptions(**faults), **engines) as dg:  # type: ignore[arg-type]
            yield dg


async def test_words_sent_as_soon_as_connect_returned_are_heard_after_a_slow_upgrade() -> None:
    async with slow(accept_delay_s=DELAY_S) as dg:
        began = anyio.current_time()
        async with dg.listen.v1.connect(**RAW) as connection:
            assert anyio.current_time() - began >= DELAY_S
            await connection.send(SPOKEN)
            await connection.close_stream()
            events = [event async for event in connection]
    assert heard(events) == "one two three"


async def test_words_sent_as_soon_as_connect_returned_are_heard_after_a_slow_greeting() -> None:
    async with slow(accept_delay_s=DELAY_S / 2, greeting_delay_s=DELAY_S) as dg:
        began = anyio.current_time()
        async with dg.listen.v2.connect(**RAW, model="flux-general-en") as connection:
            assert anyio.current_time() - began >= 1.5 * DELAY_S
            await connection.send(SPOKEN)
            await connection.close_stream()
            events = [event async for event in connection]
    assert isinstance(events[0], flux.Connected)
    assert events[-1].transcript == "One two three."  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("connect", "greetings"),
    [
        (lambda dg: dg.speak.v2.connect(model="flux-haley-en"), 1),
        (lambda dg: dg.agent.v1.connect(SETTINGS), 2),
    ],
    ids=["speak v2", "agent"],
)
async def test_nothing_is_usable_before_its_greetings(connect: Callable[[DeepgramClient], Any], greetings: int) -> None:
    async with slow(greeting_delay_s=DELAY_S / 2) as dg:
        began = anyio.current_time()
        async with connect(dg):
            assert anyio.current_time() - began >= greetings * DELAY_S / 2


async def test_a_source_that_speaks_while_the_connection_is_made_loses_nothing() -> None:
    async def microphone() -> AsyncIterator[bytes]:
        for start in range(0, len(SPOKEN), 640):
            yield SPOKEN[start : start + 640]

    async with slow(accept_delay_s=DELAY_S) as dg, dg.listen.v1.stream(microphone(), **RAW) as results:
        events = [event async for event in results]
    assert heard(events) == "one two three"
    assert results.stats.bytes_sent == len(SPOKEN)
