"""Microphone and speaker of v4, on a sound library whose devices the tests play."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock, call

import pytest
from anyio import to_thread
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.sync.v4 import audio_constants, microphone, speaker
from deepgram_anyio.sync.v4.errors import DeepgramMicrophoneError, DeepgramModuleError, DeepgramSpeakerError
from deepgram_anyio.sync.v4.microphone import Microphone
from deepgram_anyio.sync.v4.speaker import Speaker

PATIENCE_S = 20.0
DEVICES: list[Any] = [(Microphone, DeepgramMicrophoneError), (Speaker, DeepgramSpeakerError)]
FORMAT: dict[str, Any] = {"rate": 100, "chunk": 4, "channels": 2}
OPTIONS = {"samplerate": 100, "blocksize": 4, "channels": 2, "device": 5, "dtype": "int16"}


class Sound:
    """A sound library, `sounddevice`; its speaker plays while `play` is set, and fails with what is in `failures`."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.refusal: Exception | None = None
        self.failures: list[Exception] = []
        self.play = threading.Event()
        self.play.set()
        self.played: queue.Queue[bytes] = queue.Queue()
        self.RawInputStream = self.RawOutputStream = functools.partial(Stream, self)

    def heard(self, size: int) -> bytes:
        heard = b""
        while len(heard) < size:
            heard += self.played.get(timeout=PATIENCE_S)
        return heard


