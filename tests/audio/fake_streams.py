"""The streams and devices of a sound library that the tests play, see `fake_host`."""

from __future__ import annotations

import contextlib
import threading
import time
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

__all__ = [
    "CallbackAbort",
    "CallbackFlags",
    "CallbackStop",
    "DeviceList",
    "FakeDevice",
    "FakeStream",
    "Kind",
    "PortAudioError",
]

Kind: TypeAlias = Literal["input", "output"]
_SAMPLE_BYTES = 2
_BLOCK_S = 0.01
_FLAGS = {"input_underflow": 1, "input_overflow": 2, "output_underflow": 4, "output_overflow": 8, "priming_output": 16}


class PortAudioError(Exception):
    """As sounddevice's: the message, and PortAudio's error code."""

    def __str__(self) -> str:
        message = str(self.args[0]) if self.args else ""
        return f"{message} [PaErrorCode {self.args[1]}]" if len(self.args) > 1 else message


class CallbackStop(Exception):  # noqa: N818 - its name there
    """Raised by a callback: the stream ends when what waits was played."""


class CallbackAbort(Exception):  # noqa: N818 - its name there
    """Raised by a callback: the stream ends at once."""


class CallbackFlags:
    """What PortAudio says to a callback about under- and overflows."""

    def __init__(self, flags: int = 0) -> None:
        self._flags = flags

    def __bool__(self) -> bool:
        return bool(self._flags)

    def __str__(self) -> str:
        return ", ".join(name.replace("_", " ") for name, bit in _FLAGS.items() if self._flags & bit)

    def __getattr__(self, name: str) -> bool:
        if name not in _FLAGS:
            raise AttributeError(name)
        return bool(self._flags & _FLAGS[name])


class DeviceList(tuple):  # type: ignore[type-arg]
    """What `query_devices()` gives."""

    __slots__ = ()


@dataclass
class FakeDevice:
    """A device.

    Attributes:
        name: as it is listed.
        inputs, outputs: how many channels it has of each.
        rate: its default rate, in Hz.
        rates: those that it takes; empty for all.
        channels: the numbers of channels that it takes; empty for all up to its own.
        refusal: why it cannot be opened.
        host_api: the index of its host API.
        latency_s: how long sound stays in it.
        file: a WAV file with 16-bit samples that an input records, and silence without one; for what an output plays,
            from its first sound to its last.
        ending: what an input does when that file has ended: it goes on in ``silence``, or it ``vanish``es.
        speed: how much faster than real time it runs by itself; None when the test plays it.
    """

    name: str
    inputs: int = 0
    outputs: int = 0
    rate: float = 48000.0
    rates: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    refusal: str = ""
    host_api: int = 0
    latency_s: float = 0.02
    file: str | Path | None = None
    ending: str = "silence"
    speed: float | None = None

    def count(self, kind: Kind) -> int:
        return self.inputs if kind == "input" else self.outputs

    def check(self, kind: Kind, channels: int, rate: float, *, opening: bool = False) -> None:
        prefix = f"Error opening Raw{kind.title()}Stream: " if opening else ""
        if not 1 <= channels <= self.count(kind) or (self.channels and channels not in self.channels):
            raise PortAudioError(f"{prefix}Invalid number of channels", -9998)
        if self.rates and rate not in self.rates:
            raise PortAudioError(f"{prefix}Invalid sample rate", -9997)
        if self.refusal:
            raise PortAudioError(f"{prefix}{self.refusal}", -9985)


class FakeStream:
    """A stream; its frames and status come from the test, or from a thread of its own.

    Attributes:
        played: what an output has played, all of it.
    """

    def __init__(
        self,
        kind: Kind,
        device: FakeDevice,
        index: int,
        channels: int,
        samplerate: float,
        blocksize: int,
        callback: Callable[..., None] | None,
        finished: Callable[[], None] | None,
    ) -> None:
        self.kind, self.device, self.channels, self.samplerate = kind, index, channels, samplerate
        self.blocksize = blocksize
        self.latency = device.latency_s
        self.active = False
        self.is_closed = threading.Event()
        self.dtype, self.samplesize = "int16", _SAMPLE_BYTES
        self.played = bytearray()
        self._set_up, self._callback, self._finished = device, callback, finished
        self._stopped = threading.Event()
        self._once = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"fake {kind}", daemon=True)

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    @property
    def closed(self) -> bool:
        return self.is_closed.is_set()

    def start(self) -> None:
        self.active = True
        if self._set_up.speed is not None:
            self._thread.start()

    def stop(self, ignore_errors: bool = True) -> None:
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self.vanish()

    abort = stop

    def close(self, ignore_errors: bool = True) -> None:
        if self.closed:
            raise PortAudioError("Error closing stream: Invalid stream pointer", -9988)
        self.stop()
        self.is_closed.set()
        if self.kind == "output" and self._set_up.file:
            self._save(self._set_up.file)

    def vanish(self) -> None:
        """Become inactive, as when the device is pulled out: the callbacks end, and PortAudio says so, once."""
        with self._once:
            was_active, self.active = self.active, False
        if was_active and self._finished:
            self._finished()

    def record(self, *blocks: bytes, **flags: bool) -> None:
        """Give blocks to the callback of an input, with flags such as ``input_overflow=True``."""
        for block in blocks:
            assert len(block) % self._frame_bytes == 0
            self._call(memoryview(block), flags)

    def play(self, frames: int, **flags: bool) -> bytes:
        """Have the callback of an output fill a block; return it, and keep it in `played`."""
        block = bytearray(b"\x55" * (frames * self._frame_bytes))  # PortAudio's memory is not empty, either
        self._call(memoryview(block), flags)
        self.played += block
        return bytes(block)

    @property
    def _frame_bytes(self) -> int:
        return self.channels * _SAMPLE_BYTES

    def _call(self, block: memoryview, flags: Mapping[str, bool]) -> None:
        assert self.active, "PortAudio calls no callback of a stream that is not active"
        assert self._callback is not None
        status = CallbackFlags(sum(_FLAGS[name] for name, is_set in flags.items() if is_set))
        try:
            self._callback(block, len(block) // self._frame_bytes, None, status)
        except (CallbackStop, CallbackAbort):
            self.vanish()

    def _run(self) -> None:
        frames = self.blocksize or round(self.samplerate * _BLOCK_S)
        with contextlib.ExitStack() as stack:
            wav: Any = None
            if self.kind == "input" and self._set_up.file:
                wav = stack.enter_context(wave.open(str(self._set_up.file), "rb"))
            began, done = time.monotonic(), 0
            while self.active:
                done += frames
                due = began + done / self.samplerate / (self._set_up.speed or 1.0)
                if self._stopped.wait(max(0.0, due - time.monotonic())):
                    break
                if self.kind == "output":
                    self.play(frames)
                elif (block := wav.readframes(frames) if wav else b"") or self._set_up.ending == "silence":
                    self.record(block.ljust(frames * self._frame_bytes, b"\0"))
                else:
                    self.vanish()

    def _save(self, path: str | Path) -> None:
        frame = self._frame_bytes
        start = (len(self.played) - len(self.played.lstrip(b"\0"))) // frame * frame
        end = -(-len(self.played.rstrip(b"\0")) // frame) * frame
        with wave.open(str(path), "wb") as wav:
            wav.setparams((self.channels, _SAMPLE_BYTES, round(self.samplerate), 0, "NONE", ""))
            wav.writeframes(bytes(self.played[start:end]))
