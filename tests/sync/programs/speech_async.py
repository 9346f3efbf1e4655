"""Text to speech on a socket, into a WAV file, async."""

from __future__ import annotations

import sys
import wave
from typing import Any

import anyio

from deepgram_anyio.sync import DeepgramClient, SpeakWebSocketEvents, SpeakWSOptions

from .ending import end_async, tell

__all__: list[str] = []


async def main(ending: str, path: str) -> dict[str, Any]:
    events: list[str] = []
    deepgram = DeepgramClient()
    connection = deepgram.speak.asyncwebsocket.v("1")
    with wave.open(path, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16000)

        async def on_open(self: Any, open: Any, **kwargs: Any) -> None:  # noqa: A002 - the name is v4's
            events.append(open.type)

        async def on_binary_data(self: Any, data: bytes, **kwargs: Any) -> None:
            recording.writeframes(data)

        async def on_flush(self: Any, flushed: Any, **kwargs: Any) -> None:
            events.append(flushed.type)

        async def on_close(self: Any, close: Any, **kwargs: Any) -> None:
            events.append(close.type)

        async def on_error(self: Any, error: Any, **kwargs: Any) -> None:
            events.append(f"Error: {error}")

        connection.on(SpeakWebSocketEvents.Open, on_open)
        connection.on(SpeakWebSocketEvents.AudioData, on_binary_data)
        connection.on(SpeakWebSocketEvents.Flushed, on_flush)
        connection.on(SpeakWebSocketEvents.Close, on_close)
        connection.on(SpeakWebSocketEvents.Error, on_error)
        options = SpeakWSOptions(model="aura-2-thalia-en", encoding="linear16", sample_rate=16000)
        if await connection.start(options) is False:
            sys.exit("Failed to start connection")
        assert await connection.send_text("one two three four five")
        assert await connection.flush()
        await connection.wait_for_complete()
        await end_async(connection, ending)
    return {"events": events}


if __name__ == "__main__":
    ending, path, backend = sys.argv[1:]
    tell(**anyio.run(main, ending, path, backend=backend))
