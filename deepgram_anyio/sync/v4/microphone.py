"""The microphone of v4, and what it shares with the `Speaker`: opening a device, and a thread that runs callbacks.

The sound library is imported when a device is started, never before.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from typing import Any, Literal, cast

from ...audio.host import AudioError, SoundStream, close_stream, load_host, start_stream
from ...errors import ConfigError
from .audio_constants import CHANNELS, CHUNK, LOGGING, RATE
from .errors import DeepgramMicrophoneError, DeepgramModuleError, DeepgramSpeakerError
from .verboselogs import VerboseLogger, stderr_logger

__all__ = ["SAMPLE_BYTES", "CallbackThread", "Microphone", "open_stream", "running_loop"]

SAMPLE_BYTES = 2
"""Length of a sample: signed 16-bit integers, in the machine's byte order."""

_MAX_WAITING_S = 30.0
"""Audio that waits for a slow callback; beyond it, the oldest is lost, and the log says how much."""

_END_S = 0.8
"""What is left of a recording, once it is finished, has this long to reach the callback."""


def open_stream(kind: Literal["RawInputStream", "RawOutputStream"], **options: Any) -> SoundStream:
    """Open a sound device and start it.

    Args:
        kind: the sound library's class.
        options: what it takes.

    Raises:
        DeepgramModuleError: the sound library is not installed.
        DeepgramMicrophoneError, DeepgramSpeakerError: PortAudio or the device is missing, or does not take the options.
    """
    is_input = kind == "RawInputStream"
    error = DeepgramMicrophoneError if is_input else DeepgramSpeakerError
    try:
        host = load_host()
    except ConfigError as cause:
        raise DeepgramModuleError(str(cause)) from cause
    except AudioError as cause:
        raise error(str(cause)) from cause
    try:
        return start_stream(getattr(host, kind), **options)
    except Exception as cause:
        argument = "input_device_index" if is_input else "output_device_index"
        hint = f"`python -m sounddevice` lists the devices; choose one with {argument}, or another rate or channels"
        raise error(f"no {'microphone' if is_input else 'speaker'} can be opened: {cause}; {hint}") from cause


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the asyncio event loop that runs in this thread; None when there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class CallbackThread:
    """A daemon thread that calls a program's callbacks; the coroutines among them run on an event loop.

    Args:
        work: what the thread does; it makes every call through `call`.
        name: of the thread.
        loop: runs the coroutines; None for one of its own, in one more thread, made when the first coroutine appears.
    """

    def __init__(self, work: Callable[[], None], *, name: str, loop: asyncio.AbstractEventLoop | None) -> None:
        self._work = work
        self._loop = loop
        self._own_loop_thread: threading.Thread | None = None
        self._stop_own_loop: Callable[[], object] = lambda: None
        self._lock = threading.Lock()
        self._awaited: Future[Any] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin the work."""
        self._thread.start()

    @property
    def cancelled(self) -> bool:
        """Whether coroutines are no longer waited for."""
        return self._cancelled

    def call(self, callback: Callable[..., Any], *args: Any) -> Any:
        """Call a callback, wait for it when it is a coroutine, and return its result. For the thread's work alone."""
        result = callback(*args)
        if not inspect.isawaitable(result):
            return result
        coroutine = self._follow(result)
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop or self._start_own_loop())
        except RuntimeError:  # the loop is closed; without this, both would complain that nobody awaited them
            coroutine.close()
            if inspect.iscoroutine(result):
                result.close()
            raise
        with self._lock:
            self._awaited = future
            if self._cancelled:
                future.cancel()
        try:
            return future.result()
        finally:
            self._awaited = self._task = None

    def cancel(self) -> None:
        """Cancel the coroutine that is waited for now, and every later one."""
        with self._lock:
            self._cancelled = True
            if self._awaited:
                self._awaited.cancel()

    def end(self, *, grace_s: float) -> None:
        """Wait until the work has ended by itself; after a while, cancel its coroutines.

        On the event loop, or from a callback, nothing is waited for: that would be a wait for itself.

        Args:
            grace_s: before the coroutines are cancelled.
        """
        loop = running_loop()
        if loop is not None and loop is self._loop:
            if grace_s or self._task is not asyncio.current_task():
                loop.call_later(grace_s, self.cancel)
        elif self._thread is not threading.current_thread():
            self._thread.join(grace_s)
            self.cancel()
            self._thread.join(0.1)
            if self._own_loop_thread:
                self._own_loop_thread.join(0.1)

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._stop_own_loop()

    async def _follow(self, awaitable: Awaitable[Any]) -> Any:
        self._task = asyncio.current_task()
        return await awaitable

    def _start_own_loop(self) -> asyncio.AbstractEventLoop:
        is_running: Future[asyncio.AbstractEventLoop] = Future()

        async def serve() -> None:
            stopped = asyncio.Event()
            loop = asyncio.get_running_loop()
            self._stop_own_loop = lambda: loop.call_soon_threadsafe(stopped.set)
            is_running.set_result(loop)
            await stopped.wait()

        name = f"{self._thread.name} loop"
        self._own_loop_thread = threading.Thread(target=lambda: asyncio.run(serve()), name=name, daemon=True)
        self._own_loop_thread.start()
        self._loop = is_running.result()
        return self._loop


