"""The promise: closing waits for the last words however late they come, closes once, and never waits for ever."""

from __future__ import annotations

import anyio
import pytest
import trio.testing

from deepgram_anyio import DeepgramTimeoutError, Timeouts
from deepgram_anyio.protocol import listen

from ..stand_in import NEVER
from .ear import RAW, Step, ear, numbered, speech, words
from .virtual import Wire, virtual

pytestmark = pytest.mark.anyio

LATE_S = [0.0, 0.7]


async def test_the_last_words_arrive_however_late_and_the_socket_is_closed_once() -> None:
    heard: dict[float, list[str]] = {}

    async def transcribe(late_s: float) -> None:
        async with ear(Step(late_s=late_s or 0.001)) as listening, listening.client() as dg:
            async with dg.listen.v1.connect(**RAW) as connection:
                for chunk in speech(0, 20):
                    await connection.send(chunk)
                await connection.close_stream()
                events = [event async for event in connection]
            heard[late_s] = words(events)
            assert isinstance(events[-1], listen.Metadata)
            (only,) = listening.connections
            assert (only.messages, only.closes) == (["CloseStream"], [1000])

    async with anyio.create_task_group() as tasks:
        for late_s in LATE_S:
            tasks.start_soon(transcribe, late_s)
    assert heard == dict.fromkeys(LATE_S, numbered(0, 20))


async def test_leaving_the_block_waits_for_the_last_words_too() -> None:
    async with ear(Step(late_s=0.2)) as listening, listening.client() as dg:
        async with dg.listen.v1.connect(**RAW) as connection:
            for chunk in speech(0, 20):
                await connection.send(chunk)
        assert connection.stats.audio_acknowledged_s == pytest.approx(1.0)
        (only,) = listening.connections
        assert bytes(only.audio) == b"".join(speech(0, 20))
        assert (only.messages, only.closes) == (["CloseStream"], [1000])


async def test_a_server_that_never_answers_the_end_is_given_up_after_its_time() -> None:
    timeouts = Timeouts(drain_s=0.2, close_s=0.2)
    async with ear(Step(silent=True)) as listening, listening.client(timeouts=timeouts) as dg:
        began = anyio.current_time()
        with pytest.raises(DeepgramTimeoutError, match="after the end of the stream"):
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER):
                pass
        assert anyio.current_time() - began < 1.5


@pytest.mark.parametrize(
    "anyio_backend", [pytest.param(("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}), id="trio")]
)
@pytest.mark.parametrize("late_s", [2.0, 5.0, 29.0])
async def test_the_last_words_arrive_seconds_late(late_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(wire: Wire) -> None:
        await wire.until_sent("CloseStream")
        await anyio.sleep(late_s)
        await wire.finish(numbered(0, 3))

    async with virtual(monkeypatch, answer) as (dg, _), dg.listen.v1.connect(**RAW) as connection:
        await connection.close_stream()
        events = [event async for event in connection]
    assert words(events) == numbered(0, 3)
