"""An embedded server with scripted engines, beside the programs that the tests start, and sound for it to hear."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
from anyio.from_thread import start_blocking_portal

from deepgram_anyio.cli.app import run
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol.wav import wav_header

from ..audio.fake_host import FakeHost
from .terminal import COMMAND, ROOT, Program, Run, environment

__all__ = [
    "FAKE_SOUND",
    "KEY",
    "RATE",
    "SAID",
    "first_line",
    "inside",
    "piped",
    "press_ctrl_c",
    "serving",
    "without_sound",
    "write_speech",
]

FAKE_SOUND = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'audio' / 'fakes'}"}
"""Makes programs use the devices of `tests.audio.fake_host`."""

KEY = {"DEEPGRAM_API_KEY": "a-key"}
RATE = 16_000
SAID = ["the quick brown fox", "jumps over the lazy dog"]


@contextmanager
def serving(*, said: list[str] = SAID, **options: Any) -> Iterator[str]:
    """Run a server that hears what is `said`, whatever it gets; gives its URL."""
    engines = {"recognizer": ScriptedRecognizer(said, word_s=0.2), "voice": ToneVoice(word_s=0.1, pause_s=0.1)}
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(**{**engines, **options})) as server,
    ):
        yield server.url


def write_speech(path: Path, *, sentences: int = 2, word_s: float = 0.2, pause_s: float = 0.6) -> Path:
    """Write a WAV file with as many stretches of sound, of four words each, and silence between them."""
    voice = ToneVoice(sample_rate=RATE, word_s=word_s, pause_s=pause_s)
    samples = b"".join(voice.synthesize("One two three four. " * sentences))
    path.write_bytes(wav_header(sample_rate=RATE, data_bytes=len(samples)) + samples)
    return path


def piped(*arguments: str, data: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program with bytes on its standard input, and bytes on its output."""
    return subprocess.run(
        [*COMMAND, *arguments], input=data, capture_output=True, timeout=60, env=environment(**KEY, **env), check=False
    )


def first_line(*arguments: str) -> tuple[int, str, str]:
    """Run the program, and leave after its first line; returns its exit code, that line, and standard error."""
    line = f"{shlex.join([*COMMAND, *arguments])} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, timeout=60, env=environment(**KEY), check=False, text=True
    )
    return done.returncode, done.stdout, done.stderr


def inside(capsys: pytest.CaptureFixture[str], *arguments: str) -> Run:
    """Run a command in this process, which costs no start: for what a command says before it does much."""
    code = run(arguments)
    captured = capsys.readouterr()
    return Run(code, [], captured.out, captured.err)


def without_sound(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """Give this process no sound device that works; see `FakeHost.from_environment` for the reasons."""
    monkeypatch.setitem(
        sys.modules, "sounddevice", cast("ModuleType", FakeHost.from_environment({"FAKE_DEVICES": why}))
    )


def press_ctrl_c(program: Program) -> None:
    """Interrupt a program that never sleeps for long, so that it notices a signal at any time."""
    if program.tty:
        program.type("\x03")
    else:
        program.process.send_signal(signal.SIGINT)
