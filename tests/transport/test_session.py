"""The session: what is promised of sending, iterating and ending, over a channel in memory."""

from __future__ import annotations

from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint

from deepgram_anyio.errors import ConnectionClosed, LocalProtocolError, RemoteProtocolError, TransportError
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.frames import Close, Ping
from deepgram_anyio.protocol.listen_machine import State
from deepgram_anyio.transport.settings import Limits

from .fakes import FakeChannel, metadata, new_session, raised_by, results

pytestmark = pytest.mark.anyio


async def test_events_arrive_typed_and_in_order_and_the_end_ends_the_iteration() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        channel.arrive(results(text="one"), results(1.0, text="two"))
        channel.arrive(listen.SpeechStarted(channel=[0, 1], timestamp=2.0))
        session.act(session.machine.close_stream)
        channel.arrive(metadata(), Close(1000))
        seen = [event async for event in session]
    assert [type(event).__name__ for event in seen] == ["Results", "Results", "SpeechStarted", "Metadata"]
    assert session.machine.state is State.CLOSED
    assert channel.aborted


async def test_a_whole_batch_is_taken_at_once() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        channel.arrive(*(results(float(n)) for n in range(10)))
        assert len(await session.next_batch()) == 10
        session.act(session.machine.close_stream)
        channel.arrive(metadata(), Close(1000))
        assert len(await session.next_batch()) == 1
        assert await session.next_batch() == []


async def test_what_is_sent_is_written_in_order() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        for byte in range(100):
            await session.send_audio(bytes([byte]) * 10)
        await session.call(session.machine.finalize)
        await channel.until_sent("Finalize")
    assert channel.audio == b"".join(bytes([byte]) * 10 for byte in range(100))


async def test_a_message_that_is_too_long_is_refused_and_the_stream_goes_on() -> None:
    channel = FakeChannel()
    async with new_session(channel, limits=Limits(max_message_bytes=10)) as session:
        with pytest.raises(LocalProtocolError, match="11 bytes"):
            await session.send_audio(b"x" * 11)
        await session.send_audio(b"x" * 10)
        await channel.until(lambda: channel.audio == b"x" * 10)


async def test_an_error_of_the_body_leaves_bare_and_the_channel_is_closed() -> None:
    channel = FakeChannel()
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        async with new_session(channel):
            raise error
    assert caught.value is error
    assert channel.aborted


async def test_cancellation_closes_the_channel_at_once() -> None:
    channel = FakeChannel()
    channel.stall()
    with anyio.CancelScope() as scope:
        async with new_session(channel) as session:
            await session.send_audio(b"x" * 10)
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert channel.aborted
    assert not channel.closes


async def test_send_waits_above_the_high_water_mark_and_send_nowait_refuses() -> None:
    channel = FakeChannel()
    channel.stall()
    async with new_session(channel, limits=Limits(max_unsent_bytes=100)) as session:
        await session.send_audio(b"x" * 101)
        with pytest.raises(anyio.WouldBlock):
            session.send_audio_nowait(b"y")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.send_audio, b"z")
            for _ in range(10):
                await checkpoint()
            assert session.machine.ledger.sent_bytes == 101
            channel.unstall()
        await channel.until(lambda: channel.audio == b"x" * 101 + b"z")


async def test_a_cancelled_send_has_sent_nothing() -> None:
    channel = FakeChannel()
    channel.stall()
    async with new_session(channel, limits=Limits(max_unsent_bytes=0)) as session:
        await session.send_audio(b"first")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await session.send_audio(b"second")
        channel.unstall()
        await session.send_audio(b"third")
        await channel.until(lambda: channel.audio == b"firstthird")


async def test_a_broken_write_is_raised_by_send_and_by_iteration_with_what_was_lost() -> None:
    channel = FakeChannel()
    async with new_session(channel, limits=Limits(max_unsent_bytes=10)) as session:
        channel.stall()
        await session.send_audio(b"x" * 16000)
        channel.write_failure = ConnectionClosed("broken pipe")
        channel.unstall()
        errors = [
            await raised_by(partial(session.send_audio, b"y")),
            await raised_by(partial(session.send_audio, b"y")),
            await raised_by(session.__anext__),
        ]
    assert len({id(error) for error in errors}) == 1
    error = errors[0]
    assert isinstance(error, ConnectionClosed)
    assert (error.code, error.request_id, error.unsent, error.lost_audio_s) == (1006, "request-1", 16000, 1.0)


async def test_a_close_reason_that_has_arrived_wins_over_the_write_that_it_broke() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        channel.stall()
        await session.send_audio(b"x")
        channel.write_failure = ConnectionClosed("broken pipe")
        channel.unstall()
        channel.arrive(Close(1011, "NET-0001"))
        error = await raised_by(session.__anext__)
    assert isinstance(error, ConnectionClosed)
    assert (error.code, error.reason) == (1011, "NET-0001")


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, 1011])
async def test_a_close_that_was_not_asked_for_is_an_error_after_all_events(code: int) -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        await session.send_audio(b"x" * 16000)
        channel.arrive(results(0.0, 0.25, text="kept"), Close(code, "why"))
        assert (await session.__anext__()).transcript == "kept"
        error = await raised_by(session.__anext__)
    assert isinstance(error, ConnectionClosed)
    assert (error.code, error.reason, error.lost_audio_s) == (code, "why", 0.75)


async def test_a_read_that_breaks_is_raised_with_its_cause() -> None:
    channel = FakeChannel()
    channel.failure = OSError(104, "reset")
    async with new_session(channel) as session:
        channel.arrive(Close(1006))
        error = await raised_by(session.__anext__)
    assert isinstance(error, ConnectionClosed)
    assert error.__cause__ is channel.failure


