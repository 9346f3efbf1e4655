"""One open sound stream: its callbacks' thread on one side, the tasks of an event loop on the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import anyio
import anyio.to_thread

from ..transport.clock import running_trio
from ..transport.logs import log_failure, project_logger
from .device_list import DEVICE_NAMES, AudioDevice, Settings, choose_settings, find_device, refused
from .host import AudioError, Kind, SoundStream, close_stream, load_host, start_stream

__all__ = ["BlockCallback", "DeviceStream"]

BlockCallback: TypeAlias = Callable[[Any, Any], bool]
"""Takes PortAudio's memory, to read or to fill, and the status; returns whether to go on. It must not wait."""

_STALL_S = 5.0
"""A device that calls back for nothing this long is gone: not every system tells that it was pulled out."""

_CLOSE_S = 2.0
_logger = project_logger("audio")


class DeviceStream:
    """A device, once it is open, and the event that tells tasks about what its callbacks did.

    Args:
        kind: what it does.
        wanted: which device, see `find_device`.
        asked: the format that was asked for; `settings` is the one that it has.
        block_s: the length of a block; 0 lets the device choose.
        callback: called for each block, by PortAudio's thread.
        on_news: called by the event loop after something was told.

    Attributes:
        latency_s: how long sound stays in the device, as it says.
    """

    latency_s: float = 0.0

    def __init__(
        self,
        kind: Kind,
        wanted: int | str | None,
        asked: Settings,
        *,
        block_s: float,
        callback: BlockCallback,
        on_news: Callable[[], None] | None = None,
    ) -> None:
        self._kind: Kind = kind
        self._wanted = wanted
        self._asked = asked
        self._block_s = block_s
        self._callback = callback
        self._on_news = on_news
        self._device: AudioDevice | None = None
        self._stream: SoundStream | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._is_ending = False
        self._failure = ""
        self._blocks = 0
        self._is_told = False
        self._call_soon: Callable[[Callable[[], None]], object] | None = None

    async def open(self, prepare: Callable[[Settings], None]) -> None:
        """Find the device, open it and start it, in a worker thread. Cancelled, it is closed as soon as it is open.

        Args:
            prepare: called in that thread before the first callback.

        Raises:
            ConfigError: the extra ``audio`` is not installed.
            AudioError: no PortAudio library or no such device, or it cannot be opened; or this one was opened before.
        """
        if self._call_soon is not None:
            raise AudioError(f"a {DEVICE_NAMES[self._kind]} is opened once: make another one")
        self._call_soon = _caller_of_the_loop()
        self._news = anyio.Event()
        try:
            limiter = anyio.CapacityLimiter(1)
            await anyio.to_thread.run_sync(self._open, prepare, abandon_on_cancel=True, limiter=limiter)
        except BaseException:
            await self.aclose()
            raise

    @property
    def device(self) -> AudioDevice:
        """What was opened. Raises `AudioError` before that."""
        return self._opened()

    @property
    def has_failed(self) -> bool:
        """Whether the device has vanished."""
        return bool(self._failure)

    async def wait(self) -> None:
        """Wait until something was told; the caller looks what it is, and waits again.

        A device that does not call back for five seconds counts as vanished.

        Raises:
            AudioError: nothing was opened.
        """
        self._opened()
        if self._news.is_set():
            self._news = anyio.Event()
        blocks = self._blocks
        with anyio.move_on_after(_STALL_S) as scope:
            await self._news.wait()
        if scope.cancelled_caught and blocks == self._blocks and not self._is_ending:
            self._failure = f"has not answered for {_STALL_S:g} s"

    def check(self) -> None:
        """Raise `AudioError` when the device is not open, or has vanished."""
        name = f"the {DEVICE_NAMES[self._kind]} {self._opened().name!r}"
        if self._failure:
            raise AudioError(f"{name} {self._failure}: plug it in again, or choose another one, and open it anew")
        if self._is_closed:
            raise AudioError(f"{name} is closed: open it anew")

    def tell(self) -> None:
        """Wake who waits. Any thread may call it."""
        if self._is_told or self._call_soon is None:
            return
        self._is_told = True
        with suppress(RuntimeError):  # the event loop has ended, and with it who waited
            self._call_soon(self._wake)

    def end(self) -> None:
        """Announce that the stream will end, so that its end is no failure. Any thread may call it."""
        self._is_ending = True
        self.tell()

    async def aclose(self) -> None:
        """Close the device, at once and whatever is cancelled; harmless when repeated.

        One that cannot be closed within two seconds is left to its thread, and the log says so.
        """
        self._is_ending = True
        with self._lock:
            self._is_closed = True
            if self._stream is None:
                return
        self._wake()
        try:
            with anyio.move_on_after(_CLOSE_S, shield=True) as scope:
                limiter = anyio.CapacityLimiter(1)  # another's jobs must not keep this one waiting
                await anyio.to_thread.run_sync(self._close, abandon_on_cancel=True, limiter=limiter)
        finally:
            self._close()  # if a cancellation that no shield holds off, asyncio's own, was before the thread
        if scope.cancelled_caught:
            _logger.warning("a %s does not close; it is left to itself", DEVICE_NAMES[self._kind])

    def _opened(self) -> AudioDevice:
        if self._device is None:
            raise AudioError(f"the {DEVICE_NAMES[self._kind]} is not open: use `async with`")
        return self._device

    def _open(self, prepare: Callable[[Settings], None]) -> None:
        host = load_host()
        device = find_device(self._kind, self._wanted)
        settings = choose_settings(self._kind, device, *self._asked)
        prepare(settings)
        make = host.RawInputStream if self._kind == "input" else host.RawOutputStream
        stop = host.CallbackStop

        def callback(data: Any, _frames: int, _time: Any, status: Any) -> None:
            self._blocks += 1
            if not self._callback(data, status):
                raise stop

        try:
            stream = start_stream(
                make,
                samplerate=settings.sample_rate,
                blocksize=round(settings.sample_rate * self._block_s),
                device=device.index,
                channels=settings.channels,
                callback=callback,
                finished_callback=self._finished,
            )
        except (host.PortAudioError, ValueError) as cause:
            raise refused(self._kind, device, cause) from cause
        self._device, self.latency_s = device, stream.latency
        with self._lock:
            self._stream = stream
            is_closed = self._is_closed
        if is_closed:
            self._close()

    def _close(self) -> None:
        with self._lock:
            stream, self._stream = self._stream, None
        try:
            if stream is not None:
                close_stream(stream)
        except Exception as error:  # noqa: BLE001 - whatever a driver makes of it, there is nothing more to do
            log_failure(_logger, logging.WARNING, f"closing a {DEVICE_NAMES[self._kind]} failed", error)

    def _finished(self) -> None:
        """PortAudio ends the stream; when nobody asked it to, the device is gone."""
        if not self._is_ending:
            self._failure = "has stopped by itself"
        self.tell()

    def _wake(self) -> None:
        self._is_told = False
        if self._on_news is not None:
            self._on_news()
        self._news.set()


def _caller_of_the_loop() -> Callable[[Callable[[], None]], object]:
    """Return what has the running event loop call a function soon, from any thread, without waiting for it.

    anyio's own way from a thread waits for the result, which an audio callback must not do.
    """
    trio = running_trio()
    if trio is not None:
        token = trio.lowlevel.current_trio_token()
        call_soon: Callable[[Callable[[], None]], object] = token.run_sync_soon
        return call_soon
    import asyncio

    return asyncio.get_running_loop().call_soon_threadsafe
