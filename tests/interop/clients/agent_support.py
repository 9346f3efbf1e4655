"""What the agents' client programs share: the settings, the function, the question in real time, and the report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.interop.clients.support import Speech

__all__ = ["CHUNK_S", "DEADLINE_S", "AgentReport", "Question", "call_function", "settings"]

CHUNK_S = 0.1
DEADLINE_S = 30.0
"""For a whole answer, from the end of the question."""

FUNCTION = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Boston", "London"]}},
        "required": ["city"],
    },
}


def settings(sample_rate: int) -> dict[str, Any]:
    """The ``audio`` and ``agent`` of the settings, the same for every client."""
    audio = {"encoding": "linear16", "sample_rate": sample_rate}
    return {
        "audio": {"input": audio, "output": {**audio, "container": "none"}},
        "agent": {
            "listen": {"provider": {"type": "deepgram", "model": "nova-3"}},
            "think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}, "functions": [FUNCTION]},
            "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
        },
    }


def call_function(name: str, arguments: str) -> str:
    """What the clients answer to a function call."""
    return json.dumps({"sky": "clear", "city": json.loads(arguments)["city"]}) if name == FUNCTION["name"] else "?"


class Question(Speech):
    """A recorded question; after it the microphone stays on."""

    @property
    def silence(self) -> bytes:
        return bytes(round(self.sample_rate * CHUNK_S) * 2)

    def chunks(self) -> Iterator[bytes]:
        yield from super().chunks()
        yield from [self.silence] * 10


class AgentReport:
    """What became of a conversation, in the words of an SDK."""

    def __init__(self, question: Question) -> None:
        self._sample_rate = question.sample_rate
        self.conversation: list[list[str]] = []
        self.calls: list[list[str]] = []
        self.events: Counter[str] = Counter()
        self.errors: list[str] = []
        self.audio_bytes = 0
        self.request_id: str | None = None

    def welcome(self, request_id: str) -> None:
        self.request_id = request_id

    def said(self, role: str, content: str) -> None:
        self.conversation.append([role, content])

    def called(self, name: str, arguments: str) -> str:
        self.calls.append([name, arguments])
        return call_function(name, arguments)

    def audio(self, data: bytes) -> None:
        self.audio_bytes += len(data)

    def error(self, error: object) -> None:
        self.errors.append(str(error) or repr(error))

    def print(self) -> None:
        spoken = [f"{role}: {content}" for role, content in self.conversation]
        called = [f"{name}({arguments})" for name, arguments in self.calls]
        document = {
            "transcript": " ".join([*spoken, *called]),
            "finals": spoken,
            "metadata_duration": self.audio_bytes / 2 / self._sample_rate,
            "events": self.events,
            "errors": self.errors,
            "request_id": self.request_id,
        }
        print(json.dumps(document))