async def test_a_breach_of_the_protocol_is_raised_as_such() -> None:
    channel = FakeChannel()
    channel.failure = RemoteProtocolError("reserved bit set")
    async with new_session(channel) as session:
        channel.arrive(Close(1002))
        assert await raised_by(session.__anext__) is channel.failure


async def test_an_unread_failure_is_raised_at_the_end_of_the_body_only_when_asked() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        channel.arrive(Close(1011, "NET-0000"))
        await session.wait_ended()
        with pytest.raises(ConnectionClosed):
            session.raise_failure()
        session.raise_failure()  # told once


async def test_sending_after_the_end_says_so() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        session.act(session.machine.close_stream)
        with pytest.raises(LocalProtocolError):
            await session.send_audio(b"x")
        channel.arrive(metadata(), Close(1000))
        await session.wait_ended()
        with pytest.raises(ConnectionClosed, match="has ended"):
            await session.send_audio(b"x")


async def test_reading_stops_at_the_bound_and_goes_on_when_the_consumer_has_caught_up() -> None:
    channel = FakeChannel()
    async with new_session(channel, limits=Limits(max_queued_events=3)) as session:
        for n in range(8):
            channel.arrive(results(float(n)))
        await anyio.wait_all_tasks_blocked()
        assert len(session.machine.events) == 3
        starts = [(await session.__anext__()).start for _ in range(8)]
    assert starts == [float(n) for n in range(8)]


async def test_reading_stops_at_the_bound_in_bytes() -> None:
    channel = FakeChannel()
    async with new_session(channel, limits=Limits(max_queued_bytes=1)) as session:
        for n in range(3):
            channel.arrive(results(float(n)))
        await anyio.wait_all_tasks_blocked()
        assert len(session.machine.events) == 1
        assert [(await session.__anext__()).start for _ in range(3)] == [0.0, 1.0, 2.0]


async def test_stale_interims_are_dropped_and_nothing_else() -> None:
    channel = FakeChannel()
    async with new_session(channel, limits=Limits(drop_stale_interims=True)) as session:
        channel.arrive(
            results(0, 1, text="a", final=False),
            results(0, 2, text="a b", final=False),
            results(0, 3, text="a b c"),
            listen.SpeechStarted(channel=[0, 1], timestamp=3),
            results(3, 1, text="d", final=False),
            results(3, 2, text="d e", final=False),
        )
        texts = [getattr(event, "transcript", None) for event in await session.next_batch()]
    assert texts == ["a b c", None, "d e"]


async def test_background_work_that_fails_is_raised_bare_by_the_iteration() -> None:
    channel = FakeChannel()
    error = KeyError("from the source")

    async def work() -> None:
        raise error

    async with new_session(channel) as session:
        session.start_soon(work)
        assert await raised_by(session.__anext__) is error
    assert channel.closes == [Close(1000)]


async def test_background_work_can_be_stopped() -> None:
    channel = FakeChannel()
    stopped = anyio.Event()

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    async with new_session(channel) as session:
        session.start_soon(work)
        await anyio.wait_all_tasks_blocked()
        session.stop_work()
        await stopped.wait()
        assert session.machine.state is State.STREAMING


async def test_a_local_close_writes_what_is_queued_first() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        channel.stall()
        await session.send_audio(b"last words")
        session.close(1000, "done")
        channel.unstall()
    assert channel.audio == b"last words"
    assert channel.closes == [Close(1000, "done")]
    assert channel.aborted


async def test_a_local_close_over_a_broken_channel_does_not_hang() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        channel.stall()
        await session.send_audio(b"x")
        session.close()
        channel.write_failure = DeadlineError("stalled")
        channel.unstall()
    assert channel.closes == []
    assert channel.aborted


async def test_a_failure_of_another_kind_still_ends_the_session() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        channel.arrive(TransportError("out of sorts"))
        with pytest.raises(TransportError, match="out of sorts"):
            await session.__anext__()


async def test_who_waits_for_a_message_keeps_the_reading_going() -> None:
    channel = FakeChannel()
    async with new_session(channel, limits=Limits(max_queued_events=1)) as session:
        for n in range(5):
            channel.arrive(results(float(n)))
        with anyio.fail_after(2):
            await session.wait_until(lambda: session.events_received == 5)
        assert len(session.machine.events) == 5


async def test_who_waits_for_a_message_is_told_of_the_end() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        session.act(session.machine.close_stream)
        channel.arrive(metadata(), Close(1000))
        with anyio.fail_after(2), pytest.raises(ConnectionClosed, match="has ended"):
            await session.wait_until(lambda: False)
    async with new_session(broken := FakeChannel()) as session:
        broken.arrive(Close(1011, "NET-0000"))
        with anyio.fail_after(2), pytest.raises(ConnectionClosed, match="NET-0000"):
            await session.wait_until(lambda: False)


async def test_discarded_events_do_not_stop_the_reading() -> None:
    channel = FakeChannel()
    async with new_session(channel, limits=Limits(max_queued_events=2)) as session:
        session.discard_events()
        for n in range(10):
            channel.arrive(results(float(n)))
        session.act(session.machine.close_stream)
        channel.arrive(metadata(), Close(1000))
        await session.wait_ended()
        assert session.events_received == 11
        assert not session.machine.events


async def test_pings_are_written() -> None:
    channel = FakeChannel()
    async with new_session(channel) as session:
        session.act(lambda now: session.machine.on_deadline(now + 20.0))
        await channel.until(lambda: Ping() in channel.written)
