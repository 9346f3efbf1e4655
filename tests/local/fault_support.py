"""The misbehaving embedded server for tests, and what comes from it, raw."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from deepgram_anyio.local import FaultOptions, LocalServer, serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol.frames import Binary, Close, Text
from deepgram_anyio.transport.websocket import WebSocket, open_websocket

__all__ = [
    "AGENT",
    "CLOSE_STREAM",
    "FLUX",
    "FLUX_SPEAK",
    "LISTEN",
    "OPENINGS",
    "RAW",
    "SCRIPT",
    "SETTINGS",
    "SOUND",
    "SPEAK",
    "VOICE",
    "frames",
    "misbehaving",
    "open_up",
    "rest",
    "stream",
    "types",
]

SCRIPT = ["one two three", "four five"]
SOUND = b"".join(ToneVoice(word_s=0.1).synthesize("One two three. Four five."))
VOICE = ToneVoice(word_s=0.02, pause_s=0.0)
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
LISTEN = "/v1/listen?encoding=linear16&sample_rate=16000"
FLUX = "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000"
SPEAK = "/v1/speak?encoding=linear16&sample_rate=16000"
FLUX_SPEAK = "/v2/speak?model=flux-haley-en"
AGENT = "/v1/agent/converse"
SETTINGS = json.dumps(
    {
        "type": "Settings",
        "audio": {"input": RAW},
        "agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}},
    }
)
CLOSE_STREAM = '{"type":"CloseStream"}'
# What a client says for the server to say something, and the name of that.
OPENINGS = {
    LISTEN: ('{"type":"Configure"}', "ConfigureSuccess"),
    FLUX: (None, "Connected"),
    SPEAK: (None, "Metadata"),
    FLUX_SPEAK: (None, "Connected"),
    AGENT: (SETTINGS, "Welcome"),
}


@asynccontextmanager
async def misbehaving(recognizer: Any = None, **faults: Any) -> AsyncIterator[LocalServer]:
    recognizer = recognizer or ScriptedRecognizer(SCRIPT)
    async with serve(recognizer=recognizer, voice=VOICE, faults=FaultOptions(**faults)) as server:
        with anyio.fail_after(20):
            yield server


@asynccontextmanager
async def stream(path: str = LISTEN, **faults: Any) -> AsyncIterator[WebSocket]:
    async with misbehaving(**faults) as server, open_websocket(server.url + path) as socket:
        yield socket


async def frames(socket: WebSocket) -> AsyncIterator[Any]:
    """All frames, the close included; 1006 is a connection that ends without one."""
    while True:
        for frame in await socket.receive_batch():
            yield frame
            if isinstance(frame, Close):
                return


async def rest(socket: WebSocket) -> tuple[list[Any], Close]:
    """What comes until the end: JSON messages decoded, where they can be, and the close."""
    *messages, close = [frame async for frame in frames(socket)]
    return [_decoded(message) for message in messages], close


def _decoded(frame: Text | Binary) -> Any:
    try:
        return json.loads(bytes(frame.data) if not isinstance(frame.data, str) else frame.data)
    except ValueError:
        return frame.data


def types(messages: list[Any]) -> list[Any]:
    return [message["type"] if isinstance(message, dict) else type(message).__name__ for message in messages]


async def open_up(socket: WebSocket, path: str) -> str:
    said, answer = OPENINGS[path]
    if said is not None:
        await socket.send(said)
    return answer
