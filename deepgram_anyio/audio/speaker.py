"""The speaker as an async sink of raw audio, with backpressure, and with barge-in."""

from __future__ import annotations

import math
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Any

import anyio.lowlevel

from ..errors import ConfigError
from ..transport.logs import project_logger
from .device_list import AudioDevice, Settings, check_format
from .device_stream import DeviceStream
from .samples import SAMPLE_BYTES, WholeFrames, swapped

if TYPE_CHECKING:
    from typing_extensions import Self

    from .resample import Converter

__all__ = ["Speaker"]

_PAUSE_S = 1.0
"""Silence that lasts longer was meant; shorter, the audio came too late."""

_logger = project_logger("audio")


class Speaker:
    """Plays raw audio on a sound device, in the order in which it comes.

    ```python
    async with Speaker(sample_rate=24000) as speaker:
        async for audio in conn.synthesize("Good morning."):
            await speaker.send(audio)
    ```

    The audio is 16-bit little-endian samples, channels interleaved. When none is there, the device plays silence. A
    device that does not have the rate or the channels is opened with its own, and the audio converted. Leaving the
    block normally waits until all was heard; leaving it by an exception, or cancelled, cuts it off.

    Args:
        device: None for the system's default, an index, or a part of the name, in any case.
        sample_rate: frames per second, 1000 to 384000.
        channels: samples in a frame, 1 to 64; 1 is played on all that the device has.
        max_waiting_s: seconds of audio that wait to be played before `send` waits, more than 0.

    Raises:
        ConfigError: a value outside these; from ``async with`` also when the extra ``audio`` is not installed.
        AudioError: from ``async with``: no PortAudio library, no such device, or it cannot be opened.

    Cancelled while it opens, no device stays open. Leaving the block closes it within two seconds after the last sound.
    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        sample_rate: int = 24000,
        channels: int = 1,
        max_waiting_s: float = 1.0,
    ) -> None:
        check_format(sample_rate, channels)
        if not (max_waiting_s > 0 and math.isfinite(max_waiting_s)):
            raise ConfigError(f"max_waiting_s must be a positive number, not {max_waiting_s!r}")
        self._asked = Settings(sample_rate, channels)
        self._max_waiting_s = max_waiting_s
        self._stream = DeviceStream(
            "output", device, self._asked, block_s=0.0, callback=self._play, on_news=self._finish_sentence
        )
        self._whole = WholeFrames(channels)
        self._converter: Converter | None = None
        self._byte_rate = 1
        self._waiters = 0
        self._holds_back = False
        self._is_idle = True
        self._gaps = self._reported = 0
        # Of these, the last three are written by PortAudio's thread alone, so that it never waits for a lock.
        self._queue = _Queue()
        self._passed_bytes = self._silent_bytes = self._underflows = 0

    @property
    def device(self) -> AudioDevice:
        """What was opened. Raises `AudioError` before that."""
        return self._stream.device

    @property
    def waiting_s(self) -> float:
        """Seconds of audio that were sent, and that the device has not taken yet."""
        return self._queue.waiting_bytes / self._byte_rate

    @property
    def underruns(self) -> int:
        """How often the listener heard a gap: because audio came late, by up to a second, or this program ran late."""
        return self._gaps + self._underflows

    async def __aenter__(self) -> Self:
        await self._stream.open(self._prepare)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if exc_type is None:
                await self.drain()
        finally:
            await self.aclose()

    async def send(self, pcm: bytes | bytearray | memoryview) -> None:
        """Play audio after all that was sent before; wait while more than `max_waiting_s` wait.

        Args:
            pcm: of any length; a frame may be split between two calls.

        Raises:
            AudioError: the speaker is not open, or the device has vanished.

        Cancelled while it waits, the audio is played all the same, unless `clear` is called.
        """
        self._stream.check()
        self._count_gap()
        queue = self._queue
        self._put(self._convert(self._whole.feed(pcm)))
        await anyio.lowlevel.checkpoint()
        while queue is self._queue and self.waiting_s > self._max_waiting_s:
            await self._wait()

    async def drain(self) -> None:
        """Wait until all that was sent was heard, or cleared.

        Raises:
            AudioError: the speaker is not open, or the device has vanished.

        Cancelled, it plays on.
        """
        self._stream.check()
        await anyio.lowlevel.checkpoint()
        self._flush()
        queue, target = self._queue, self._queue.put_bytes
        while queue is self._queue and queue.taken_bytes < target:
            await self._wait()
        # What the device took goes on for its latency, and its own clock is how much it has asked for since.
        heard = self._passed_bytes + self._stream.latency_s * self._byte_rate
        while queue is self._queue and not self._is_idle and self._passed_bytes < heard:
            await self._wait()
        if queue is self._queue and not queue.waiting_bytes:
            self._is_idle = True

    def clear(self) -> float:
        """Drop what waits to be played, at once: for a listener who begins to speak. For the event loop's thread.

        What the device has taken is still heard, usually less than 0.1 s.

        Returns:
            Seconds of audio that were dropped, those of a `send` that waits included; it returns.
        """
        queue, self._queue = self._queue, _Queue()
        self._whole.clear()
        dropped = queue.waiting_bytes
        if self._converter is not None:
            dropped += len(self._converter.flush())
        self._holds_back = False
        self._is_idle = True
        self._stream.tell()
        return dropped / self._byte_rate

    async def aclose(self) -> None:
        """Cut off what is played, and close the device; harmless when repeated. Cancellation does not stop it."""
        await self._stream.aclose()
        self._report()

    def _prepare(self, settings: Settings) -> None:
        self._byte_rate = settings.sample_rate * settings.channels * SAMPLE_BYTES
        if settings != self._asked:
            from .resample import Converter

            self._converter = Converter(self._asked, settings)

    def _play(self, data: Any, status: Any) -> bool:
        """Fill a block, on PortAudio's thread."""
        if status and status.output_underflow and not self._is_idle:
            self._underflows += 1
        block = memoryview(data)
        filled = self._queue.take(block)
        silent = len(block) - filled
        block[filled:] = bytes(silent)
        self._silent_bytes = silent if filled else self._silent_bytes + silent
        self._passed_bytes += len(block)
        if self._waiters or (silent and self._holds_back):
            self._stream.tell()
        return True

    def _convert(self, pcm: bytes) -> bytes:
        if self._converter is None:
            return pcm
        self._holds_back = True
        return self._converter.feed(pcm)

    def _put(self, audio: bytes) -> None:
        if audio:
            self._is_idle = False
            self._queue.put(swapped(audio))

    def _flush(self) -> None:
        if self._converter is not None and self._holds_back:
            self._holds_back = False
            self._put(self._converter.flush())

    def _finish_sentence(self) -> None:
        """The device has played all: so nothing may be held back that belongs to it."""
        if not self._queue.waiting_bytes:
            self._flush()

    def _count_gap(self) -> None:
        silent_s = self._silent_bytes / self._byte_rate
        if not self._is_idle and not self._queue.waiting_bytes and 0 < silent_s <= _PAUSE_S:
            self._gaps += 1
        if self.underruns and not self._reported:
            self._report()

    def _report(self) -> None:
        if self.underruns > self._reported:
            _logger.warning("the speaker ran out of audio: gaps were heard %d times so far", self.underruns)
            self._reported = self.underruns

    async def _wait(self) -> None:
        self._waiters += 1
        try:
            await self._stream.wait()
        finally:
            self._waiters -= 1
        self._stream.check()


class _Queue:
    """Audio on its way from the event loop, which puts, to PortAudio's thread, which takes; no lock between them."""

    def __init__(self) -> None:
        self.put_bytes = self.taken_bytes = 0
        self._pieces: deque[bytes] = deque()
        self._piece = memoryview(b"")

    @property
    def waiting_bytes(self) -> int:
        return self.put_bytes - self.taken_bytes

    def put(self, audio: bytes) -> None:
        self.put_bytes += len(audio)
        self._pieces.append(audio)

    def take(self, block: memoryview) -> int:
        """Fill the beginning of a block, as far as there is something; return how many bytes."""
        filled = 0
        while filled < len(block):
            if not self._piece:
                if not self._pieces:
                    break
                self._piece = memoryview(self._pieces.popleft())
            size = min(len(self._piece), len(block) - filled)
            block[filled : filled + size] = self._piece[:size]
            self._piece = self._piece[size:]
            filled += size
        self.taken_bytes += filled
        return filled