class Microphone:
    """Records from an input device and hands the audio, signed 16-bit samples, to a callback.

    The callback is called by a thread of its own, one block after the other. A coroutine function runs on the event
    loop that was running when the microphone was started, else when it was made, else on one of its own. An exception
    in the callback is logged, once of each type, and the recording goes on.

    Args:
        push_callback: called with the bytes of each block, usually a connection's ``send``; its result is ignored.
        verbose: least urgent level that is logged, one of `verboselogs`.
        rate: samples a second.
        chunk: frames in a block; 0 lets the device choose.
        channels: samples in a frame.
        input_device_index: the sound library's number of the device; None for the system's default.
    """

    def __init__(
        self,
        push_callback: Callable[..., Any] | None = None,
        verbose: int = LOGGING,
        rate: int = RATE,
        chunk: int = CHUNK,
        channels: int = CHANNELS,
        input_device_index: int | None = None,
    ) -> None:
        self._logger = stderr_logger(__name__, verbose)
        self._push_callback = push_callback
        self._rate = rate
        self._chunk = chunk
        self._channels = channels
        self._input_device_index = input_device_index
        self._loop = running_loop()
        self._is_muted = False
        self._recording: _Recording | None = None
        self._lock = threading.Lock()

    def set_callback(self, push_callback: Callable[..., Any]) -> None:
        """Set what is called with the bytes of each block, from the next one on."""
        self._push_callback = push_callback

    def start(self) -> bool:
        """Open the device and record; harmless when it records already.

        Returns:
            Whether it records: False when there is no callback.

        Raises:
            DeepgramModuleError: the extra ``audio`` is not installed.
            DeepgramMicrophoneError: PortAudio or the device is missing, or does not take the rate or the channels.
        """
        if self._push_callback is None:
            self._logger.error("the microphone cannot start: it has no callback")
            return False
        with self._lock:
            if self._recording is None:
                bytes_per_s = self._rate * self._channels * SAMPLE_BYTES
                loop = running_loop() or self._loop
                recording = _Recording(self._deliver, lambda: self._is_muted, bytes_per_s, loop, self._logger)
                recording.start(
                    samplerate=self._rate,
                    blocksize=self._chunk,
                    channels=self._channels,
                    device=self._input_device_index,
                )
                self._recording = recording
                self._logger.notice("the microphone records")
        return True

    def finish(self) -> bool:
        """Stop, hand over what was recorded, and close the device, within a second; harmless when repeated.

        A callback that takes longer is left behind with its block, and what it did not take is lost. Called on the
        event loop that runs the callbacks, or by a callback, it does not wait for them.

        Returns:
            True.
        """
        with self._lock:
            recording, self._recording = self._recording, None
        if recording is not None:
            recording.finish()
            self._logger.notice("the microphone is closed")
        return True

    def is_active(self) -> bool:
        """Whether the device records; False also after it was unplugged."""
        with self._lock:
            return self._recording is not None and self._recording.is_active()

    def mute(self) -> bool:
        """Hand silence to the callback; False, and no effect, when the microphone was not started."""
        return self._set_muted(muted=True)

    def unmute(self) -> bool:
        """Hand over again what is recorded; False, and no effect, when the microphone was not started."""
        return self._set_muted(muted=False)

    def is_muted(self) -> bool:
        """Whether the callback gets silence; False when the microphone was not started."""
        return self._recording is not None and self._is_muted

    def _set_muted(self, *, muted: bool) -> bool:
        if self._recording is None:
            self._logger.error("the microphone cannot be %s: it was not started", "muted" if muted else "unmuted")
            return False
        self._is_muted = muted
        self._logger.verbose("the microphone is %s", "muted" if muted else "unmuted")
        return True

    def _deliver(self, thread: CallbackThread, block: bytes) -> None:
        thread.call(cast("Callable[..., Any]", self._push_callback), block)


