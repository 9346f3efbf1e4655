"""The speaker of v4: plays audio in the order in which it comes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any

from ...audio.host import SoundStream, close_stream
from .audio_constants import CHANNELS, CHUNK, LOGGING, PLAYBACK_DELTA, RATE, TIMEOUT
from .errors import DeepgramSpeakerError
from .microphone import SAMPLE_BYTES, CallbackThread, Microphone, open_stream, running_loop
from .verboselogs import VerboseLogger, stderr_logger

__all__ = ["Speaker"]

_MAX_QUEUED_BYTES = 64 * 1024 * 1024
"""Audio that waits to be played, before whoever brings more has to wait too."""

_SLICE_S = 0.1
"""Audio handed to the device at once; a finish waits for no more than that."""

_END_S = 0.6
"""What a finish waits for the device to take the last slice."""


class Speaker:
    """Plays signed 16-bit samples on an output device.

    The audio comes from `add_audio_to_queue`, or from `pull_callback`, which a thread of its own calls again and again
    while the speaker plays: bytes are played, and bytes and text alike are handed to `push_callback`; None means that
    there is nothing yet. A StopIteration, StopAsyncIteration or EOFError ends it; any other exception in a callback is
    logged, once of each type, and the speaker goes on. Coroutine functions run on the event loop given to `start`, else
    on the one that was running then, else when the speaker was made, else on one of its own.

    Args:
        pull_callback: returns the next message: bytes, text or None; usually a connection's ``recv``.
        push_callback: called with each message that was pulled.
        verbose: least urgent level that is logged, one of `verboselogs`.
        rate: samples a second.
        chunk: frames in a block of the device.
        channels: samples in a frame.
        last_play_delta_in_ms: silence after which everything counts as said, in milliseconds.
        output_device_index: the sound library's number of the device; None for the system's default.
        microphone: muted while the speaker plays, and until `last_play_delta_in_ms` later, so as not to hear it. One
            that was muted by someone else stays so.
    """

    def __init__(
        self,
        pull_callback: Callable[..., Any] | None = None,
        push_callback: Callable[..., Any] | None = None,
        verbose: int = LOGGING,
        rate: int = RATE,
        chunk: int = CHUNK,
        channels: int = CHANNELS,
        last_play_delta_in_ms: int = PLAYBACK_DELTA,
        output_device_index: int | None = None,
        microphone: Microphone | None = None,
    ) -> None:
        self._logger = stderr_logger(__name__, verbose)
        self._pull_callback = pull_callback
        self._push_callback = push_callback
        self._rate = rate
        self._chunk = chunk
        self._channels = channels
        self._delta_s = last_play_delta_in_ms / 1000
        self._output_device_index = output_device_index
        self._microphone = microphone
        self._loop = running_loop()
        self._queue = _Queue()
        self._lock = threading.Lock()
        self._playback: _Playback | None = None
        self._receiver: _Receiver | None = None

    def set_pull_callback(self, pull_callback: Callable[..., Any]) -> None:
        """Set what returns the next message, from the next `start` on."""
        self._pull_callback = pull_callback

    def set_push_callback(self, push_callback: Callable[..., Any]) -> None:
        """Set what is called with each message that was pulled, from the next `start` on."""
        self._push_callback = push_callback

    def start(self, active_loop: asyncio.AbstractEventLoop | None = None) -> bool:
        """Open the device and play, first what is queued already; harmless when it plays already.

        Args:
            active_loop: runs the callbacks that are coroutine functions.

        Returns:
            True.

        Raises:
            DeepgramModuleError: the extra ``audio`` is not installed.
            DeepgramSpeakerError: PortAudio or the device is missing, or does not take the rate or the channels.
        """
        loop = active_loop or running_loop() or self._loop
        with self._lock:
            if self._queue.is_open and not self._queue.is_closed:
                return True
            stream = open_stream(
                "RawOutputStream",
                samplerate=self._rate,
                blocksize=self._chunk,
                channels=self._channels,
                device=self._output_device_index,
            )
            if self._queue.is_closed:
                self._queue = _Queue()
            self._queue.is_open = True
            muting = _Muting(self._microphone, self._delta_s)
            self._playback = _Playback(stream, self._queue, muting, self._logger, self._rate, self._channels)
            earlier, self._receiver = self._receiver, None
            if self._pull_callback is not None:
                pull, push = self._pull_callback, self._push_callback
                self._receiver = _Receiver(pull, push, self.add_audio_to_queue, loop, self._logger)
        if earlier is not None:
            earlier.finish()
        self._logger.notice("the speaker plays")
        return True

    def add_audio_to_queue(self, data: bytes) -> None:
        """Queue audio to be played; waits while more than 64 MiB are queued. Any thread may call it.

        What is queued before the first start is played after it; what is queued at a finish, or comes between a finish
        and the next start, is dropped.

        Args:
            data: raw samples, of any length; a frame may be split between two calls.

        Raises:
            DeepgramSpeakerError: the queue is full, and the speaker does not play.
        """
        if not self._queue.put(bytes(data)):
            raise DeepgramSpeakerError("the speaker's queue is full, and nobody plays it: call start() first")

    def wait_for_complete(self) -> None:
        """Wait until everything queued was played and, for `last_play_delta_in_ms`, nothing new came.

        It returns at once when the speaker is finished, also meanwhile; and when the speaker does not play, nothing
        queued is waited for.
        """
        self._queue.wait_until_quiet(self._delta_s)

    def wait_for_complete_with_mute(self, mic: Microphone) -> None:
        """Do as `wait_for_complete`, with a microphone muted meanwhile; one that was muted before stays so."""
        is_mine = not mic.is_muted() and mic.mute()
        try:
            self.wait_for_complete()
        finally:
            if is_mine:
                mic.unmute()

    def finish(self) -> bool:
        """Stop playing, drop what is queued, and close the device, within a second; harmless when repeated.

        A callback that takes longer is left behind. Called on the event loop that runs the callbacks, or by a callback,
        it does not wait for them.

        Returns:
            True.
        """
        with self._lock:
            self._queue.close()
            playback, self._playback = self._playback, None
            receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.finish()
        if playback is not None:
            playback.join()
            self._logger.notice("the speaker is closed")
        return True


class _Queue:
    """Audio on its way to the device: bounded, and aware of when the last of it was heard.

    Attributes:
        is_open: whether a device plays it.
        is_closed: for good; it takes audio no more, and drops it.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.is_closed = False
        self._changed = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._queued_bytes = 0
        self._is_playing = False
        self._last_sound = time.monotonic()

    def close(self) -> None:
        """Drop everything, and let go of everyone who waits."""
        with self._changed:
            self.is_closed = True
            self._chunks.clear()
            self._queued_bytes = 0
            self._changed.notify_all()

    def desert(self) -> None:
        """Have no device play it any more; what is queued stays."""
        with self._changed:
            self.is_open = self._is_playing = False
            self._changed.notify_all()

    def put(self, chunk: bytes) -> bool:
        """Add audio, once there is room; False when there is none, and no device to make any."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(chunk) or self.is_closed or not self.is_open)
            if self.is_closed or not chunk:
                return True
            if not self._has_room(chunk):
                return False
            self._chunks.append(chunk)
            self._queued_bytes += len(chunk)
            self._last_sound = time.monotonic()
            self._changed.notify_all()
            return True

    def take(self, timeout_s: float | None) -> bytes | None:
        """Wait for audio, which then counts as playing until `played`; None when time was up, or it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._chunks or self.is_closed, timeout_s)
            if not self._chunks:
                return None
            chunk = self._chunks.popleft()
            self._queued_bytes -= len(chunk)
            self._is_playing = True
            self._changed.notify_all()
            return chunk

    def played(self, latency_s: float) -> None:
        """Note that what was taken went to the device, where it is heard a little later."""
        with self._changed:
            self._is_playing = False
            self._last_sound = time.monotonic() + latency_s
            self._changed.notify_all()

    def wait_until_quiet(self, delta_s: float) -> None:
        """Wait until nothing is queued or playing, and nothing came or was heard for so long."""
        with self._changed:
            quiet_since = time.monotonic()
            while not self.is_closed:
                quiet_since = max(quiet_since, self._last_sound)
                left_s = None
                if not (self.is_open and (self._chunks or self._is_playing)):
                    left_s = quiet_since + delta_s - time.monotonic()
                    if left_s <= 0:
                        return
                self._changed.wait(left_s)

    def _has_room(self, chunk: bytes) -> bool:
        return not self._chunks or self._queued_bytes + len(chunk) <= _MAX_QUEUED_BYTES


