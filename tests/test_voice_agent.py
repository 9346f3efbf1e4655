"""The example `voice_agent.py`: a whole conversation, with scripted engines, and with speech."""

from __future__ import annotations

import functools
import importlib.util
import io
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from deepgram_anyio import DeepgramClient
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol import agent

pytestmark = pytest.mark.anyio

SCRIPT = Path(__file__).parents[1] / "examples" / "voice_agent.py"


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("voice_agent", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = _load()


def said(events: list[agent.Event], role: str) -> list[str]:
    return [event.content for event in events if isinstance(event, agent.ConversationText) and event.role == role]


def listening() -> tuple[list[str], Callable[..., Any]]:
    """Return the example's function, and where it then notes what it was asked."""
    asked: list[str] = []

    @functools.wraps(example.get_weather)
    def get_weather(city: str) -> Any:
        asked.append(city)
        return example.get_weather(city)

    return asked, get_weather


def loud_s(samples: bytes) -> float:
    """Seconds that are not silent."""
    values = memoryview(samples).cast("h")
    return sum(1 for value in values if abs(value) > 300) / int(example.RATE)


async def test_with_scripted_engines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "PATIENCE_S", 60.0)
    asked, get_weather = listening()
    user, voice = ToneVoice(word_s=0.2, pause_s=0.1), ToneVoice(word_s=0.1, pause_s=0.0)
    lines = [b"".join(user.synthesize(text)) for text in ("What is the weather in Boston?", "Thank you.")]
    heard = ScriptedRecognizer(["what is the weather in boston", "thank you"])
    async with DeepgramClient.local(recognizer=heard, voice=voice) as dg:
        with anyio.fail_after(20):
            events, recording = await example.converse(dg, lines, get_weather, pace=8.0)
    assert said(events, "user") == ["What is the weather in boston?", "Thank you."]
    assert said(events, "assistant") == [
        *("Hello!", "How can I help you?", "The sky is clear, the temperature is 18 degrees.", "You are welcome.")
    ]
    assert asked == ["Boston"]
    with wave.open(io.BytesIO(recording)) as file:
        assert (file.getframerate(), file.getnchannels()) == (example.RATE, 1)
        samples = file.readframes(file.getnframes())
    # 8 and 18 words of both, less the zero crossings.
    assert loud_s(samples) == pytest.approx(8 * 0.2 + 18 * 0.1, rel=0.1)
    assert "calls get_weather" in capsys.readouterr().out


@pytest.mark.speech
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_with_speech(anyio_backend_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "PATIENCE_S", 60.0)
    asked, get_weather = listening()
    lines = await anyio.to_thread.run_sync(example.spoken, ["What is the weather in Boston today?"])
    async with DeepgramClient.local() as dg:
        with anyio.fail_after(60):
            events, recording = await example.converse(dg, lines, get_weather, pace=6.0)
    assert asked == ["Boston"]
    assert "The sky is clear, the temperature is 18 degrees." in said(events, "assistant")
    assert loud_s(recording[44:]) > 3


def test_as_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(example, "default_voice", lambda: ToneVoice(word_s=0.05, pause_s=0.0))
    monkeypatch.setattr(example, "PATIENCE_S", 0.2)
    monkeypatch.setattr(
        example.DeepgramClient, "local", lambda: _local(recognizer=ScriptedRecognizer([]), voice=ToneVoice(word_s=0.02))
    )
    output = tmp_path / "conversation.wav"
    monkeypatch.setattr(sys, "argv", ["voice_agent.py", "Hello.", "--output", str(output), "--backend", "trio"])
    assert example.main() == 0
    assert output.read_bytes()[:4] == b"RIFF"
    assert str(output) in capsys.readouterr().out


_local = DeepgramClient.local