class Stream:
    latency = 0.0

    def __init__(self, sound: Sound, **options: Any) -> None:
        if sound.refusal:
            raise sound.refusal
        self.sound, self.options, self.callback = sound, options, options.pop("callback", None)
        self.active = self.closed = False
        sound.streams.append(self)

    def start(self) -> None:
        if self.callback and self.sound.failures:
            raise self.sound.failures.pop()
        self.active = True

    def stop(self) -> None:
        self.active = False

    abort = stop

    def close(self) -> None:
        self.closed = True

    def record(self, *blocks: bytes, status: str = "") -> None:
        for block in blocks:
            self.callback(memoryview(block), len(block) // 2, None, status)

    def write(self, data: memoryview) -> bool:
        assert self.sound.play.wait(PATIENCE_S)
        if self.sound.failures:
            raise self.sound.failures.pop()
        self.sound.played.put(bytes(data))
        return False


class Taker(list[Any]):
    """A callback that keeps what it gets; while `gate` is clear, it takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, item: Any = None) -> None:
        self.entered.set()
        assert self.gate.wait(PATIENCE_S)
        self.append(item)


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sound]:
    """The library. After the test no device is open, and every thread ends within a second."""
    sound = Sound()
    monkeypatch.setitem(sys.modules, "sounddevice", sound)
    yield sound
    sound.play.set()
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(("microphone", "speaker"))]
    assert [thread.name for thread in threads if not ended(thread, 1.0)] == []
    assert [stream for stream in sound.streams if not stream.closed] == []


def finish(device: Microphone | Speaker) -> None:
    begun = time.monotonic()
    assert device.finish() is True
    assert device.finish() is True
    assert time.monotonic() - begun < 1.0


def background(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def ended(thread: threading.Thread, within_s: float = PATIENCE_S) -> bool:
    thread.join(within_s)
    return not thread.is_alive()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(record.exc_info[1]) for record in caplog.records if record.levelname == "ERROR" and record.exc_info]


def test_the_constants_and_arguments_are_those_of_v4() -> None:
    for prefix in ("", "INPUT_", "OUTPUT_"):
        names = [f"{prefix}{name}" for name in ("LOGGING", "CHANNELS", "RATE", "CHUNK")]
        assert [getattr(audio_constants, name) for name in names] == [30, 1, 16000, 8194]
    shared = "verbose=30 rate=16000 chunk=8194 channels=1"
    speakers = "last_play_delta_in_ms=2000 output_device_index=None microphone=None"
    assert arguments(Microphone) == f"push_callback=None {shared} input_device_index=None"
    assert arguments(Speaker) == f"pull_callback=None push_callback=None {shared} {speakers}"


def arguments(kind: type) -> str:
    return " ".join(f"{argument.name}={argument.default}" for argument in inspect.signature(kind).parameters.values())


def test_the_library_is_loaded_by_a_start_alone() -> None:
    code = "import sys, deepgram_anyio.sync.v4.speaker as s; s.Speaker(); assert 'sounddevice' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("kind", "error"), DEVICES)
def test_what_is_missing_is_named(kind: Any, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        has_sound = bool(importlib.import_module("sounddevice").query_devices())
    except (ImportError, OSError):
        has_sound = False
    if not has_sound:  # the real library, as far as it is here
        with pytest.raises((DeepgramModuleError, error), match=r"install|python -m sounddevice"):
            kind(push_callback=print).start()
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeepgramModuleError, match=r"deepgram-anyio\[audio\]"):
        kind(push_callback=print).start()
    monkeypatch.setattr(importlib, "import_module", Mock(side_effect=OSError("PortAudio library not found")))
    with pytest.raises(error, match=r"not found.*libportaudio2"):
        kind(push_callback=print).start()


@pytest.mark.parametrize(("kind", "error"), DEVICES)
def test_a_device_that_cannot_be_opened(kind: Any, error: type[Exception], sound: Sound) -> None:
    device = kind(push_callback=print)
    sound.refusal = ValueError("no device 7")
    with pytest.raises(error, match=r"no device 7.*put_device_index"):
        device.start()
    finish(device)
    sound.refusal = None
    if kind is Microphone:
        sound.failures = [OSError("busy")]
        with pytest.raises(error, match="busy"):
            device.start()
    assert device.start()
    finish(device)


@pytest.mark.parametrize("kind", [Microphone, Speaker])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_callback_may_finish_its_device(kind: Any, sound: Sound, *, is_async: bool) -> None:
    finished: queue.Queue[bool] = queue.Queue()

    async def push(_message: bytes) -> None:
        assert device.finish()
        await asyncio.sleep(0)
        finished.put(True)

    device: Any = kind(push_callback=push if is_async else lambda _message: finished.put(device.finish()))
    if kind is Speaker:
        device.set_pull_callback(lambda: b"12")
    device.start()
    if kind is Microphone:
        sound.streams[0].record(b"1")
    assert finished.get(timeout=PATIENCE_S)


@pytest.mark.parametrize("kind", [Microphone, Speaker])
def test_a_stuck_callback_is_left_behind(kind: Any, sound: Sound) -> None:
    taker = Taker()
    taker.gate.clear()
    device = kind(taker)  # pushes to it, or pulls from it
    device.start()
    if kind is Microphone:
        sound.streams[0].record(b"1", b"2")
    assert taker.entered.wait(PATIENCE_S)
    finish(device)
    taker.gate.set()


def test_a_microphone_needs_a_callback(sound: Sound) -> None:
    mic, taker = Microphone(), Taker()
    assert mic.start() is False
    assert sound.streams == []
    mic.set_callback(taker)
    for n in range(3):  # and starts again as often as one likes
        assert mic.start() is mic.start() is True
        sound.streams[n].record(bytes([n]))
        finish(mic)
    assert taker == [b"\0", b"\1", b"\2"]


def test_a_microphone_records(sound: Sound) -> None:
    taker = Taker()
    mic = Microphone(taker, **FORMAT, input_device_index=5)
    assert (mic.is_active(), mic.mute(), mic.is_muted(), mic.unmute()) == (False,) * 4
    assert mic.start()
    assert mic.is_active()
    assert sound.streams[0].options == OPTIONS
    taker.gate.clear()  # what counts is the moment of recording, however late the callback gets it
    sound.streams[0].record(b"open")
    assert mic.mute()
    assert mic.is_muted()
    sound.streams[0].record(b"secret")
    assert mic.unmute()
    assert not mic.is_muted()
    sound.streams[0].record(b"open")
    sound.streams[0].active = False
    assert not mic.is_active()  # unplugged
    taker.gate.set()
    finish(mic)
    assert taker == [b"open", bytes(6), b"open"]


def test_a_failing_callback_is_logged_once(sound: Sound, caplog: pytest.LogCaptureFixture) -> None:
    push = Mock(side_effect=ValueError("no such thing"))

    async def push_later(_block: bytes) -> None:
        raise AssertionError

    async def make() -> Microphone:
        return Microphone(push_later)

    for mic in (Microphone(push), asyncio.run(make())):  # the second one's loop is gone
        mic.start()
        sound.streams[-1].record(b"1", b"2", b"3")
        finish(mic)
    assert push.mock_calls == [call(b"1"), call(b"2"), call(b"3")]
    assert errors(caplog) == ["no such thing", "Event loop is closed"]


def test_a_slow_callback_loses_the_oldest(
    sound: Sound, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(microphone, "_MAX_WAITING_S", 0.5)
    taker = Taker()
    mic = Microphone(taker, rate=10)
    mic.start()
    taker.gate.clear()
    sound.streams[0].record(b"11")
    assert taker.entered.wait(PATIENCE_S)
    sound.streams[0].record(*(bytes([n]) * 2 for n in range(20)), status="input overflow")
    taker.gate.set()
    finish(mic)
    assert taker == [b"11", *(bytes([n]) * 2 for n in range(15, 20))]
    assert "1.50 s of audio were lost" in caplog.messages[0]
    assert "input overflow" in caplog.messages[1]


def test_a_stuck_coroutine_is_cancelled(sound: Sound, caplog: pytest.LogCaptureFixture) -> None:
    cancelled = threading.Event()

    async def stuck(_block: bytes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    mic = Microphone(stuck, rate=10)
    mic.start()
    sound.streams[0].record(bytes(20))
    finish(mic)
    assert cancelled.wait(PATIENCE_S)
    assert "1.00 s of audio were lost" in caplog.messages[0]


@pytest.mark.anyio
@pytest.mark.parametrize("made_here", [True, False])
async def test_coroutines_run_on_the_running_loop(sound: Sound, anyio_backend_name: str, *, made_here: bool) -> None:
    calls: queue.Queue[tuple[threading.Thread, bytes]] = queue.Queue()

    async def push(block: bytes) -> None:
        await asyncio.sleep(0)
        calls.put((threading.current_thread(), block))

    make = functools.partial(Microphone, push)
    mic = make() if made_here else await to_thread.run_sync(make)
    assert await to_thread.run_sync(mic.start) if made_here else mic.start()
    sound.streams[0].record(b"1", b"2", b"3")
    assert mic.finish()  # does not wait for this loop, and loses nothing all the same
    found = [await to_thread.run_sync(calls.get) for _ in range(3)]
    is_here = [thread is threading.current_thread() for thread, _ in found]
    assert is_here == [anyio_backend_name == "asyncio"] * 3  # trio's is no asyncio loop
    assert [block for _, block in found] == [b"1", b"2", b"3"]


def test_a_speaker_plays_in_small_slices(sound: Sound) -> None:
    loud = Speaker(**FORMAT, output_device_index=5)
    data = bytes(range(100)) * 4
    loud.add_audio_to_queue(data)
    assert loud.start() is loud.start() is True
    pieces = [sound.played.get(timeout=PATIENCE_S) for _ in range(10)]
    assert b"".join(pieces) == data
    assert {len(piece) for piece in pieces} == {40}
    assert [stream.options for stream in sound.streams] == [OPTIONS]
    for n in range(3):  # it starts again as often as one likes; what comes in between is dropped
        finish(loud)
        loud.add_audio_to_queue(b"dropped.")
        loud.start()
        loud.add_audio_to_queue(bytes([n]) * 4)
        assert sound.heard(4) == bytes([n]) * 4
    finish(loud)


@given(st.lists(st.binary(max_size=9)), st.integers(1, 3))
def test_frames_stay_whole(chunks: list[bytes], channels: int) -> None:
    sound = Sound()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sounddevice", sound)
        loud = Speaker(channels=channels, last_play_delta_in_ms=0)
        loud.start()
        for chunk in chunks:
            loud.add_audio_to_queue(chunk)
        loud.wait_for_complete()
        loud.finish()
    pieces = list(sound.played.queue)
    whole = sum(map(len, chunks)) // (2 * channels) * 2 * channels
    assert b"".join(pieces) == b"".join(chunks)[:whole]
    assert [piece for piece in pieces if len(piece) % (2 * channels)] == []


def test_waiting_until_all_was_heard(sound: Sound) -> None:
    loud = Speaker(last_play_delta_in_ms=50)
    loud.add_audio_to_queue(b"12")
    begun = time.monotonic()
    loud.wait_for_complete()  # nobody plays it
    assert time.monotonic() - begun >= 0.05
    sound.play.clear()
    loud.start()
    sound.streams[0].latency = 0.1
    loud.add_audio_to_queue(b"34")
    waiter = background(loud.wait_for_complete)
    assert not ended(waiter, 0.1)
    begun = time.monotonic()
    sound.play.set()
    assert ended(waiter)
    assert time.monotonic() - begun >= 0.15
    assert sound.heard(4) == b"1234"
    begun = time.monotonic()
    loud.wait_for_complete()  # nothing comes
    assert time.monotonic() - begun >= 0.05
    finish(loud)


def test_a_full_queue_is_waited_for(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "_MAX_QUEUED_BYTES", 10)
    loud = Speaker(last_play_delta_in_ms=60_000)

    def add() -> None:
        for _ in range(3):  # a stuck device takes one, one more is queued, the third has to wait
            loud.add_audio_to_queue(bytes(10))

    with pytest.raises(DeepgramSpeakerError, match=r"start\(\)"):
        add()
    loud.start()
    assert sound.heard(10)
    sound.play.clear()
    adder = background(add)
    assert not ended(adder, 0.05)
    sound.play.set()
    assert sound.heard(30)
    assert ended(adder)
    sound.play.clear()
    adder, waiter = background(add), background(loud.wait_for_complete)
    assert not ended(adder, 0.05)
    finish(loud)
    assert ended(adder)
    assert ended(waiter)
    loud.wait_for_complete()


def test_a_device_that_fails_can_be_opened_again(sound: Sound, caplog: pytest.LogCaptureFixture) -> None:
    sound.failures = [OSError("unplugged")]
    loud = Speaker(last_play_delta_in_ms=1)
    sound.play.clear()
    loud.start()
    loud.add_audio_to_queue(b"lost")
    loud.add_audio_to_queue(b"kept")
    sound.play.set()
    loud.wait_for_complete()
    assert errors(caplog) == ["unplugged"]
    loud.start()
    assert sound.heard(4) == b"kept"
    finish(loud)


def test_a_microphone_does_not_hear_the_speaker(sound: Sound) -> None:
    changes: queue.Queue[str] = queue.Queue()

    class Mic(Microphone):
        def mute(self) -> bool:
            changes.put("mute")
            return super().mute()

        def unmute(self) -> bool:
            changes.put("unmute")
            return super().unmute()

    mic = Mic(print)
    loud = Speaker(microphone=mic, last_play_delta_in_ms=20)
    loud.start()
    loud.add_audio_to_queue(b"12")  # the microphone is not there yet
    assert sound.heard(2)
    mic.start()
    loud.add_audio_to_queue(b"34")
    assert [changes.get(timeout=PATIENCE_S) for _ in range(2)] == ["mute", "unmute"]
    loud.wait_for_complete_with_mute(mic)
    assert [changes.get(timeout=PATIENCE_S) for _ in range(2)] == ["mute", "unmute"]
    mic.mute()  # by someone else: it stays so
    loud.add_audio_to_queue(b"56")
    loud.wait_for_complete_with_mute(mic)
    finish(loud)
    assert list(changes.queue) == ["mute"]
    assert mic.is_muted()
    finish(mic)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_speaker_pulls(sound: Sound, caplog: pytest.LogCaptureFixture, *, is_async: bool) -> None:
    pull = Mock(side_effect=[b"12", None, "text", OSError("no line"), b"34", OSError("again"), EOFError])
    push = Mock(side_effect=ValueError("not wanted"))

    async def pull_later() -> Any:
        return pull()

    async def push_later(message: Any) -> None:
        push(message)

    loud = Speaker(print, print)
    loud.set_pull_callback(pull_later if is_async else pull)
    loud.set_push_callback(push_later if is_async else push)
    loud.start()
    assert sound.heard(4) == b"1234"
    assert all(ended(thread) for thread in threading.enumerate() if thread.name == "speaker receiver")
    finish(loud)
    assert push.mock_calls == [call(b"12"), call("text"), call(b"34")]
    assert errors(caplog) == ["not wanted", "no line"]


@pytest.mark.parametrize("is_here", [True, False])
def test_a_finish_cancels_a_pull(sound: Sound, *, is_here: bool) -> None:
    async def main() -> None:
        pulled, cancelled = asyncio.Event(), asyncio.Event()

        async def pull() -> None:
            pulled.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        loud = Speaker(pull)
        await asyncio.to_thread(loud.start, asyncio.get_running_loop())
        await pulled.wait()
        assert loud.finish() if is_here else await asyncio.to_thread(loud.finish)
        await cancelled.wait()

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))
