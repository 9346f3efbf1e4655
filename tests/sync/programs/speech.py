"""Text to speech on a socket, into a WAV file."""

from __future__ import annotations

import sys
import wave
from typing import Any

from deepgram_anyio.sync import DeepgramClient, SpeakWebSocketEvents, SpeakWSOptions

from .ending import end, tell

__all__: list[str] = []


def main(ending: str, path: str) -> None:
    events: list[str] = []
    deepgram = DeepgramClient()
    connection = deepgram.speak.websocket.v("1")
    with wave.open(path, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16000)

        def on_open(self: Any, open: Any, **kwargs: Any) -> None:  # noqa: A002 - the name is v4's
            events.append(open.type)

        def on_binary_data(self: Any, data: bytes, **kwargs: Any) -> None:
            recording.writeframes(data)

        def on_flush(self: Any, flushed: Any, **kwargs: Any) -> None:
            events.append(flushed.type)

        def on_close(self: Any, close: Any, **kwargs: Any) -> None:
            events.append(close.type)

        def on_error(self: Any, error: Any, **kwargs: Any) -> None:
            events.append(f"Error: {error}")

        connection.on(SpeakWebSocketEvents.Open, on_open)
        connection.on(SpeakWebSocketEvents.AudioData, on_binary_data)
        connection.on(SpeakWebSocketEvents.Flushed, on_flush)
        connection.on(SpeakWebSocketEvents.Close, on_close)
        connection.on(SpeakWebSocketEvents.Error, on_error)
        options = SpeakWSOptions(model="aura-2-thalia-en", encoding="linear16", sample_rate=16000)
        if connection.start(options) is False:
            sys.exit("Failed to start connection")
        assert connection.send_text("one two three four five")
        assert connection.flush()
        connection.wait_for_complete()
        end(connection, ending)
    tell(events=events)


if __name__ == "__main__":
    main(*sys.argv[1:])
