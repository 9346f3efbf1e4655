"""The promise: a stream that is dropped goes on as one stream, and what cannot get better is not tried for ever."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from deepgram_anyio import (
    AuthenticationError,
    ConnectionClosed,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ReconnectPolicy,
    ServerError,
)
from deepgram_anyio.protocol import Reconnected, listen
from deepgram_anyio.protocol.policy import Outage

from ..cancellation import live_tasks
from .ear import RAW, RESET, SOON, WORD_S, Step, ear, numbered, speech, words

pytestmark = pytest.mark.anyio

DROPS = [
    Step(drop_after=9, results_until=5, code=1011),
    Step(drop_after=12, results_until=7, code=RESET),
    Step(drop_after=8, results_until=8, code=1012),
    Step(drop_after=11, results_until=3, code=1001),
    Step(drop_after=13, results_until=6, code=1013),
]


async def test_a_stream_dropped_again_and_again_is_one_stream_without_gap_or_repetition() -> None:
    async with ear(*DROPS) as listening, listening.client() as dg:
        await anyio.wait_all_tasks_blocked()
        before = live_tasks()
        async with dg.listen.v1.connect(**RAW, reconnect=SOON) as connection:
            for chunk in speech(0, 60):
                await connection.send(chunk)
            await connection.close_stream()
            events = [event async for event in connection]
        await listening.peer.all_closed()  # type: ignore[union-attr]
        await anyio.wait_all_tasks_blocked()
        assert live_tasks() == before
    again = [event for event in events if isinstance(event, Reconnected)]
    finals = [event for event in events if isinstance(event, listen.Results)]
    assert words(events) == numbered(0, 60)
    assert [(event.attempt, event.lost_s) for event in again] == [(1, 0.0)] * 5
    assert [event.request_id for event in again] == [f"request-{number}" for number in range(2, 7)]
    assert connection.stats.reconnects == 5
    starts = [word.start for event in finals for word in event.channel.alternatives[0].words]
    assert starts == pytest.approx([number * WORD_S for number in range(60)])
    ends = [event.start + event.duration for event in finals]
    assert [event.start for event in finals] == pytest.approx([0.0, *ends[:-1]])
    assert isinstance(events[-1], listen.Metadata)
    assert events[-1].duration == pytest.approx(60 * WORD_S)


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthenticationError), (402, PaymentRequiredError), (403, PermissionDeniedError)]
)
async def test_a_key_that_went_bad_is_tried_once_and_never_again(status: int, error: type[Exception]) -> None:
    plan = [Step(drop_after=4, code=1012), *[Step(refuse=status)] * 30]
    async with ear(*plan) as listening, listening.client() as dg:
        with pytest.raises(ConnectionClosed) as caught:
            async with dg.listen.v1.connect(**RAW, reconnect=SOON) as connection:
                for chunk in speech(0, 4):
                    await connection.send(chunk)
                async for _ in connection:
                    pass
        assert listening.tried == 2
    assert isinstance(caught.value.__cause__, error)
    assert caught.value.code == 1012


@pytest.mark.parametrize(("status", "error"), [(503, ServerError), (429, RateLimitError)])
async def test_an_overloaded_server_is_tried_again_with_bounded_random_waits(
    status: int, error: type[Exception]
) -> None:
    outages: list[Outage] = []
    policy = ReconnectPolicy(first_s=0.01, max_s=0.04, replay_pace=None, veto=outages.append)
    async with ear(Step(drop_after=10, results_until=4), *[Step(refuse=status)] * 7) as listening:
        async with listening.client() as dg, dg.listen.v1.connect(**RAW, reconnect=policy) as connection:
            for chunk in speech(0, 20):
                await connection.send(chunk)
            await connection.close_stream()
            events = [event async for event in connection]
        assert listening.tried == 9
    assert words(events) == numbered(0, 20)
    assert [event.attempt for event in events if isinstance(event, Reconnected)] == [8]
    waits = [outage.wait_s for outage in outages]
    assert len(set(waits)) == 8  # jitter, so that a thousand clients do not come at once
    assert all(wait <= min(0.04, 0.01 * 2**index) for index, wait in enumerate(waits))
    assert isinstance(outages[-1].cause, error)


async def test_a_server_that_stays_away_is_given_up_after_the_attempts_that_the_policy_allows() -> None:
    policy = ReconnectPolicy(max_attempts=3, max_outage_s=1.0, first_s=0.01, max_s=0.02)
    async with ear(Step(drop_after=4, results_until=2), *[Step(refuse=503)] * 200) as listening:
        async with listening.client() as dg:
            events: list[Any] = []
            with pytest.raises(ConnectionClosed, match="after 3 attempts") as caught:
                async with dg.listen.v1.connect(**RAW, reconnect=policy) as connection:
                    for chunk in speech(0, 4):
                        await connection.send(chunk)
                    async for event in connection:
                        events.append(event)  # noqa: PERF401 - a comprehension would lose them
        assert listening.tried == 4
    assert words(events) == numbered(0, 2)
    assert caught.value.lost_audio_s == pytest.approx(2 * WORD_S)
