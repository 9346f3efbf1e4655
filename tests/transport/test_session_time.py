"""What the session does as time passes: on trio, with a clock that jumps."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
import trio.testing

from deepgram_anyio.errors import ConnectionClosed
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol.frames import Close, Ping, Pong
from deepgram_anyio.protocol.listen_machine import State
from deepgram_anyio.transport.settings import Limits, Timeouts

from .fakes import FakeChannel, metadata, new_session, results

pytestmark = pytest.mark.anyio

NO_PINGS = Timeouts(ping_interval_s=None)


@pytest.fixture
def anyio_backend() -> Any:
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


async def test_a_silent_stream_is_kept_alive_every_four_seconds() -> None:
    channel = FakeChannel()
    async with new_session(channel, timeouts=NO_PINGS):
        await anyio.sleep(7200.5)
    assert channel.types == ["KeepAlive"] * 1800


async def test_a_busy_stream_needs_no_keepalive() -> None:
    channel = FakeChannel()
    async with new_session(channel, timeouts=NO_PINGS) as session:
        for _ in range(100):
            await session.send_audio(b"x")
            await anyio.sleep(3.9)
    assert channel.types == []


async def test_a_consumer_that_never_reads_stops_no_keepalive_and_no_ping_fails() -> None:
    channel = FakeChannel()
    async with new_session(channel, limits=Limits(max_queued_events=2)) as session:
        for n in range(10):
            channel.arrive(results(float(n)))
        await anyio.sleep(600.5)  # far above the pong deadline: no pong can be read, since reading has stopped
        assert channel.types == ["KeepAlive"] * 150
        assert session.machine.state is State.STREAMING
        assert len(await session.next_batch()) == 2


async def test_a_mute_peer_is_given_up() -> None:
    channel = FakeChannel()
    began = anyio.current_time()
    with pytest.raises(DeadlineError, match="ping"):
        async with new_session(channel) as session:
            async for _ in session:
                pass
    assert anyio.current_time() - began == pytest.approx(40)
    assert channel.written.count(Ping()) == 1
    assert channel.aborted


async def test_a_peer_that_answers_pings_is_not() -> None:
    channel = FakeChannel()
    async with new_session(channel, keepalive_s=None) as session:
        for count in range(1, 50):
            await channel.until(lambda wanted=count: channel.written.count(Ping()) == wanted)  # type: ignore[misc]
            await anyio.sleep(15)
            channel.arrive(Pong())
        assert session.machine.state is State.STREAMING


async def test_results_that_come_late_after_the_end_of_the_stream_still_arrive() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        session.act(session.machine.close_stream)

        async def answer() -> None:
            for n in range(5):
                await anyio.sleep(5)
                channel.arrive(results(float(n)))
            await anyio.sleep(5)
            channel.arrive(metadata(), Close(1000))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answer)
            events = [event async for event in session]
    assert len(events) == 6


async def test_a_server_that_falls_silent_after_the_end_of_the_stream_is_given_up() -> None:
    channel = FakeChannel()
    with pytest.raises(DeadlineError, match="30 s after the end"):
        async with new_session(channel, timeouts=NO_PINGS) as session:
            began = anyio.current_time()
            session.act(session.machine.close_stream)
            async for _ in session:
                pass
    assert anyio.current_time() - began == pytest.approx(30)


async def test_a_short_drain_deadline_is_noticed_at_once() -> None:
    channel = FakeChannel()
    async with new_session(channel, timeouts=Timeouts(drain_s=0.5)) as session:
        await anyio.sleep(1)  # the deadline task now sleeps until the next keepalive
        began = anyio.current_time()
        session.act(session.machine.close_stream)
        await session.wait_ended()
    assert anyio.current_time() - began == pytest.approx(0.5)


async def test_a_broken_write_waits_only_a_moment_for_the_reason() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        channel.write_failure = ConnectionClosed("broken pipe")
        began = anyio.current_time()
        await session.send_audio(b"x")
        await session.wait_ended()
        assert anyio.current_time() - began == pytest.approx(Timeouts().close_s)


async def test_a_peer_that_broke_the_rules_gets_a_moment_to_take_the_rest() -> None:
    channel = FakeChannel()
    channel.stall()
    began = anyio.current_time()
    with pytest.raises(DeadlineError):
        async with new_session(channel, timeouts=Timeouts(drain_s=0.5, close_s=2.0)) as session:
            await session.send_audio(b"x")
            session.act(session.machine.close_stream)
            await session.wait_ended()
            session.raise_failure()
    assert anyio.current_time() - began <= 2.5 + 1e-6
    assert channel.aborted
