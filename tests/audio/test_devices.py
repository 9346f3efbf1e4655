"""Which device is meant, which format it is opened with, and what is said when there is none."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

import deepgram_anyio.audio
from deepgram_anyio.audio import AudioDevice, AudioError, Microphone, Speaker, devices
from deepgram_anyio.audio.device_list import Settings, choose_settings, find_device
from deepgram_anyio.audio.host import Kind
from deepgram_anyio.errors import ConfigError, DeepgramError

from .fake_host import FakeHost
from .fake_streams import FakeDevice, PortAudioError

DEVICES = [
    FakeDevice("Built-in Microphone", inputs=2),
    FakeDevice("Built-in Output", outputs=2),
    FakeDevice("USB Headset", inputs=1, outputs=2, rate=44100),
    FakeDevice("USB Headset", inputs=1, outputs=2, host_api=1),
    FakeDevice("USB Headset Pro", inputs=1),
    FakeDevice("Cinema", outputs=8, channels=(8,)),
    FakeDevice("Legacy Line", inputs=1, host_api=1),
]


@pytest.fixture
def many(host: FakeHost) -> FakeHost:
    host.devices = DEVICES
    return host


def test_they_are_listed(many: FakeHost) -> None:
    found = devices()
    assert [device.index for device in found] == list(range(7))
    assert found[2] == AudioDevice(
        index=2,
        name="USB Headset",
        host_api="Fake Core",
        max_input_channels=1,
        max_output_channels=2,
        default_sample_rate=44100,
        is_default_input=False,
        is_default_output=False,
    )
    assert [device.index for device in found if device.is_default_input] == [0]
    assert [device.index for device in found if device.is_default_output] == [1]
    assert msgspec.json.decode(msgspec.json.encode(found), type=list[AudioDevice]) == found


@pytest.mark.parametrize(("kind", "wanted", "index"), [
    ("input", None, 0),
    ("output", None, 1),
    ("input", 3, 3),
    ("input", "built", 0),
    ("output", "BUILT", 1),
    ("input", "usb headset", 2),  # the whole name, and the default's host API
    ("input", "pro", 4),
    ("output", "headset", 2),
    ("input", "headset, fake legacy", 3),
    ("input", "legacy line", 6),
])  # fmt: skip
def test_the_one_that_is_meant(many: FakeHost, kind: Kind, wanted: int | str | None, index: int) -> None:
    assert find_device(kind, wanted).index == index


@pytest.mark.parametrize(("kind", "wanted", "message"), [
    ("input", "set", r"^more than one microphone matches 'set'; choose one of 2 'USB Headset' \(Fake Core\), 4 'USB"),
    ("output", "phone", r"^no speaker matches 'phone'; choose one of 1 'Built-in Output' \(Fake Core\), 2 'USB"),
    ("output", 0, r"^no speaker is 0; choose one of 1 'Built-in Output'"),
    ("input", 99, r"^no microphone is 99; choose one of 0 "),
    ("input", -1, r"^no microphone is -1; choose"),
])  # fmt: skip
def test_none_or_too_many(many: FakeHost, kind: Kind, wanted: int | str, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        find_device(kind, wanted)


def test_no_default(many: FakeHost) -> None:
    many.default.device.update(input=-1)
    with pytest.raises(AudioError, match=r"^there is no default microphone; choose one of 0 'Built-in Microphone'"):
        find_device("input", None)
    assert find_device("input", "pro").index == 4
    with pytest.raises(AudioError, match="more than one microphone"):
        find_device("input", "usb headset")
    many.devices = []
    assert devices() == []
    with pytest.raises(AudioError, match="the system has no microphone at all: connect one"):
        find_device("input", "pro")


@pytest.mark.parametrize(("kind", "device", "asked", "opened"), [
    ("input", FakeDevice("x", inputs=2), (16000, 1), (16000, 1)),
    ("input", FakeDevice("x", inputs=2, channels=(2,)), (16000, 1), (16000, 2)),
    ("input", FakeDevice("x", inputs=2, rate=44100.0, rates=(44100,)), (16000, 1), (44100, 1)),
    ("input", FakeDevice("x", inputs=8, rate=44100.0, rates=(44100,), channels=(8,)), (16000, 1), (44100, 8)),
    ("input", FakeDevice("x", inputs=8, channels=(8,)), (16000, 2), (16000, 8)),
    ("output", FakeDevice("x", outputs=8, channels=(8,)), (24000, 1), (24000, 8)),
    ("output", FakeDevice("x", outputs=8, channels=(8,)), (24000, 2), (24000, 8)),
    ("output", FakeDevice("x", outputs=1), (24000, 2), (24000, 1)),
    ("output", FakeDevice("x", outputs=2, rates=(48000,), channels=(2,)), (24000, 6), None),
])  # fmt: skip
def test_the_format_that_comes_next(
    host: FakeHost, kind: Kind, device: FakeDevice, asked: tuple[int, int], opened: tuple[int, int] | None
) -> None:
    host.devices = [device]
    host.default.device.update(input=0, output=0)
    found = find_device(kind, None)
    if opened is None:
        with pytest.raises(AudioError, match=r"cannot be opened: Invalid number of channels \[PaErrorCode -9998\]"):
            choose_settings(kind, found, *asked)
    else:
        assert choose_settings(kind, found, *asked) == Settings(*opened)


def test_channels_that_are_not_there(host: FakeHost) -> None:
    with pytest.raises(AudioError, match=r"'Fake Microphone' has 2 channel\(s\), not 3: ask for 2"):
        choose_settings("input", find_device("input", None), 16000, 3)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [Microphone, Speaker])
async def test_a_device_that_refuses(host: FakeHost, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for device in host.devices:
        device.refusal = "Device unavailable"
    with pytest.raises(AudioError, match=r"cannot be opened: Device unavailable .*; end the program that uses it"):
        await kind().__aenter__()
    for device in host.devices:
        device.refusal = ""
    real = host._open
    monkeypatch.setattr(host, "_open", Mock(side_effect=PortAudioError("Error opening it: Device unavailable", -9985)))
    with pytest.raises(AudioError, match="Error opening it"):
        await kind().__aenter__()

    def fail_to_start(*args: Any) -> Any:
        stream = real(*args)
        monkeypatch.setattr(stream, "start", Mock(side_effect=PortAudioError("Error starting it", -9999)))
        return stream

    monkeypatch.setattr(host, "_open", fail_to_start)
    with pytest.raises(AudioError, match="Error starting it"):
        await kind().__aenter__()
    assert host.open_streams == []
    assert len(host.streams) == 1


def test_a_library_that_fails(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "query_devices", Mock(side_effect=PortAudioError("Internal error", -9986)))
    with pytest.raises(AudioError, match=r"the sound devices cannot be listed: Internal error \[PaErrorCode -9986\]"):
        devices()


@pytest.mark.anyio
@pytest.mark.parametrize("call", [lambda: Microphone().__aenter__(), lambda: Speaker().__aenter__()])
async def test_what_is_missing_is_named(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ConfigError, match=r'pip install "deepgram-anyio\[audio\]"'):
        await call()
    monkeypatch.setattr(importlib, "import_module", Mock(side_effect=OSError("PortAudio library not found")))
    with pytest.raises(AudioError, match=r"^the PortAudio library cannot be loaded: .* not found; .*libportaudio2"):
        await call()
    assert issubclass(AudioError, DeepgramError)


def test_names_load_when_they_are_used() -> None:
    code = "import sys, deepgram_anyio.audio as a; a.Microphone; a.Speaker; a.devices; "
    code += "print(*{'numpy', 'soxr', 'sounddevice', 'httpx', 'wsproto'} & {*sys.modules})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []
    assert dir(deepgram_anyio.audio) == sorted(deepgram_anyio.audio.__all__)
    with pytest.raises(AttributeError, match="loudspeaker"):
        _ = deepgram_anyio.audio.loudspeaker