class _Muting:
    """Keeps a microphone from hearing the speaker; one that is muted already is left alone."""

    def __init__(self, microphone: Microphone | None, delta_s: float) -> None:
        self._microphone = microphone
        self._delta_s = delta_s
        self._is_mine = False
        self._until = 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds to the end of the muting, unless more is heard; None when there is none."""
        return max(0.0, self._until - time.monotonic()) if self._is_mine else None

    def begin(self) -> None:
        if self._microphone is not None and self._microphone.is_active() and not self._microphone.is_muted():
            self._is_mine = self._microphone.mute()

    def heard(self, latency_s: float) -> None:
        self._until = time.monotonic() + latency_s + self._delta_s

    def end(self) -> None:
        if self._microphone is not None and self._is_mine:
            self._is_mine = False
            if self._microphone.is_muted():
                self._microphone.unmute()


class _Playback:
    """The thread that hands the queue to the device; it alone touches the device, until it closes it."""

    def __init__(
        self, stream: SoundStream, queue: _Queue, muting: _Muting, logger: VerboseLogger, rate: int, channels: int
    ) -> None:
        self._stream = stream
        self._queue = queue
        self._muting = muting
        self._logger = logger
        self._frame_bytes = channels * SAMPLE_BYTES
        self._slice_bytes = max(1, int(rate * _SLICE_S)) * self._frame_bytes
        self._rest = b""
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(_END_S)

    def _run(self) -> None:
        try:
            while not self._queue.is_closed:
                chunk = self._queue.take(self._muting.left_s)
                if chunk is None:
                    self._muting.end()
                else:
                    self._play(chunk)
        except Exception:
            self._logger.exception("the speaker's device failed; start() opens it again")
        finally:
            self._muting.end()
            close_stream(self._stream)
            self._queue.desert()

    def _play(self, chunk: bytes) -> None:
        self._muting.begin()
        for piece in self._slices(chunk):
            if self._queue.is_closed:
                return
            self._stream.write(piece)
        self._muting.heard(self._stream.latency)
        self._queue.played(self._stream.latency)

    def _slices(self, chunk: bytes) -> Iterator[memoryview]:
        """Cut audio into what a finish can wait for; a frame that it breaks off is kept for the next chunk."""
        data = self._rest + chunk
        whole_bytes = len(data) - len(data) % self._frame_bytes
        self._rest = data[whole_bytes:]
        view = memoryview(data)[:whole_bytes]
        for start in range(0, whole_bytes, self._slice_bytes):
            yield view[start : start + self._slice_bytes]


class _Receiver:
    """The thread that pulls messages, passes them on, and queues the audio among them."""

    def __init__(
        self,
        pull: Callable[..., Any],
        push: Callable[..., Any] | None,
        play: Callable[[bytes], None],
        loop: asyncio.AbstractEventLoop | None,
        logger: VerboseLogger,
    ) -> None:
        self._pull = pull
        self._push = push
        self._play = play
        self._logger = logger
        self._stopped = threading.Event()
        self._failures: set[type[BaseException]] = set()
        self._thread = CallbackThread(self._run, name="speaker receiver", loop=loop)
        self._thread.start()

    def finish(self) -> None:
        self._stopped.set()
        self._thread.end(grace_s=0)

    def _run(self) -> None:
        while not self._stopped.is_set() and self._receive():
            pass

    def _receive(self) -> bool:
        """Pull one message and pass it on; False when there will be no more."""
        try:
            message = self._thread.call(self._pull)
        except (StopIteration, StopAsyncIteration, EOFError, CancelledError):
            return False
        except Exception as error:  # noqa: BLE001 - logged
            self._log_once(error)
            message = None
        if self._stopped.is_set():
            return False
        if message is None:
            self._stopped.wait(TIMEOUT)
        else:
            self._pass_on(message)
        return True

    def _pass_on(self, message: Any) -> None:
        try:
            try:
                if self._push is not None:
                    self._thread.call(self._push, message)
            finally:
                if isinstance(message, bytes):
                    self._play(message)
        except Exception as error:  # noqa: BLE001 - logged; a finish, which cancels, is no failure
            if not self._stopped.is_set():
                self._log_once(error)

    def _log_once(self, error: Exception) -> None:
        if type(error) not in self._failures:
            self._failures.add(type(error))
            self._logger.error("the speaker's callback failed; the speaker goes on", exc_info=error)
