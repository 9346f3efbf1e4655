"""A spoken conversation with the embedded agent, with no key and no network.

A voice asks, the agent hears it, calls a Python function, and answers aloud. What both said is written to a WAV file.

python examples/voice_agent.py                          # a short conversation
python examples/voice_agent.py "What is two plus two?"  # say something else
python examples/voice_agent.py --backend trio           # on another event loop
"""

from __future__ import annotations

import argparse
import array
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from msgspec import Meta

from deepgram_anyio import AgentConnection, DeepgramClient, DeepgramError
from deepgram_anyio.local.engines import default_voice
from deepgram_anyio.local.engines.pcm import PcmEncoder
from deepgram_anyio.protocol import agent
from deepgram_anyio.protocol.wav import wav_header

RATE = 16_000
CHUNK_S = 0.1
PAUSE_S = 0.5
PATIENCE_S = 8.0
LINES = ["What is the weather in Boston today?", "What is two plus two?", "Thank you very much."]


City = Annotated[Literal["Boston", "London", "Paris"], Meta(description="Where")]


def get_weather(city: City) -> dict[str, Any]:
    """The weather in a city."""
    sky = {"Boston": "clear", "London": "cloudy", "Paris": "bright"}[city]
    return {"sky": sky, "temperature": f"{len(city) * 3} degrees"}


def settings() -> agent.Settings:
    audio = {"encoding": "linear16", "sample_rate": RATE}
    return agent.Settings(
        audio=agent.AudioSettings(input=audio, output=audio),
        agent=agent.Agent(
            listen=agent.Listen(provider={"type": "deepgram", "model": "nova-3"}),
            think=agent.Think(provider={"type": "open_ai", "model": "gpt-4o-mini"}, prompt="Be brief."),
            speak=agent.Speak(provider={"type": "deepgram", "model": "aura-2-thalia-en"}),
            greeting="Hello! How can I help you?",
        ),
    )


def spoken(lines: Sequence[str]) -> list[bytes]:
    """Return the samples of a voice saying each of the lines."""
    voice = default_voice()
    encoder = PcmEncoder("linear16", source_rate=voice.sample_rate, sample_rate=RATE)
    try:
        return [encoder.feed(b"".join(voice.synthesize(line))) + encoder.flush() for line in lines]
    finally:
        voice.close()


class Telephone:
    """The user's end: a microphone that is never off, a loudspeaker, and a recording of both.

    The microphone's samples are the clock. What the agent says is heard when it arrives, or after what it said before.
    """

    def __init__(self, connection: AgentConnection, pace: float) -> None:
        self._connection = connection
        self._pace = pace
        self._sent = 0
        self._agent_until = 0
        self._answers = 0
        self._recording = array.array("h")

    def hear(self, event: agent.Event) -> None:
        """Take in what comes from the agent."""
        if isinstance(event, agent.Audio):
            start = max(self._sent, self._agent_until)
            self._record(start, bytes(event.data))
            self._agent_until = start + len(event.data) // 2
        elif isinstance(event, agent.UserStartedSpeaking):
            self._agent_until = min(self._agent_until, self._sent)
        elif isinstance(event, agent.AgentAudioDone):
            self._answers += 1

    async def talk(self, lines: Sequence[bytes]) -> None:
        """Say each line after the agent's last one was heard."""
        for answers, line in enumerate([*lines, b""], 1):
            await self._listen(answers)
            await self._say(line)

    def wav(self) -> bytes:
        """Return the recording."""
        samples = self._recording.tobytes()
        return wav_header(data_bytes=len(samples), sample_rate=RATE) + samples

    async def _listen(self, answers: int) -> None:
        silent_until = self._sent + round(PATIENCE_S * RATE)
        while self._sent < silent_until:
            if self._answers >= answers:
                silent_until = self._agent_until + round(PAUSE_S * RATE)
            await self._say(bytes(round(RATE * CHUNK_S) * 2))

    async def _say(self, samples: bytes) -> None:
        size = round(RATE * CHUNK_S) * 2
        for start in range(0, len(samples), size):
            chunk = samples[start : start + size]
            self._record(self._sent, chunk)
            self._sent += len(chunk) // 2
            await self._connection.send(chunk)
            await anyio.sleep(len(chunk) / 2 / RATE / self._pace)

    def _record(self, at: int, samples: bytes) -> None:
        values = array.array("h", samples)
        missing = at + len(values) - len(self._recording)
        self._recording.extend([0] * max(0, missing))
        for index, value in enumerate(values, at):
            self._recording[index] = max(-32768, min(32767, self._recording[index] + value))


def show(event: agent.Event) -> None:
    match event:
        case agent.ConversationText():
            print(f"{event.role + ':':<11}{event.content}")
        case agent.FunctionCallRequest():
            for call in event.functions:
                print(f"{'':<11}calls {call.name}({call.arguments})")
        case agent.History(function_calls=[*calls]):
            for done in calls:
                print(f"{'':<11}{done.name} returned {done.response}")
        case agent.AgentStartedSpeaking():
            print(f"{'':<11}speaks after {event.total_latency:.2f} s (voice {event.tts_latency:.2f} s)")
        case agent.Audio() | agent.History():
            pass
        case _:
            print(f"{'':<11}{type(event).__name__}")


async def converse(
    dg: DeepgramClient, lines: Sequence[bytes], weather: Callable[..., Any] = get_weather, *, pace: float = 1.0
) -> tuple[list[agent.Event], bytes]:
    """Hold a conversation; return the agent's messages, its voice left out, and the recording."""
    events: list[agent.Event] = []
    async with dg.agent.v1.connect(settings(), functions={"get_weather": weather}) as connection:
        telephone = Telephone(connection, pace)

        async def listen() -> None:
            async for event in connection:
                telephone.hear(event)
                show(event)
                if not isinstance(event, agent.Audio):
                    events.append(event)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await telephone.talk(lines)
            tasks.cancel_scope.cancel()
    return events, telephone.wav()


async def run(lines: Sequence[str], output: str) -> None:
    speech = await anyio.to_thread.run_sync(spoken, lines)
    async with DeepgramClient.local() as dg:
        print(f"Embedded server: {dg.base_url}")
        _, wav = await converse(dg, speech)
    await anyio.Path(output).write_bytes(wav)
    print(f"The conversation: {output}")


def main() -> int:
    parser = argparse.ArgumentParser(description="A spoken conversation with the embedded agent.")
    parser.add_argument("lines", nargs="*", default=LINES, help="what to say to the agent")
    parser.add_argument("--output", default="conversation.wav", type=Path, help="where the recording goes")
    parser.add_argument("--backend", choices=["asyncio", "trio"], default="asyncio")
    arguments = parser.parse_args()
    try:
        anyio.run(run, arguments.lines, str(arguments.output), backend=arguments.backend)
    except DeepgramError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
