"""From the microphone to words, from a voice to the speaker, and a conversation through both."""

from __future__ import annotations

import array
import wave
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import pytest

from deepgram_anyio import AgentConnection, DeepgramClient
from deepgram_anyio.audio import Microphone, Speaker
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol import agent, listen

from .fake_host import FakeHost
from .fake_streams import FakeDevice

pytestmark = pytest.mark.anyio

TEXT = "The weather in the city will be cold."
CONTENT = {"weather", "city", "cold"}
SOUNDS_LIKE = {"whether": "weather"}  # which of the two it says, the voice leaves open
AT_LEAST = len(CONTENT) if find_spec("piper") else 2
SPEED = 8.0


@pytest.mark.speech
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_spoken_played_recorded_and_understood(host: FakeHost, tmp_path: Path) -> None:
    """What a voice says goes to a speaker, and what that played, from a microphone to words."""
    tape = tmp_path / "tape.wav"
    own: Any = {"rate": 48000, "rates": (48000,), "channels": (2,), "file": tape, "speed": SPEED}
    host.devices = [FakeDevice("Mouth", 2, 0, **own), FakeDevice("Ear", 0, 2, **own)]
    raw: Any = {"encoding": "linear16", "sample_rate": 24000}
    sent, heard = 0, set()
    async with DeepgramClient.local() as dg:
        with anyio.fail_after(60):
            async with dg.speak.v1.connect(**raw) as voice, Speaker(sample_rate=24000) as speaker:
                async for audio in voice.synthesize(TEXT):
                    await speaker.send(audio)
                    sent += len(audio)
            with wave.open(str(tape), "rb") as wav:
                assert wav.getnframes() / 48000 > sent / 48000 - 1.0  # less the silence at its ends
            async with Microphone() as mic, dg.listen.v1.stream(mic, **mic.format) as results:
                async for event in results:
                    if isinstance(event, listen.Results) and event.is_final:
                        heard |= {SOUNDS_LIKE.get(word.word, word.word) for word in event.words}
                        if len(CONTENT & heard) >= AT_LEAST:
                            mic.stop()
    assert results.stats.audio_sent_s == pytest.approx(results.stats.audio_acknowledged_s, abs=0.1)
    assert mic.lost_s == 0


def settings() -> agent.Settings:
    return agent.Settings(
        audio=agent.AudioSettings(
            input={"encoding": "linear16", "sample_rate": 16000}, output={"encoding": "linear16", "sample_rate": 24000}
        ),
        agent=agent.Agent(
            listen=agent.Listen(provider={"type": "deepgram", "model": "nova-3"}),
            think=agent.Think(provider={"type": "open_ai", "model": "gpt-4o-mini"}, prompt="Be brief."),
            speak=agent.Speak(provider={"type": "deepgram", "model": "aura-2-thalia-en"}),
        ),
    )


async def test_a_conversation(host: FakeHost, tmp_path: Path) -> None:
    said = b"".join(ToneVoice(word_s=0.2, pause_s=0.1).synthesize("Good morning to you."))
    with wave.open(str(tmp_path / "said.wav"), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(said)
    host.devices[0] = FakeDevice("Mouth", 1, file=tmp_path / "said.wav", speed=SPEED)
    host.devices[1] = FakeDevice("Ear", 0, 2, file=tmp_path / "heard.wav", speed=SPEED)
    recognizer = ScriptedRecognizer(["good morning to you"])
    spoken = 0
    with anyio.fail_after(60):
        async with (
            DeepgramClient.local(recognizer=recognizer, voice=ToneVoice()) as dg,
            Speaker() as speaker,
            Microphone() as mic,
            dg.agent.v1.connect(settings()) as connection,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(talk, mic, connection)
            async for event in connection:
                match event:
                    case agent.UserStartedSpeaking():
                        speaker.clear()
                    case agent.Audio():
                        spoken += len(event.data)
                        await speaker.send(event.data)
                    case agent.AgentAudioDone():
                        break
            await speaker.drain()
            mic.stop()
    assert spoken > 0
    with wave.open(str(tmp_path / "heard.wav"), "rb") as wav:
        heard = wav.readframes(wav.getnframes())
    assert len([sample for sample in array.array("h", heard) if sample]) * 2 >= spoken / 2  # the tone, and no pauses


async def talk(mic: Microphone, connection: AgentConnection) -> None:
    async for audio in mic:
        await connection.send(audio)
