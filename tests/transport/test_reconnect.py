"""The supervisor: when it dials, how it waits, what it tells, and that it leaves nothing behind."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from deepgram_anyio.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    ConnectionClosed,
    LocalProtocolError,
    RemoteProtocolError,
    api_error,
)
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol import Reconnected, listen
from deepgram_anyio.protocol.frames import Close
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.listen_machine import ListenMachine
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.policy import Outage, ReconnectPolicy
from deepgram_anyio.services.connection import client_timers
from deepgram_anyio.transport.link import FrameChannel
from deepgram_anyio.transport.reconnect import Reconnector
from deepgram_anyio.transport.session import Session, open_session
from deepgram_anyio.transport.settings import Limits, Timeouts

from .fakes import LINEAR16, FakeChannel, metadata, raised_by, results

pytestmark = pytest.mark.anyio

SECOND = bytes(16000)  # of LINEAR16
QUICK = ReconnectPolicy(first_s=0.001, max_s=0.001, replay_pace=None)


class Net:
    """Channels that the test plays, one after the other, and what else an attempt may come to.

    Attributes:
        channels: those that were handed out.
        failures: what the next attempts raise instead.
        dialled: how many attempts there were.
    """

    def __init__(self, *failures: Exception) -> None:
        self.channels = [FakeChannel()]
        self.failures = list(failures)
        self.dialled = 0
        self.hold: anyio.Event | None = None
        self._changed = anyio.Event()

    async def connect(self) -> tuple[FrameChannel, str | None]:
        self.dialled += 1
        self._note()
        if self.hold is not None:
            await self.hold.wait()
        await anyio.lowlevel.checkpoint()
        if self.failures:
            raise self.failures.pop(0)
        self.channels.append(FakeChannel())
        self._note()
        return self.channels[-1], f"request-{len(self.channels)}"

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed = anyio.Event()
            await self._changed.wait()

    async def channel(self, number: int) -> FakeChannel:
        """Wait for a channel to be handed out, counting from 1."""
        await self.until(lambda: len(self.channels) >= number)
        return self.channels[number - 1]

    def _note(self) -> None:
        self._changed.set()


@asynccontextmanager
async def running(
    net: Net,
    policy: ReconnectPolicy = QUICK,
    *,
    limits: Limits | None = None,
    timeouts: Timeouts | None = None,
    audio: AudioFormat = LINEAR16,
    chance: Callable[[], float] = lambda: 1.0,
) -> AsyncIterator[Session[ListenMachine]]:
    timeouts = timeouts or Timeouts()

    def machine(now: float) -> ListenMachine:
        timers = client_timers(timeouts, keepalive_s=4.0)
        return ListenMachine(Role.CLIENT, timers, now, audio=audio, reconnect=policy)

    session = Session(
        machine(anyio.current_time()),
        net.channels[0],
        limits=limits or Limits(),
        timeouts=timeouts,
        request_id="request-1",
        recovery=Reconnector(policy, name="listen v1", machine=machine, connect=net.connect, chance=chance),
    )
    async with open_session(session):
        yield session


async def finish(session: Session[ListenMachine], channel: FakeChannel) -> list[Any]:
    """Say the last word on both sides; return the events."""
    session.act(lambda now: session.machine.close_stream(now))
    await channel.until_sent("CloseStream")
    channel.arrive(metadata(), Close(1000))
    return [event async for event in session]


@pytest.mark.parametrize("how", [Close(1006), Close(1001), Close(1011), Close(1012), Close(1013), Close(1005)], ids=str)
async def test_audio_that_no_result_covers_is_sent_again(how: Close) -> None:
    net = Net()
    async with running(net) as session:
        await session.send_audio(SECOND)
        await net.channels[0].until(lambda: len(net.channels[0].audio) == 16000)
        net.channels[0].arrive(results(0.0, 0.25, text="one"), how)
        second = await net.channel(2)
        await second.until(lambda: len(second.audio) == 12000)
        second.arrive(results(0.0, 0.75, text="two"))
        events = await finish(session, second)
    assert [type(event) for event in events] == [listen.Results, Reconnected, listen.Results, listen.Metadata]
    told = events[1]
    assert (told.attempt, told.replayed_s, told.lost_s, told.request_id) == (1, 0.75, 0.0, "request-2")
    assert told.gap_s >= 0
    assert str(how.code) in told.cause or how.code in (1005, 1006)
    assert [events[0].start, events[2].start, events[3].duration] == [0.0, 0.25, 1.25]
    assert (session.request_id, session.reconnects) == ("request-2", 1)
    assert all(channel.aborted for channel in net.channels)


async def test_a_broken_read_a_broken_write_and_garbage_are_repaired() -> None:
    net = Net()
    async with running(net, timeouts=Timeouts(close_s=0.01)) as session:
        net.channels[0].arrive(ConnectionClosed("reset"))
        second = await net.channel(2)
        second.write_failure = DeadlineError("the peer took no data")
        await session.send_audio(SECOND)
        third = await net.channel(3)
        third.failure = RemoteProtocolError("reserved bits")
        third.arrive(Close(1002))
        fourth = await net.channel(4)
        await fourth.until(lambda: fourth.audio == SECOND)
        fourth.arrive(results(0.0, 1.0))
        events = await finish(session, fourth)
    assert [type(event) for event in events].count(Reconnected) == 3
    assert session.reconnects == 3


@pytest.mark.parametrize("how", [Close(1000), Close(1008, "DATA-0000"), Close(1007), Close(4000)], ids=str)
async def test_a_close_that_would_come_again_is_raised_at_once(how: Close) -> None:
    net = Net()
    async with running(net) as session:
        net.channels[0].arrive(how)
        error = await raised_by(session.__anext__)
    assert isinstance(error, ConnectionClosed)
    assert error.code == how.code
    assert net.dialled == 0


@pytest.mark.parametrize("status", [400, 401, 402, 403])
async def test_a_refusal_that_would_come_again_ends_the_attempts(status: int) -> None:
    net = Net(ConnectError("down"), api_error(status, "no"), ConnectError("not reached"))
    async with running(net) as session:
        await session.send_audio(SECOND)
        await net.channels[0].until(lambda: bool(net.channels[0].audio))
        net.channels[0].arrive(Close(1011, "NET-0000"))
        error = await raised_by(session.__anext__)
        again = await raised_by(lambda: session.send_audio(SECOND))
    assert isinstance(error, ConnectionClosed)
    assert isinstance(error.__cause__, type(api_error(status, "")))
    assert again is error
    assert (error.code, error.reason, error.request_id, error.lost_audio_s) == (1011, "NET-0000", "request-1", 1.0)
    assert "given up after 2 attempts" in str(error)
    assert net.dialled == 2


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_refusal_that_may_pass_is_tried_again(status: int) -> None:
    net = Net(api_error(status, "busy"), ConnectError("down"), DeadlineError("slow"))
    async with running(net) as session:
        net.channels[0].arrive(Close(1006))
        (told, _) = await finish(session, await net.channel(2))
    assert told.attempt == 4
    assert net.dialled == 4


async def test_attempts_have_a_bound_and_what_was_accepted_is_reported_lost() -> None:
    net = Net(*(ConnectError("down") for _ in range(10)))
    async with running(net, ReconnectPolicy(max_attempts=3, first_s=0.001, max_s=0.001)) as session:
        net.channels[0].stall()
        await session.send_audio(SECOND)
        net.channels[0].arrive(Close(1006))
        await net.until(lambda: net.dialled == 1)
        await session.send_audio(SECOND)
        error = await raised_by(session.__anext__)
    assert isinstance(error, ConnectionClosed)
    assert (net.dialled, error.lost_audio_s, error.unsent) == (3, 2.0, 32000)
    assert "given up after 3 attempts" in str(error)


async def test_a_server_that_drops_every_connection_is_given_up() -> None:
    net = Net()
    async with running(net, ReconnectPolicy(max_attempts=3, first_s=0.001, max_s=0.001)) as session:
        for number in range(1, 5):
            (await net.channel(number)).arrive(results(final=False), Close(1006))
        events: list[Any] = []
        with pytest.raises(ConnectionClosed, match="given up after 3 attempts"):
            async for event in session:
                events.append(event)  # noqa: PERF401 - a comprehension would lose them
    assert [event.attempt for event in events if isinstance(event, Reconnected)] == [1, 2, 3]


async def test_a_veto_ends_the_stream_and_is_told_all_there_is() -> None:
    asked: list[Outage] = []

    async def veto(outage: Outage) -> bool:
        await anyio.lowlevel.checkpoint()
        asked.append(outage)
        return outage.attempt == 2

    net = Net(ConnectError("down"))
    policy = ReconnectPolicy(first_s=0.001, max_s=0.001, veto=veto)
    async with running(net, policy) as session:
        net.channels[0].arrive(Close(1011, "NET-0000"))
        error = await raised_by(session.__anext__)
    assert [(outage.attempt, outage.request_id) for outage in asked] == [(1, "request-1"), (2, "request-1")]
    assert isinstance(asked[0].cause, ConnectionClosed)
    assert isinstance(asked[1].cause, ConnectError)
    assert "attempt 2 was vetoed" in str(error)
    assert net.dialled == 1


async def test_a_veto_that_says_nothing_is_none() -> None:
    net = Net()
    async with running(net, ReconnectPolicy(first_s=0.0, veto=lambda outage: None)) as session:
        net.channels[0].arrive(Close(1006))
        await finish(session, await net.channel(2))
    assert session.reconnects == 1


async def test_what_a_veto_raises_reaches_the_caller_bare() -> None:
    def veto(outage: Outage) -> bool:
        raise LookupError("the caller's own")

    net = Net()
    with pytest.raises(LookupError, match="own"):
        async with running(net, ReconnectPolicy(first_s=0.0, veto=veto)) as session:
            net.channels[0].arrive(Close(1006))
            await session.wait_ended()
            session.raise_failure()


async def test_credentials_that_cannot_be_had_end_the_attempts() -> None:
    net = Net(ConfigError("the token function gave no token"))
    async with running(net) as session:
        net.channels[0].arrive(Close(1006))
        error = await raised_by(session.__anext__)
    assert isinstance(error.__cause__, ConfigError)
    assert net.dialled == 1


async def test_senders_wait_while_the_bound_is_reached_and_go_on_behind_the_replay() -> None:
    net = Net()
    net.hold = anyio.Event()
    policy = ReconnectPolicy(first_s=0.0, max_replay_s=2.0, replay_pace=None)
    async with running(net, policy) as session:
        net.channels[0].arrive(Close(1006))
        await net.until(lambda: net.dialled == 1)
        await session.send_audio(SECOND * 2)
        with pytest.raises(anyio.WouldBlock):
            session.send_audio_nowait(SECOND)
        sent = anyio.Event()

        async def send_more() -> None:
            await session.send_audio(SECOND)
            sent.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send_more)
            await anyio.wait_all_tasks_blocked()
            assert not sent.is_set()
            net.hold.set()
            await sent.wait()
        second = await net.channel(2)
        await second.until(lambda: len(second.audio) == 48000)
        second.arrive(results(0.0, 3.0))
        await finish(session, second)


async def test_closing_in_an_outage_sends_what_was_accepted() -> None:
    net = Net(ConnectError("down"))
    async with running(net) as session:
        net.channels[0].arrive(Close(1006))
        await net.until(lambda: net.dialled == 1)
        await session.send_audio(SECOND)
        session.act(lambda now: session.machine.close_stream(now))
        error = await raised_by(lambda: session.send_audio(SECOND))
        assert isinstance(error, LocalProtocolError)
        second = await net.channel(2)
        await second.until_sent("CloseStream")
        assert second.audio == SECOND
        second.arrive(results(0.0, 1.0), metadata(), Close(1000))
        events = [event async for event in session]
    assert [type(event) for event in events] == [Reconnected, listen.Results, listen.Metadata]


async def test_the_end_that_was_not_answered_is_said_again() -> None:
    net = Net()
    async with running(net) as session:
        await session.send_audio(SECOND)
        session.act(lambda now: session.machine.close_stream(now))
        await net.channels[0].until_sent("CloseStream")
        net.channels[0].arrive(Close(1006))
        second = await net.channel(2)
        await second.until_sent("CloseStream")
        assert second.audio == SECOND
        second.arrive(results(0.0, 1.0), metadata(), Close(1000))
        assert [type(event) async for event in session] == [Reconnected, listen.Results, listen.Metadata]


async def leave_by_exception(session: Session[ListenMachine]) -> None:
    raise KeyError("the caller's own")


async def leave_by_close(session: Session[ListenMachine]) -> None:
    session.close()
    raise KeyError("the caller's own")


@pytest.mark.parametrize("leave", [leave_by_exception, leave_by_close])
@pytest.mark.parametrize("when", ["waiting", "dialling"])
async def test_leaving_in_an_outage_stops_the_attempts_at_once(
    when: str, leave: Callable[[Session[ListenMachine]], Awaitable[None]]
) -> None:
    net = Net()
    net.hold = anyio.Event()
    policy = ReconnectPolicy(first_s=3600.0 if when == "waiting" else 0.0, max_s=3600.0, max_outage_s=1e6)
    with pytest.raises(KeyError), anyio.fail_after(2):
        async with running(net, policy) as session:
            net.channels[0].arrive(Close(1006))
            if when == "dialling":
                await net.until(lambda: net.dialled == 1)
            else:
                await anyio.wait_all_tasks_blocked()
            await leave(session)
    assert len(net.channels) == 1
    assert net.channels[0].aborted


async def test_a_connection_that_comes_while_the_session_ends_is_closed() -> None:
    net = Net()
    net.hold = anyio.Event()
    async with running(net, ReconnectPolicy(first_s=0.0)) as session:
        net.channels[0].arrive(Close(1006))
        await net.until(lambda: net.dialled == 1)
        net.hold.set()
        session.close()
        await session.wait_ended()
    assert all(channel.aborted for channel in net.channels)


async def test_containers_are_not_repaired_and_it_says_why() -> None:
    net = Net()
    async with running(net, audio=AudioFormat()) as session:
        await session.send_audio(b"OggS")
        net.channels[0].arrive(Close(1011, "NET-0000"))
        error = await raised_by(session.__anext__)
    assert isinstance(error, ConnectionClosed)
    assert error.code == 1011
    assert "container" in str(error)
    assert net.dialled == 0


async def test_people_can_follow_it_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    net = Net(AuthenticationError("the key expired", status=503))
    with caplog.at_level(logging.INFO, "deepgram_anyio"):
        async with running(net) as session:
            await session.send_audio(SECOND)
            net.channels[0].arrive(Close(1011, "NET-0000"))
            second = await net.channel(2)
            await second.until(lambda: second.audio == SECOND)
            second.arrive(results(0.0, 1.0))
            await finish(session, second)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == (
        "listen v1: request request-1: the peer closed with code 1011: NET-0000; attempt 1 to connect again in 0.00 s"
    )
    assert "the key expired" in lines[1]
    assert "attempt 2" in lines[1]
    assert lines[2].startswith("listen v1: connected again after ")
    assert lines[2].endswith("request request-2; 1.00 s of audio are sent again, 0.00 s are lost")
