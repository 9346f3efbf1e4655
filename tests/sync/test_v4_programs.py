"""Whole programs as for v4, in processes of their own: what they get, and that they end, whichever way they do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.sync.loop import event_loop_thread

from ..programs import interrupt, start_program
from .socket_support import QUIET, TONE

ROOT = Path(__file__).parents[2]
PATIENCE_S = 2.0
WORD_S = 0.05

VARIANTS = [(), ("asyncio",), ("trio",)]
"""No backend for the blocking program; else the async one, on this backend."""

variants = pytest.mark.parametrize("backend", VARIANTS, ids=lambda backend: backend[0] if backend else "blocking")
endings = pytest.mark.parametrize("ending", ["finish", "leave", "interrupt"])

INTERRUPTED_LINES = {
    "Traceback (most recent call last):",
    "KeyboardInterrupt",
    "asyncio.exceptions.CancelledError",
    "During handling of the above exception, another exception occurred:",
}
"""What may stand at the margin of the report of an interrupted program."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    serving = serve(recognizer=ScriptedRecognizer(["hello world", "good bye"]), voice=ToneVoice(word_s=WORD_S))
    with event_loop_thread().enter(serving) as server:
        yield server.url


def run(name: str, ending: str, path: Path, backend: tuple[str, ...], url: str) -> dict[str, Any] | None:
    """Run a program, check how it ended, and return what it told of itself: None when it was interrupted."""
    module = f"tests.sync.programs.{name}{'_async' if backend else ''}"
    command = [sys.executable, "-W", "error", "-m", module, ending, str(path), *backend]
    environment = {**os.environ, "DEEPGRAM_HOST": url, "DEEPGRAM_API_KEY": "key-of-the-program"}
    with start_program(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            assert program.stderr is not None
            ready = program.stdout.readline()
            if ready == "ready\n" and ending == "interrupt":
                interrupt(program)
            began = time.monotonic()
            # Not `communicate`, which would close the input that an interrupted program waits for.
            program.wait(timeout=20)
            took_s = time.monotonic() - began
            output, errors = program.stdout.read(), program.stderr.read()
        finally:
            program.kill()
    assert ready == "ready\n", errors
    assert took_s < PATIENCE_S
    if ending == "interrupt":
        # On Python 3.10 and asyncio, anyio.run ends so: a task cannot tell there what cancelled it.
        unnamed = backend == ("asyncio",) and sys.version_info < (3, 11)
        assert program.returncode == (1 if unnamed else -signal.SIGINT)
        assert errors.endswith("\nasyncio.exceptions.CancelledError\n" if unnamed else "\nKeyboardInterrupt\n")
        assert {line for line in errors.splitlines() if line and line[0] != " "} <= INTERRUPTED_LINES, errors
        return None
    assert (program.returncode, errors) == (0, "")
    facts: dict[str, Any] = json.loads(output)
    if ending == "finish":
        check_threads(facts["threads"])
    return facts


def check_threads(threads: list[list[Any]]) -> None:
    """Only the loop's thread is left, and workers that do nothing and hold nothing up."""
    assert [name for name, _, _ in threads].count("deepgram_anyio") == 1
    assert {name for name, _, _ in threads} <= {"deepgram_anyio", "AnyIO worker thread"}
    assert all(daemon and not busy for _, daemon, busy in threads)


@endings
@variants
def test_live_transcription(backend: tuple[str, ...], ending: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / "audio.raw"
    path.write_bytes((TONE + QUIET * 2) * 2)
    facts = run("live", ending, path, backend, url)
    if facts is None:
        return
    events = facts["events"]
    assert facts["transcript"] == ["hello world", "good bye"]
    assert events[0] == "Open"
    assert set(events) - {"Metadata", "Close"} == {"Open", "SpeechStarted", "Results", "UtteranceEnd"}
    assert events.count("SpeechStarted") == events.count("UtteranceEnd") == 2
    if ending == "finish":
        assert events[-2:] == ["Metadata", "Close"]
        assert events.count("Metadata") == events.count("Close") == 1
    else:
        assert not {"Metadata", "Close"} & set(events)


@endings
@variants
def test_an_agent_calls_a_function(backend: tuple[str, ...], ending: str, url: str, tmp_path: Path) -> None:
    facts = run("agent", ending, tmp_path, backend, url)
    if facts is None:
        return
    events = facts["events"]
    told = ["Open", "Welcome", "SettingsApplied", "ConversationText", "FunctionCallRequest", "ConversationText"]
    assert events == [*told, "AgentAudioDone", *(["Close"] if ending == "finish" else [])]
    assert facts["conversation"] == [
        "user: What is the weather in Paris?",
        "assistant: The city is Paris, the temperature is 21.",
    ]
    assert facts["audio_bytes"] > 7 * WORD_S * 32000


@endings
@variants
def test_speech_into_a_file(backend: tuple[str, ...], ending: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    facts = run("speech", ending, path, backend, url)
    with wave.open(str(path), "rb") as recording:
        assert (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) == (16000, 1, 2)
        assert recording.getnframes() == 5 * WORD_S * 16000
        assert any(recording.readframes(4000))
    if facts is not None:
        assert facts["events"] == ["Open", "Flushed", *(["Close"] if ending == "finish" else [])]
