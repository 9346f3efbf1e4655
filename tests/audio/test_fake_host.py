"""The sound library of the tests has the signatures of the real one, in programs of their own too."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import pytest

from .fake_host import FakeHost
from .fake_streams import CallbackFlags, PortAudioError

FAKES = Path(__file__).parent / "fakes"
PROGRAM = """
import sounddevice as sd, threading
ended = threading.Event()
heard = bytearray()
mic = sd.RawInputStream(dtype="int16", callback=lambda data, *_: heard.extend(data), finished_callback=ended.set)
mic.start()
assert ended.wait(10)
mic.close()
source = memoryview(heard)
def fill(data, frames, time, status):
    global source
    if not source:
        data[:] = bytes(len(data))
        raise sd.CallbackStop
    piece, source = source[:len(data)], source[len(data):]
    data[:] = bytes(piece).ljust(len(data), b"\\0")
ended.clear()
speaker = sd.RawOutputStream(samplerate=mic.samplerate, channels=1, dtype="int16", callback=fill,
                             finished_callback=ended.set)
speaker.start()
assert ended.wait(10)
speaker.close()
"""


def _real() -> dict[str, ast.FunctionDef | ast.ClassDef]:
    # Without the PortAudio library the real one cannot be imported, but read.
    spec = importlib.util.find_spec("sounddevice")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _parameters(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    if isinstance(node, ast.ClassDef):
        node = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
    return [argument.arg for argument in node.args.args if argument.arg != "self"]


@pytest.mark.parametrize(
    "name",
    [
        "RawInputStream",
        "RawOutputStream",
        "check_input_settings",
        "check_output_settings",
        "query_devices",
        "query_hostapis",
    ],
)
def test_signatures_are_those_of_the_library(name: str) -> None:
    assert list(inspect.signature(getattr(FakeHost(), name)).parameters) == _parameters(_real()[name])


def test_names_are_those_of_the_library() -> None:
    real = _real()
    for name in ("PortAudioError", "CallbackFlags", "CallbackStop", "CallbackAbort", "DeviceList"):
        assert name in real
        assert isinstance(getattr(FakeHost, name), type)
    stream = real["_StreamBase"]
    assert isinstance(stream, ast.ClassDef)
    methods = {node.name for node in stream.body if isinstance(node, ast.FunctionDef)}
    names = {"start", "stop", "abort", "close", "active", "stopped", "closed", "samplerate", "channels", "latency"}
    assert names <= methods
    opened: Any = FakeHost().RawInputStream(dtype="int16")
    assert [name for name in names if not hasattr(opened, name)] == []


def test_errors_read_like_those_of_the_library() -> None:
    assert str(PortAudioError("Invalid sample rate", -9997)) == "Invalid sample rate [PaErrorCode -9997]"
    assert str(PortAudioError("Error querying device -1")) == "Error querying device -1"
    assert str(CallbackFlags(6)) == "input overflow, output underflow"
    assert CallbackFlags(4).output_underflow
    assert not CallbackFlags()


def test_a_program_records_and_plays(tmp_path: Path) -> None:
    samples = bytes(range(1, 201)) * 50  # a block ends inside it
    with wave.open(str(tmp_path / "in.wav"), "wb") as wav:
        wav.setparams((1, 2, 8000, 0, "NONE", ""))
        wav.writeframes(samples)
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={
            **os.environ,
            "PYTHONPATH": str(FAKES),
            "FAKE_MICROPHONE_WAV": str(tmp_path / "in.wav"),
            "FAKE_MICROPHONE_END": "vanish",
            "FAKE_SPEAKER_WAV": str(tmp_path / "out.wav"),
            "FAKE_SPEED": "20",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    with wave.open(str(tmp_path / "out.wav"), "rb") as wav:
        assert (wav.getframerate(), wav.getnchannels()) == (8000, 1)
        assert wav.readframes(wav.getnframes()) == samples


@pytest.mark.parametrize(("choice", "message"), [("none", "Error querying device -1"), ("refused", "unavailable")])
def test_a_program_without_devices(choice: str, message: str) -> None:
    host = FakeHost.from_environment({"FAKE_DEVICES": choice})
    assert len(host.query_devices()) == (0 if choice == "none" else 2)
    with pytest.raises(PortAudioError, match=message):
        host.RawInputStream(dtype="int16")
