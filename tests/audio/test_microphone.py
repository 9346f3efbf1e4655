"""The microphone: what it records, what it loses, how it ends, and that it leaves nothing open."""

from __future__ import annotations

import asyncio
import logging
import math
import struct
import sys
import threading
import wave
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from deepgram_anyio.audio import AudioError, Microphone, device_stream
from deepgram_anyio.errors import ConfigError

from ..cancellation import cancelled_everywhere
from .fake_host import FakeHost
from .fake_streams import FakeDevice

pytestmark = pytest.mark.anyio


async def take(mic: Microphone, count: int) -> list[bytes]:
    with anyio.fail_after(10):
        return [await anext(mic) for _ in range(count)]


async def rest(mic: Microphone) -> list[bytes]:
    with anyio.fail_after(10):
        return [block async for block in mic]


def samples(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


async def test_it_records(host: FakeHost) -> None:
    async with Microphone() as mic:
        (stream,) = host.streams
        assert (stream.samplerate, stream.channels, stream.blocksize) == (16000, 1, 320)
        assert mic.format == {"encoding": "linear16", "sample_rate": 16000, "channels": 1}
        assert (mic.device.name, mic.device.index) == ("Fake Microphone", 0)
        stream.record(b"11", b"22")
        assert await take(mic, 2) == [b"11", b"22"]
        stream.record(b"33")
        mic.stop()
        stream.record(b"44")  # comes after it
        assert not stream.active
        assert await rest(mic) == [b"33"]
        assert await rest(mic) == []
    assert mic.lost_s == 0
    assert mic.overflows == 0


async def test_it_wakes_who_waits_from_another_thread(host: FakeHost) -> None:
    async with Microphone() as mic, anyio.create_task_group() as tasks:
        done = anyio.Event()

        async def record() -> None:
            for n in range(5):
                await anyio.wait_all_tasks_blocked()
                await anyio.to_thread.run_sync(host.streams[0].record, bytes([n]) * 2)
            await anyio.wait_all_tasks_blocked()
            await anyio.to_thread.run_sync(mic.stop)
            done.set()

        tasks.start_soon(record)
        assert await rest(mic) == [bytes([n]) * 2 for n in range(5)]
        await done.wait()


async def test_a_device_in_a_thread_of_its_own(host: FakeHost, tmp_path: Path) -> None:
    said = bytes(range(1, 201)) * 320
    with wave.open(str(tmp_path / "said.wav"), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(said)
    host.devices[0] = FakeDevice("Own", inputs=1, file=tmp_path / "said.wav", ending="vanish", speed=20.0)
    heard = b""
    async with Microphone() as mic:
        with pytest.raises(AudioError, match="stopped by itself"), anyio.fail_after(10):
            async for block in mic:
                heard += block
    assert heard == said
    assert mic.lost_s == 0


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_twice_in_asyncios_own_way(host: FakeHost, anyio_backend: str) -> None:
    entered = asyncio.Event()

    async def record() -> None:
        async with Microphone():
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(record())
    await entered.wait()
    for _ in range(3):  # the later ones while it closes
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task])
    assert task.cancelled()
    assert host.are_all_closed(within_s=10)


async def test_the_level_is_that_of_the_last_block(host: FakeHost) -> None:
    async with Microphone() as mic:
        assert mic.level == 0
        host.streams[0].record(samples(0, 0), samples(16384, -16384))
        assert mic.level == 0.5
        host.streams[0].record(samples(*(round(32767 * math.sin(n / 10)) for n in range(628))))
        assert mic.level == pytest.approx(math.sqrt(0.5), abs=0.001)


async def test_what_nobody_takes_is_lost_aloud(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with Microphone(sample_rate=1000, block_s=0.1, max_waiting_s=0.5) as mic:
        stream = host.streams[0]
        blocks = [bytes([n]) * 200 for n in range(30)]
        stream.record(*blocks[:5])
        assert mic.lost_s == 0
        stream.record(*blocks[5:8])
        assert mic.lost_s == pytest.approx(0.3)
        assert await take(mic, 5) == blocks[3:8]
        stream.record(*blocks[8:17], input_overflow=True)
        assert await take(mic, 5) == blocks[12:17]
        assert mic.lost_s == pytest.approx(0.7)
        assert mic.overflows == 9
        assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2  # not one for each block
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "0.30 s of audio from the microphone were lost",
        "the system dropped audio from the microphone 9 times so far",
        "0.40 s of audio from the microphone were lost",
    ]


async def test_a_device_that_vanishes(host: FakeHost) -> None:
    async with Microphone() as mic:
        host.streams[0].record(b"11")
        await anyio.to_thread.run_sync(host.streams[0].vanish)
        mic.stop()  # too late to be the reason
        assert await take(mic, 1) == [b"11"]
        for _ in range(2):
            with pytest.raises(AudioError, match=r"'Fake Microphone' has stopped by itself: plug it in"):
                await take(mic, 1)


async def test_a_device_that_vanishes_while_one_waits(host: FakeHost) -> None:
    async with Microphone() as mic, anyio.create_task_group() as tasks:
        tasks.start_soon(take_nothing, mic)
        await anyio.wait_all_tasks_blocked()
        await anyio.to_thread.run_sync(host.streams[0].vanish)


async def take_nothing(mic: Microphone) -> None:
    with pytest.raises(AudioError):
        await take(mic, 1)


