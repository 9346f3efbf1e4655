"""The promise: audio that `send` accepted is delivered, sent again after a break, or reported lost, to the byte."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio import ConnectionClosed, ReconnectPolicy
from deepgram_anyio.protocol import Reconnected

from ..stand_in import NEVER
from .ear import RAW, RESET, SOON, WORD_BYTES, WORD_S, Ear, Step, ear, numbered, speech, words

pytestmark = pytest.mark.anyio


async def send_until_refused(listening: Ear, connection: Any) -> tuple[int, ConnectionClosed]:
    """Send words one by one; return how many were accepted, and what the next one raised."""
    accepted = 0
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            await connection.send(speech(accepted, 1)[0])
            accepted += 1
            await listening.until_heard(min(accepted, 10))
    return accepted, caught.value


@pytest.mark.parametrize("code", [1000, 1011, RESET])
async def test_accepted_audio_is_delivered_or_reported_lost(code: int) -> None:
    async with (
        ear(Step(drop_after=10, results_until=6, code=code)) as listening,
        listening.client() as dg,
        dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection,
    ):
        accepted, refusal = await send_until_refused(listening, connection)
        with pytest.raises(ConnectionClosed) as again:
            await connection.send(speech(accepted, 1)[0])
        events = []
        with pytest.raises(ConnectionClosed) as caught:
            async for event in connection:
                events.append(event)  # noqa: PERF401 - a comprehension would lose them
    delivered, stats = len(words(events)), connection.stats
    assert stats.bytes_sent == accepted * WORD_BYTES
    assert (again.value, caught.value) == (refusal, refusal)  # one error, whoever asks
    assert refusal.code == code
    assert refusal.lost_audio_s == pytest.approx((accepted - delivered) * WORD_S)
    assert delivered == 6 or code == RESET  # which may also take what was on its way


@pytest.mark.parametrize("code", [1001, 1011, 1012, RESET])
async def test_accepted_audio_that_a_break_left_unheard_is_sent_again(code: int) -> None:
    async with (
        ear(Step(drop_after=10, results_until=6, code=code)) as listening,
        listening.client() as dg,
        dg.listen.v1.connect(**RAW, reconnect=SOON) as connection,
    ):
        for chunk in speech(0, 30):
            await connection.send(chunk)
        await connection.close_stream()
        events = [event async for event in connection]
    assert words(events) == numbered(0, 30)
    assert [event.lost_s for event in events if isinstance(event, Reconnected)] == [0.0]
    assert bytes(listening.connections[1].audio) in b"".join(speech(0, 30))


async def test_accepted_audio_that_is_too_old_to_be_sent_again_is_reported_lost() -> None:
    policy = ReconnectPolicy(first_s=0.01, max_s=0.05, replay_pace=None, max_replay_s=4 * WORD_S)
    async with (
        ear(Step(drop_after=12, results_until=5)) as listening,
        listening.client() as dg,
        dg.listen.v1.connect(**RAW, reconnect=policy) as connection,
    ):
        for chunk in speech(0, 12):
            await connection.send(chunk)
        events: list[Any] = []
        async for event in connection:
            events.append(event)
            if isinstance(event, Reconnected):
                await connection.close_stream()
    (again,) = [event for event in events if isinstance(event, Reconnected)]
    assert words(events) == numbered(0, 5) + numbered(8, 4)
    assert again.lost_s == pytest.approx(3 * WORD_S)
    assert again.replayed_s == pytest.approx(4 * WORD_S)


async def test_a_connection_that_is_gone_accepts_nothing_in_silence() -> None:
    async with (
        ear(Step(drop_after=1)) as listening,
        listening.client() as dg,
        dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection,
    ):
        await connection.send(speech(0, 1)[0])
        with pytest.raises(ConnectionClosed):
            async for _ in connection:
                pass
        before = connection.stats.bytes_sent
        for send in (connection.send, connection.send_nowait):
            with pytest.raises(ConnectionClosed):
                result = send(speech(1, 1)[0])
                if result is not None:
                    await result
        assert connection.stats.bytes_sent == before
