"""The microphone as an async iterable of raw audio, for whatever takes a source."""

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
from .samples import SAMPLE_BYTES, loudness, swapped

if TYPE_CHECKING:
    from typing_extensions import Self

    from .resample import Converter

__all__ = ["Microphone"]

_REPORT_S = 1.0
_logger = project_logger("audio")


class Microphone:
    """Records from a sound device; an async iterable of raw audio, which ends when `stop` is called.

    ```python
    async with Microphone() as mic, dg.listen.v1.stream(mic, **mic.format) as conn:
        async for event in conn:
            ...
    ```

    The audio is 16-bit little-endian samples, channels interleaved, from the moment on in which the block is entered.
    What nobody takes in time is lost, the oldest first: `lost_s` and the log tell how much. A device that does not have
    the rate or the channels is opened with its own, and its sound converted.

    Args:
        device: None for the system's default, an index, or a part of the name, in any case.
        sample_rate: frames per second, 1000 to 384000.
        channels: samples in a frame, 1 to 64; 1 mixes all that the device has.
        block_s: audio in a block, in seconds, 0.001 to 1; converted ones vary a little.
        max_waiting_s: how much audio waits to be taken, in seconds, at least `block_s`.

    Raises:
        ConfigError: a value outside these; from ``async with`` also when the extra ``audio`` is not installed.
        AudioError: from ``async with``: no PortAudio library, no such device, or it cannot be opened. From the
            iteration: the device has vanished; all that it recorded was given before.

    Cancelled while it opens, no device stays open. Cancelled while one waits for audio, none is lost. Leaving the block
    closes the device in any case, within two seconds.
    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        sample_rate: int = 16000,
        channels: int = 1,
        block_s: float = 0.02,
        max_waiting_s: float = 10.0,
    ) -> None:
        check_format(sample_rate, channels)
        if not 0.001 <= block_s <= 1:
            raise ConfigError(f"block_s must be 0.001 to 1, not {block_s!r}")
        if not (block_s <= max_waiting_s and math.isfinite(max_waiting_s)):
            raise ConfigError(f"max_waiting_s must be finite and at least block_s, not {max_waiting_s!r}")
        self._asked = Settings(sample_rate, channels)
        self._max_waiting_s = max_waiting_s
        self._stream = DeviceStream("input", device, self._asked, block_s=block_s, callback=self._record)
        self._converter: Converter | None = None
        self._is_stopped = False
        # Each of these is written by one side alone, so that PortAudio's thread never waits for a lock.
        self._blocks: deque[bytes] = deque()
        self._received_bytes = self._lost_bytes = self._overflows = 0
        self._latest = b""
        self._taken_bytes = 0
        self._byte_rate = self._max_waiting_bytes = 1
        self._reported = (0.0, 0)

    @property
    def format(self) -> dict[str, Any]:
        """What a listening service has to know: ``encoding``, ``sample_rate`` and ``channels``."""
        return {"encoding": "linear16", "sample_rate": self._asked.sample_rate, "channels": self._asked.channels}

    @property
    def device(self) -> AudioDevice:
        """What was opened. Raises `AudioError` before that."""
        return self._stream.device

    @property
    def level(self) -> float:
        """How loud the last block was: its root mean square, 0 for silence, 1 for the loudest there is."""
        return loudness(self._latest)

    @property
    def lost_s(self) -> float:
        """Seconds of audio that were dropped because nobody took them in time."""
        return self._lost_bytes / self._byte_rate

    @property
    def overflows(self) -> int:
        """How often the system dropped audio because this program did not run in time; it does not say how much."""
        return self._overflows

    async def __aenter__(self) -> Self:
        await self._stream.open(self._prepare)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        stream = self._stream
        while True:
            await anyio.lowlevel.checkpoint()
            self._report(_REPORT_S)
            is_over = self._is_stopped or stream.has_failed  # asked first: no block comes after that
            if block := self._take():
                audio = self._convert(block)
            elif not is_over:
                await stream.wait()
                continue
            elif not (audio := self._flush()):
                if stream.has_failed:
                    stream.check()
                raise StopAsyncIteration
            if audio:
                return audio

    def stop(self) -> None:
        """End the recording; the iteration gives what was recorded until now, and ends. Any thread may call it."""
        self._is_stopped = True
        self._stream.end()

    async def aclose(self) -> None:
        """Stop, and close the device, within two seconds; harmless when repeated. Cancellation does not stop it."""
        self.stop()
        await self._stream.aclose()
        self._report(0.0)

    def _prepare(self, settings: Settings) -> None:
        self._byte_rate = settings.sample_rate * settings.channels * SAMPLE_BYTES
        self._max_waiting_bytes = int(self._max_waiting_s * self._byte_rate)
        if settings != self._asked:
            from .resample import Converter

            self._converter = Converter(settings, self._asked)

    def _record(self, data: Any, status: Any) -> bool:
        """Take a block, on PortAudio's thread."""
        if status and status.input_overflow:
            self._overflows += 1
        if self._is_stopped:
            return False
        self._latest = block = bytes(data)
        self._received_bytes += len(block)
        self._blocks.append(block)
        while len(self._blocks) > 1 and self._waiting_bytes() > self._max_waiting_bytes:
            self._lost_bytes += len(self._pop())
        self._stream.tell()
        return True

    def _waiting_bytes(self) -> int:
        return self._received_bytes - self._taken_bytes - self._lost_bytes

    def _take(self) -> bytes:
        block = self._pop()
        self._taken_bytes += len(block)
        return block

    def _pop(self) -> bytes:
        try:
            return self._blocks.popleft()
        except IndexError:  # the other side was faster
            return b""

    def _convert(self, block: bytes) -> bytes:
        audio = swapped(block)
        return audio if self._converter is None else self._converter.feed(audio)

    def _flush(self) -> bytes:
        return b"" if self._converter is None else self._converter.flush()

    def _report(self, step_s: float) -> None:
        """Log what was lost since the last report, if it is the first loss or more than a step."""
        lost_s, overflows = self._reported
        if self.lost_s > lost_s + (step_s if lost_s else 0.0):
            new_s = self.lost_s - lost_s
            _logger.warning(
                "%.2f s of audio from the microphone were lost: nobody took them within %g s",
                new_s,
                self._max_waiting_s,
            )
            lost_s = self.lost_s
        if self._overflows > overflows and (not overflows or not step_s):
            overflows = self._overflows
            _logger.warning(
                "the system dropped audio from the microphone %d times so far: this program runs late",
                overflows,
            )
        self._reported = (lost_s, overflows)