async def test_a_device_that_falls_silent(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_stream, "_STALL_S", 0.05)
    async with Microphone() as mic:
        with pytest.raises(AudioError, match=r"has not answered for 0.05 s"):
            await take(mic, 1)


async def test_closing_ends_the_iteration(host: FakeHost) -> None:
    async with anyio.create_task_group() as tasks, Microphone() as mic:
        tasks.start_soon(take_the_rest, mic)
        await anyio.wait_all_tasks_blocked()
        await mic.aclose()
        assert host.open_streams == []
        await mic.aclose()
    assert await rest(mic) == []


async def take_the_rest(mic: Microphone) -> None:
    assert await rest(mic) == []


async def test_it_is_opened_once(host: FakeHost) -> None:
    mic = Microphone()
    with pytest.raises(AudioError, match="async with"):
        await anext(mic)
    with pytest.raises(AudioError, match="async with"):
        _ = mic.device
    async with mic:
        with pytest.raises(AudioError, match="opened once"):
            await mic.__aenter__()
        host.streams[0].record(b"11")
        assert await take(mic, 1) == [b"11"]
    await Microphone().aclose()


async def test_an_exception_closes_it(host: FakeHost) -> None:
    with pytest.raises(KeyError):
        async with Microphone():
            raise KeyError
    assert len(host.streams) == 1


async def test_cancelled_at_every_await_it_leaves_nothing_open(host: FakeHost) -> None:
    host.devices[0].speed = 10.0

    async def record() -> None:
        async with Microphone() as mic:
            assert len(await take(mic, 3)) == 3

    assert await cancelled_everywhere(record) > 5
    assert host.are_all_closed(within_s=10)  # one that was given up while it was opened is closed by its thread


async def test_cancelled_while_it_opens(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, proceed = threading.Event(), threading.Event()
    real = host.RawInputStream

    def slow(**options: Any) -> Any:
        entered.set()
        assert proceed.wait(10)
        return real(**options)

    monkeypatch.setattr(host, "RawInputStream", slow)

    async def enter(scope: anyio.CancelScope) -> None:
        with scope:
            await Microphone().__aenter__()

    scope = anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(enter, scope)
        await anyio.to_thread.run_sync(entered.wait, 10)
        scope.cancel()
    assert host.streams == []  # the driver did not hold us up
    proceed.set()
    with anyio.fail_after(10):
        while not host.streams:
            await anyio.lowlevel.checkpoint()
    assert host.are_all_closed(within_s=10)


async def test_a_driver_that_does_not_close(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(device_stream, "_CLOSE_S", 0.05)
    proceed = threading.Event()
    async with Microphone():
        stream = host.streams[0]
        monkeypatch.setattr(stream, "abort", lambda: proceed.wait(10))
    assert "does not close" in caplog.text
    proceed.set()
    assert host.are_all_closed(within_s=10)


async def test_a_driver_that_fails_to_close(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with Microphone():
        monkeypatch.setattr(host.streams[0], "abort", Mock(side_effect=ZeroDivisionError))
    assert "closing a microphone failed: ZeroDivisionError" in caplog.text


async def test_a_device_with_a_format_of_its_own(host: FakeHost) -> None:
    host.devices[0] = FakeDevice("Odd", inputs=2, rate=44100, rates=(44100,), channels=(2,))
    async with Microphone() as mic:
        stream = host.streams[0]
        assert (stream.samplerate, stream.channels, stream.blocksize) == (44100, 2, 882)
        tone = [round(20000 * math.sin(2 * math.pi * 440 * n / 44100)) for n in range(44100)]
        for start in range(0, 44100, 882):  # on one of the two channels
            stream.record(samples(*(value for left in tone[start : start + 882] for value in (left, 0))))
        mic.stop()
        audio = b"".join(await rest(mic))
    assert len(audio) // 2 == 16000
    heard = struct.unpack("<16000h", audio)
    wanted = [10000 * math.sin(2 * math.pi * 440 * n / 16000) for n in range(16000)]
    assert max(abs(a - b) for a, b in zip(heard[200:-200], wanted[200:-200], strict=True)) < 10


async def test_what_is_held_back_comes_before_the_failure(host: FakeHost) -> None:
    host.devices[0] = FakeDevice("Odd", inputs=1, rate=48000, rates=(48000,))
    async with Microphone() as mic:
        host.streams[0].record(*[bytes(960 * 2)] * 10)
        host.streams[0].vanish()
        heard = b""
        with pytest.raises(AudioError, match="stopped by itself"), anyio.fail_after(10):
            async for block in mic:
                heard += block
    assert len(heard) // 2 == 3200


@pytest.mark.parametrize(
    "options",
    [
        {"sample_rate": 999},
        {"sample_rate": 384_001},
        {"channels": 0},
        {"channels": 65},
        {"block_s": 0.0001},
        {"block_s": math.nan},
        {"block_s": 2.0},
        {"max_waiting_s": 0.01},
        {"max_waiting_s": math.inf},
        {"max_waiting_s": math.nan},
    ],
)
def test_wrong_options(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        Microphone(**options)


async def test_samples_are_little_endian_everywhere(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "byteorder", "big")
    async with Microphone() as mic:
        host.streams[0].record(b"\1\2\3\4")
        assert await take(mic, 1) == [b"\2\1\4\3"]
