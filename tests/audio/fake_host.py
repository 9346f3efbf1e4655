"""A sound library with the names, signatures and errors of sounddevice 0.5.6, whose devices the tests play.

Put a `FakeHost` into ``sys.modules["sounddevice"]``. Without `speed`, nothing happens by itself: the test calls
`FakeStream.record` and `FakeStream.play`, in any thread, as PortAudio's own would. With `speed`, each started stream
has such a thread. Programs of their own get one by ``PYTHONPATH=tests/audio/fakes``.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from .fake_streams import (
    CallbackAbort,
    CallbackFlags,
    CallbackStop,
    DeviceList,
    FakeDevice,
    FakeStream,
    Kind,
    PortAudioError,
)

__all__ = ["FakeHost"]


class FakeHost:
    """The library.

    Args:
        devices: a microphone and a speaker unless given.
        default: the indices of the default input and output device; -1 for none.

    Attributes:
        streams: all that were ever opened.
    """

    __version__ = "0.5.6"
    PortAudioError = PortAudioError
    CallbackFlags = CallbackFlags
    CallbackStop = CallbackStop
    CallbackAbort = CallbackAbort
    DeviceList = DeviceList

    def __init__(self, devices: list[FakeDevice] | None = None, *, default: tuple[int, int] = (0, 1)) -> None:
        if devices is None:
            devices = [FakeDevice("Fake Microphone", inputs=2), FakeDevice("Fake Speaker", outputs=2)]
        self.devices = devices
        self.default = SimpleNamespace(device={"input": default[0], "output": default[1]})
        self.host_apis = ["Fake Core", "Fake Legacy"]
        self.streams: list[FakeStream] = []

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> FakeHost:
        """Make the library of a program.

        FAKE_MICROPHONE_WAV: what the microphone records; it takes the rate and the channels of this file alone.
        FAKE_MICROPHONE_END: ``silence`` (default) or ``vanish``, after that.
        FAKE_SPEAKER_WAV: where what was played goes, when the speaker is closed.
        FAKE_SPEED: how much faster than real time, 1 by default.
        FAKE_DEVICES: ``none``; ``refused``: they cannot be opened; ``missing``: no PortAudio library.
        """
        choice = environ.get("FAKE_DEVICES", "")
        if choice == "missing":
            raise OSError("PortAudio library not found")
        if choice == "none":
            return cls([], default=(-1, -1))
        refusal = {"": "", "refused": "Device unavailable"}[choice]
        speed = float(environ.get("FAKE_SPEED", "1"))
        microphone = FakeDevice("Fake Microphone", inputs=2, refusal=refusal, speed=speed)
        microphone.ending = environ.get("FAKE_MICROPHONE_END", "silence")
        if path := environ.get("FAKE_MICROPHONE_WAV"):
            with wave.open(path, "rb") as wav:
                microphone.rate, microphone.inputs = wav.getframerate(), wav.getnchannels()
            microphone.rates, microphone.channels = (int(microphone.rate),), (microphone.inputs,)
            microphone.file = path
        speaker = FakeDevice("Fake Speaker", outputs=2, refusal=refusal, speed=speed)
        speaker.file = environ.get("FAKE_SPEAKER_WAV")
        return cls([microphone, speaker])

    @property
    def open_streams(self) -> list[FakeStream]:
        return [stream for stream in self.streams if not stream.closed]

    def are_all_closed(self, *, within_s: float) -> bool:
        """Wait until the threads that close streams have closed all of them."""
        return all(stream.is_closed.wait(within_s) for stream in self.streams)

    def query_devices(self, device: int | None = None, kind: Kind | None = None) -> Any:
        if device is None and kind is None:
            return DeviceList(self.query_devices(index) for index in range(len(self.devices)))
        if device is None:
            assert kind is not None
            device = self.default.device[kind]
        if not 0 <= device < len(self.devices):
            raise PortAudioError(f"Error querying device {device}")
        found = self.devices[device]
        if kind and not found.count(kind):
            raise ValueError(f"Not an {kind} device: {found.name!r}")
        ways = [f"default_{height}_{way}_latency" for height in ("low", "high") for way in ("input", "output")]
        return {
            "name": found.name,
            "index": device,
            "hostapi": found.host_api,
            "max_input_channels": found.inputs,
            "max_output_channels": found.outputs,
            "default_samplerate": float(found.rate),
            **dict.fromkeys(ways, found.latency_s),
        }

    def query_hostapis(self, index: int | None = None) -> Any:
        if index is None:
            return tuple(self.query_hostapis(number) for number in range(len(self.host_apis)))
        return {
            "name": self.host_apis[index],
            "devices": [number for number, device in enumerate(self.devices) if device.host_api == index],
            "default_input_device": self.default.device["input"],
            "default_output_device": self.default.device["output"],
        }

    def check_input_settings(
        self,
        device: int | None = None,
        channels: int | None = None,
        dtype: str | None = None,
        extra_settings: Any = None,
        samplerate: float | None = None,
    ) -> None:
        self._checked("input", device, channels, samplerate)

    def check_output_settings(
        self,
        device: int | None = None,
        channels: int | None = None,
        dtype: str | None = None,
        extra_settings: Any = None,
        samplerate: float | None = None,
    ) -> None:
        self._checked("output", device, channels, samplerate)

    def RawInputStream(
        self,
        samplerate: float | None = None,
        blocksize: int | None = None,
        device: int | None = None,
        channels: int | None = None,
        dtype: str | None = None,
        latency: Any = None,
        extra_settings: Any = None,
        callback: Callable[..., None] | None = None,
        finished_callback: Callable[[], None] | None = None,
        clip_off: bool | None = None,
        dither_off: bool | None = None,
        never_drop_input: bool | None = None,
        prime_output_buffers_using_stream_callback: bool | None = None,
    ) -> FakeStream:
        return self._open("input", samplerate, blocksize, device, channels, dtype, callback, finished_callback)

    def RawOutputStream(
        self,
        samplerate: float | None = None,
        blocksize: int | None = None,
        device: int | None = None,
        channels: int | None = None,
        dtype: str | None = None,
        latency: Any = None,
        extra_settings: Any = None,
        callback: Callable[..., None] | None = None,
        finished_callback: Callable[[], None] | None = None,
        clip_off: bool | None = None,
        dither_off: bool | None = None,
        never_drop_input: bool | None = None,
        prime_output_buffers_using_stream_callback: bool | None = None,
    ) -> FakeStream:
        return self._open("output", samplerate, blocksize, device, channels, dtype, callback, finished_callback)

    def _checked(
        self, kind: Kind, device: int | None, channels: int | None, rate: float | None, *, opening: bool = False
    ) -> tuple[int, int, float]:
        info = self.query_devices(self.default.device[kind] if device is None else device)
        found = self.devices[info["index"]]
        channels = found.count(kind) if channels is None else channels
        rate = info["default_samplerate"] if rate is None else rate
        assert rate is not None
        found.check(kind, channels, rate, opening=opening)
        return info["index"], channels, float(rate)

    def _open(
        self,
        kind: Kind,
        rate: float | None,
        blocksize: int | None,
        device: int | None,
        channels: int | None,
        dtype: str | None,
        callback: Callable[..., None] | None,
        finished: Callable[[], None] | None,
    ) -> FakeStream:
        if dtype != "int16":
            raise ValueError(f"Invalid {kind} sample format")
        index, channels, rate = self._checked(kind, device, channels, rate, opening=True)
        stream = FakeStream(kind, self.devices[index], index, channels, rate, blocksize or 0, callback, finished)
        self.streams.append(stream)
        return stream
