"""Who sends now and then is written for at once; who sends on and on is served by the writer, and lets others run."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from anyio.lowlevel import checkpoint

from deepgram_anyio.protocol.frames import Binary, Close, Frame
from deepgram_anyio.transport.signals import Latch, Signal

from .fakes import FakeChannel, metadata, new_session

pytestmark = pytest.mark.anyio


class IdleChannel(FakeChannel):
    """Takes frames at once; or a part of them, of which the writer has to see to the rest."""

    def __init__(self, *, takes: bool = True, whole: bool = True) -> None:
        super().__init__()
        self.batches: list[int] = []
        self._takes = takes
        self._whole = whole
        self._unfinished = False

    def send_at_once(self, frame: Binary) -> bool:
        if self._takes and not self._unfinished and len(frame.data) <= 64 * 1024:
            self.written.append(frame)
            self._unfinished = not self._whole
            return True
        return False

    @property
    def unfinished(self) -> bool:
        return self._unfinished

    async def send_batch(self, frames: Sequence[Frame]) -> None:
        await checkpoint()
        self.batches.append(len(frames))
        self._unfinished = False
        await super().send_batch(frames)


async def test_on_an_idle_line_audio_is_written_before_send_returns() -> None:
    channel = IdleChannel()
    async with new_session(channel) as session:
        await anyio.wait_all_tasks_blocked()
        await session.send_audio(b"one")
        assert channel.audio == b"one"
        assert session.unsent_bytes == 0
        assert channel.batches == []  # the writer had nothing to do


async def test_a_caller_who_sends_on_and_on_is_served_by_the_writer_in_order() -> None:
    channel = IdleChannel()
    async with new_session(channel) as session:
        await anyio.wait_all_tasks_blocked()
        for number in range(200):
            await session.send_audio(bytes([number]))
        await channel.until(lambda: len(channel.audio) == 200)
    assert channel.audio == bytes(range(200))
    assert len(channel.batches) < 100


async def test_what_was_queued_goes_before_what_comes_later() -> None:
    channel = IdleChannel()
    async with new_session(channel) as session:
        await anyio.wait_all_tasks_blocked()
        session.send_audio_nowait(b"first")
        await session.send_audio(b"second")
        await channel.until(lambda: len(channel.audio) == 11)
    assert channel.audio == b"firstsecond"


async def test_a_line_that_takes_a_part_only_has_the_writer_see_to_the_rest() -> None:
    channel = IdleChannel(whole=False)
    async with new_session(channel) as session:
        await anyio.wait_all_tasks_blocked()
        await session.send_audio(b"one")
        await channel.until(lambda: bool(channel.batches))
        assert channel.batches == [0]
        await session.send_audio(b"two")
        await channel.until(lambda: channel.audio == b"onetwo" and not channel.unfinished)
        session.act(session.machine.close_stream)
        channel.arrive(metadata(), Close(1000))
        await session.wait_ended()
    assert not channel.unfinished


async def test_a_line_that_takes_nothing_at_once_is_left_to_the_writer() -> None:
    channel = IdleChannel(takes=False)
    async with new_session(channel) as session:
        await anyio.wait_all_tasks_blocked()
        await session.send_audio(b"one")
        assert channel.written == []
        await channel.until(lambda: channel.written == [Binary(b"one")])


async def test_what_takes_more_than_one_write_is_left_to_the_writer_and_its_deadlines() -> None:
    channel = IdleChannel()
    async with new_session(channel) as session:
        await anyio.wait_all_tasks_blocked()
        await session.send_audio(bytes(64 * 1024 + 1))
        assert channel.written == []
        await channel.until(lambda: len(channel.audio) == 64 * 1024 + 1)
        assert channel.batches == [1]


async def test_others_run_while_somebody_sends_on_and_on() -> None:
    channel = IdleChannel()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await checkpoint()
            turns += 1

    async with new_session(channel) as session, anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        for _ in range(170):
            await session.send_audio(b"x")
        assert turns >= 8
        tasks.cancel_scope.cancel()


async def test_who_is_cancelled_sends_nothing() -> None:
    channel = IdleChannel()
    async with new_session(channel) as session:
        await anyio.wait_all_tasks_blocked()
        for _ in range(40):
            with anyio.CancelScope() as scope:
                scope.cancel()
                await session.send_audio(b"x")
            assert scope.cancelled_caught
        assert channel.written == []
        assert session.machine.ledger.sent_bytes == 0


async def test_a_signal_wakes_all_who_wait_and_nobody_who_comes_later() -> None:
    signal, woken = Signal(), []
    signal.set()

    async def wait(name: str) -> None:
        await signal.wait()
        woken.append(name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "a")
        tasks.start_soon(wait, "b")
        await anyio.wait_all_tasks_blocked()
        assert woken == []
        signal.set()
        tasks.start_soon(wait, "c")
        await anyio.wait_all_tasks_blocked()
        assert sorted(woken) == ["a", "b"]
        tasks.cancel_scope.cancel()


async def test_a_latch_stays_set() -> None:
    latch = Latch()
    assert not latch.is_set()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(latch.wait)
        await anyio.wait_all_tasks_blocked()
        latch.set()
        latch.set()
    assert latch.is_set()
    await latch.wait()