class _Recording:
    """The time from a start to a finish: the device's own thread fills a bounded queue, a second one empties it."""

    def __init__(
        self,
        deliver: Callable[[CallbackThread, bytes], None],
        is_muted: Callable[[], bool],
        bytes_per_s: int,
        loop: asyncio.AbstractEventLoop | None,
        logger: VerboseLogger,
    ) -> None:
        self._deliver = deliver
        self._is_muted = is_muted
        self._bytes_per_s = bytes_per_s
        self._logger = logger
        self._thread = CallbackThread(self._drain, name="microphone", loop=loop)
        self._changed = threading.Condition()
        self._blocks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lost_bytes = 0
        self._trouble = ""
        self._deadline: float | None = None
        self._failures: set[type[BaseException]] = set()
        self._stream: SoundStream | None = None

    def start(self, **options: Any) -> None:
        self._stream = open_stream("RawInputStream", callback=self._feed, **options)
        self._thread.start()

    def is_active(self) -> bool:
        return self._stream is not None and self._stream.active

    def finish(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop()
            close_stream(stream)
        with self._changed:
            self._deadline = time.monotonic() + _END_S
            self._changed.notify()
        self._thread.end(grace_s=_END_S)

    def _feed(self, data: Any, _frames: int, _time: Any, status: Any) -> None:
        """Take a block on the device's thread, which must neither wait nor log."""
        block = bytes(len(data) if self._is_muted() else data)
        with self._changed:
            if status:
                self._trouble = str(status)
            self._blocks.append(block)
            self._waiting_bytes += len(block)
            while len(self._blocks) > 1 and self._waiting_bytes > _MAX_WAITING_S * self._bytes_per_s:
                self._lose(self._blocks.popleft())
            self._changed.notify()

    def _lose(self, block: bytes) -> None:
        self._waiting_bytes -= len(block)
        self._lost_bytes += len(block)

    def _drain(self) -> None:
        while (block := self._take()) is not None:
            self._report()
            try:
                self._deliver(self._thread, block)
            except CancelledError:
                self._lost_bytes += len(block)
            except Exception as error:
                if type(error) not in self._failures:
                    self._failures.add(type(error))
                    self._logger.exception("the microphone's callback failed; the recording goes on")
        self._report()

    def _take(self) -> bytes | None:
        """Wait for a block; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._blocks or self._deadline is not None)
            if self._deadline is not None and (self._thread.cancelled or time.monotonic() > self._deadline):
                while self._blocks:
                    self._lose(self._blocks.popleft())
            if not self._blocks:
                return None
            block = self._blocks.popleft()
            self._waiting_bytes -= len(block)
            return block

    def _report(self) -> None:
        with self._changed:
            lost_bytes, self._lost_bytes = self._lost_bytes, 0
            trouble, self._trouble = self._trouble, ""
        if lost_bytes:
            lost_s = lost_bytes / self._bytes_per_s
            self._logger.warning("the microphone's callback is too slow: %.2f s of audio were lost", lost_s)
        if trouble:
            self._logger.warning("the microphone reports: %s", trouble)
