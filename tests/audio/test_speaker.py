"""The speaker: what it plays, backpressure, draining, barge-in, gaps, and that it leaves nothing open."""

from __future__ import annotations

import array
import itertools
import math
import struct
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.audio import AudioError, Speaker, device_stream
from deepgram_anyio.audio import speaker as speaker_module
from deepgram_anyio.errors import ConfigError

from ..cancellation import cancelled_everywhere
from .fake_host import FakeHost
from .fake_streams import FakeDevice, FakeStream

pytestmark = pytest.mark.anyio

FORMAT: dict[str, Any] = {"sample_rate": 1000, "channels": 1}
LATENCY = 20
"""The device's, in frames at that rate."""


@asynccontextmanager
async def playing(stream: FakeStream, frames: int = 10) -> AsyncIterator[None]:
    """Let the device play, block by block, as fast as it can."""

    async def play() -> None:
        while True:
            await anyio.lowlevel.checkpoint()
            if stream.active:
                await anyio.to_thread.run_sync(stream.play, frames)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(play)
        yield
        tasks.cancel_scope.cancel()


async def settled() -> None:
    """Let every task go as far as it can; `anyio.wait_all_tasks_blocked` does the same, 0.1 s at a time."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


class Cut(Exception):  # noqa: N818
    """Leaves a block without waiting for what is played."""


async def test_it_plays(host: FakeHost) -> None:
    async with Speaker() as speaker:
        stream = host.streams[0]
        assert (stream.kind, stream.samplerate, stream.channels) == ("output", 24000, 1)
        assert (speaker.device.name, speaker.device.index) == ("Fake Speaker", 1)
        assert stream.play(2) == bytes(4)
        await speaker.send(b"1122")
        await speaker.send(b"3")
        await speaker.send(b"")
        await speaker.send(memoryview(b"34"))
        assert speaker.waiting_s == pytest.approx(3 / 24000)
        assert stream.play(1) == b"11"
        assert stream.play(3) == b"2233\0\0"
        assert speaker.underruns == 0
        await speaker.send(b"4")
        async with playing(stream):
            await speaker.drain()
    assert bytes(stream.played).count(b"44") == 1


async def test_leaving_waits_until_all_was_heard(host: FakeHost) -> None:
    speaker = Speaker(**FORMAT)
    async with anyio.create_task_group() as tasks:
        await speaker.__aenter__()
        stream = host.streams[0]
        await speaker.send(b"11" * 30)
        tasks.start_soon(speaker.__aexit__, None, None, None)
        for played in range(30 + LATENCY):
            await settled()
            assert not stream.closed, played
            stream.play(1)
        await settled()
    assert stream.closed
    assert bytes(stream.played) == b"11" * 30 + bytes(2 * LATENCY)


async def test_leaving_by_an_exception_cuts_off(host: FakeHost) -> None:
    with pytest.raises(Cut):
        async with Speaker(**FORMAT) as speaker:
            await speaker.send(b"11" * 30)
            raise Cut
    assert host.streams[0].played == b""
    with pytest.raises(AudioError, match="is closed"):
        await speaker.send(b"11")
    with pytest.raises(AudioError, match="is closed"):
        await speaker.drain()


async def test_sending_waits_for_room(host: FakeHost) -> None:
    async with Speaker(**FORMAT, max_waiting_s=0.1) as speaker, anyio.create_task_group() as tasks:
        stream = host.streams[0]
        sent: list[int] = []

        async def send() -> None:
            for n in range(4):
                await speaker.send(bytes([n + 1, 0]) * 60)
                sent.append(n)

        tasks.start_soon(send)
        await settled()
        assert sent == [0]  # the second one is there, too, and waits
        assert speaker.waiting_s == pytest.approx(0.12)
        stream.play(19)
        await settled()
        assert sent == [0]
        stream.play(1)
        await settled()
        assert sent == [0, 1]
        stream.play(60)
        await settled()
        assert sent == [0, 1, 2]
        stream.play(60)
        await settled()
        assert sent == [0, 1, 2, 3]
        stream.play(100)
        speaker.clear()
    assert bytes(stream.played).rstrip(b"\0") + b"\0" == b"".join(bytes([n + 1, 0]) * 60 for n in range(4))


async def test_barge_in(host: FakeHost) -> None:
    async with Speaker(**FORMAT, max_waiting_s=0.1) as speaker, anyio.create_task_group() as tasks:
        stream = host.streams[0]
        await speaker.send(b"11" * 80)
        stream.play(10)
        tasks.start_soon(speaker.send, b"22" * 200)  # waits
        tasks.start_soon(speaker.drain)
        await settled()
        assert speaker.clear() == pytest.approx(0.27)
        assert speaker.clear() == 0
        await settled()
        assert stream.play(20) == bytes(40)
        await speaker.send(b"3")  # the half of a frame that was cleared is gone
        speaker.clear()
        await speaker.send(b"44")
        assert stream.play(2) == b"44\0\0"
        async with playing(stream):
            await speaker.drain()
        assert speaker.underruns == 0


async def test_gaps_are_counted(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with Speaker(**FORMAT) as speaker:
        stream = host.streams[0]
        stream.play(500, output_underflow=True)  # before anything was said
        await speaker.send(b"11")
        stream.play(1)
        await speaker.send(b"22")  # in time
        stream.play(3)
        assert caplog.records == []
        await speaker.send(b"33")  # too late
        assert speaker.underruns == 1
        stream.play(1002)
        await speaker.send(b"44")  # a pause: one that takes so long was meant
        async with playing(stream):
            await speaker.drain()
        await speaker.send(b"55")  # said to its end before
        assert speaker.underruns == 1
        stream.play(1, output_underflow=True)
        assert speaker.underruns == 2
        speaker.clear()
    assert [record.getMessage() for record in caplog.records] == [
        "the speaker ran out of audio: gaps were heard 1 times so far",
        "the speaker ran out of audio: gaps were heard 2 times so far",
    ]


@given(st.lists(st.one_of(st.binary(max_size=9), st.integers(1, 9)), max_size=30))
def test_what_is_put_is_taken_in_order(steps: list[bytes | int]) -> None:
    queue = speaker_module._Queue()
    put, taken = b"", b""
    for step in steps:
        if isinstance(step, bytes):
            queue.put(step)
            put += step
        else:
            block = bytearray(step)
            filled = queue.take(memoryview(block))
            assert filled == min(step, len(put) - len(taken))
            taken += block[:filled]
        assert queue.waiting_bytes == len(put) - len(taken)
        assert put.startswith(taken)


async def test_a_device_in_a_thread_of_its_own(host: FakeHost, tmp_path: Path) -> None:
    host.devices[1] = FakeDevice("Own", outputs=1, file=tmp_path / "heard.wav", speed=20.0)
    said = bytes(range(1, 201)) * 50
    async with Speaker(**FORMAT, max_waiting_s=0.5) as speaker:
        for start in range(0, len(said), 997):
            await speaker.send(said[start : start + 997])
    assert speaker.waiting_s == 0
    with wave.open(str(tmp_path / "heard.wav"), "rb") as wav:
        heard = wav.readframes(wav.getnframes())
    assert [sample for sample in array.array("h", heard) if sample] == array.array("h", said).tolist()


async def test_draining_does_not_wait_for_what_comes_later(host: FakeHost) -> None:
    async with Speaker(**FORMAT) as speaker, anyio.create_task_group() as tasks:
        stream = host.streams[0]
        await speaker.drain()  # nothing was said
        await speaker.send(b"11" * 10)
        drained = anyio.Event()

        async def drain() -> None:
            await speaker.drain()
            drained.set()

        tasks.start_soon(drain)
        await settled()
        await speaker.send(b"22" * 500)
        for _ in range(10 + LATENCY):
            assert not drained.is_set()
            stream.play(1)
            await settled()
        assert drained.is_set()
        assert speaker.clear() == pytest.approx(0.48)


async def test_a_device_that_vanishes(host: FakeHost) -> None:
    with pytest.raises(AudioError, match="stopped by itself"):
        async with Speaker(**FORMAT, max_waiting_s=0.01) as speaker, anyio.create_task_group() as tasks:
            tasks.start_soon(fails, speaker.send, b"11" * 100)
            tasks.start_soon(fails, speaker.drain)
            await settled()
            await anyio.to_thread.run_sync(host.streams[0].vanish)
            await settled()
            await fails(speaker.send, b"22")
            assert speaker.waiting_s == pytest.approx(0.1)


async def fails(call: Any, *args: Any) -> None:
    with pytest.raises(AudioError, match="stopped by itself"):
        await call(*args)


async def test_a_device_that_falls_silent(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_stream, "_STALL_S", 0.05)
    with pytest.raises(AudioError, match=r"has not answered for 0.05 s"):
        async with Speaker() as speaker:
            await speaker.send(b"11")


async def test_it_is_opened_once(host: FakeHost) -> None:
    speaker = Speaker()
    assert speaker.clear() == 0
    for call in (speaker.send(b"11"), speaker.drain()):
        with pytest.raises(AudioError, match="async with"):
            await call
    await speaker.aclose()


async def test_cancelled_at_every_await_it_leaves_nothing_open(host: FakeHost) -> None:
    host.devices[1].speed = 100.0

    async def play() -> None:
        async with Speaker(**FORMAT, max_waiting_s=0.001) as speaker:
            await speaker.send(b"11" * 20)
            await speaker.drain()

    assert await cancelled_everywhere(play) > 5
    assert host.are_all_closed(within_s=10)  # one that was given up while it was opened is closed by its thread


async def test_cancelled_while_it_waits_it_plays_all_the_same(host: FakeHost) -> None:
    async with Speaker(**FORMAT, max_waiting_s=0.01) as speaker:
        stream = host.streams[0]
        with anyio.CancelScope() as scope:
            scope.cancel()
            await speaker.send(b"11" * 20)
        assert scope.cancelled_caught
        assert stream.play(20) == b"11" * 20
        speaker.clear()


async def test_a_device_with_a_format_of_its_own(host: FakeHost) -> None:
    host.devices[1] = FakeDevice("Odd", outputs=2, rate=44100, rates=(44100,), channels=(2,))
    async with Speaker(sample_rate=16000, max_waiting_s=10) as speaker:
        stream = host.streams[0]
        assert (stream.samplerate, stream.channels) == (44100, 2)
        tone = struct.pack("<16000h", *(round(20000 * math.sin(2 * math.pi * 440 * n / 16000)) for n in range(16000)))
        for start in range(0, len(tone), 501):
            await speaker.send(tone[start : start + 501])
        async with playing(stream, 441):
            await speaker.drain()
            assert speaker.underruns == 0
    played = struct.unpack(f"<{len(stream.played) // 2}h", stream.played)
    assert played[0::2] == played[1::2]
    heard = played[0 : 2 * 44100 : 2]
    assert set(played[2 * 44100 + 2 :]) == {0}
    wanted = [20000 * math.sin(2 * math.pi * 440 * n / 44100) for n in range(44100)]
    assert max(abs(a - b) for a, b in zip(heard[500:-500], wanted[500:-500], strict=True)) < 10


async def test_the_end_of_a_sentence_is_not_held_back(host: FakeHost) -> None:
    host.devices[1] = FakeDevice("Odd", outputs=1, rate=48000, rates=(48000,))
    async with Speaker(sample_rate=16000) as speaker:
        stream = host.streams[0]
        await speaker.send(struct.pack("<h", 10000) * 1600)
        for _ in itertools.takewhile(lambda _: len(stream.played) < 48000, itertools.count()):
            stream.play(480)
            await settled()
        heard = struct.unpack(f"<{len(stream.played) // 2}h", stream.played)
        assert len([sample for sample in heard if sample]) == pytest.approx(4800, abs=2)
        speaker.clear()


async def test_what_the_resampler_holds_is_cleared(host: FakeHost) -> None:
    host.devices[1] = FakeDevice("Odd", outputs=1, rate=48000, rates=(48000,))
    async with Speaker(sample_rate=16000) as speaker:
        await speaker.send(struct.pack("<h", 10000) * 1600)
        assert speaker.clear() == pytest.approx(0.1, abs=0.001)
        assert host.streams[0].play(9600) == bytes(19200)


@pytest.mark.parametrize(
    "options",
    [
        {"sample_rate": 999},
        {"channels": 0},
        {"max_waiting_s": 0},
        {"max_waiting_s": math.inf},
    ],
)
def test_wrong_options(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        Speaker(**options)


async def test_samples_are_little_endian_everywhere(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "byteorder", "big")
    async with Speaker() as speaker:
        await speaker.send(b"\1\2\3\4")
        assert host.streams[0].play(2) == b"\2\1\4\3"
        speaker.clear()
