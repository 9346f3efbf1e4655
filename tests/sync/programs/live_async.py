"""Live transcription of a file, async."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio

from deepgram_anyio.sync import ClientOptionsFromEnv, DeepgramClient, LiveOptions, LiveTranscriptionEvents

from .ending import end_async, tell

__all__: list[str] = []


def chunks(path: str) -> Iterator[bytes]:
    with Path(path).open("rb") as audio:
        while data := audio.read(8192):
            yield data


async def main(ending: str, path: str) -> dict[str, Any]:
    events: list[str] = []
    transcript: list[str] = []
    heard_all = anyio.Event()

    async def on_open(self: Any, open: Any, **kwargs: Any) -> None:  # noqa: A002 - the name is v4's
        events.append(open.type)

    async def on_message(self: Any, result: Any, **kwargs: Any) -> None:
        events.append(result.type)
        sentence = result.channel.alternatives[0].transcript
        if result.is_final and len(sentence) > 0:
            transcript.append(sentence)

    async def on_metadata(self: Any, metadata: Any, **kwargs: Any) -> None:
        events.append(metadata.type)

    async def on_speech_started(self: Any, speech_started: Any, **kwargs: Any) -> None:
        events.append(speech_started.type)

    async def on_utterance_end(self: Any, utterance_end: Any, **kwargs: Any) -> None:
        events.append(utterance_end.type)
        if len(transcript) == 2:
            heard_all.set()

    async def on_close(self: Any, close: Any, **kwargs: Any) -> None:
        events.append(close.type)

    async def on_error(self: Any, error: Any, **kwargs: Any) -> None:
        events.append(f"Error: {error}")

    config = ClientOptionsFromEnv(options={"keepalive": "true", "auto_flush_reply_delta": "500"})
    deepgram = DeepgramClient("", config)
    connection = deepgram.listen.asyncwebsocket.v("1")
    connection.on(LiveTranscriptionEvents.Open, on_open)
    connection.on(LiveTranscriptionEvents.Transcript, on_message)
    connection.on(LiveTranscriptionEvents.Metadata, on_metadata)
    connection.on(LiveTranscriptionEvents.SpeechStarted, on_speech_started)
    connection.on(LiveTranscriptionEvents.UtteranceEnd, on_utterance_end)
    connection.on(LiveTranscriptionEvents.Close, on_close)
    connection.on(LiveTranscriptionEvents.Error, on_error)
    options = LiveOptions(
        model="nova-3",
        language="en-US",
        encoding="linear16",
        channels=1,
        sample_rate=16000,
        interim_results=True,
        utterance_end_ms="1000",
        vad_events=True,
    )
    if await connection.start(options, addons={"no_delay": "true"}) is False:
        sys.exit("Failed to connect to Deepgram")
    for data in chunks(path):
        assert await connection.send(data)
    with anyio.fail_after(30):
        await heard_all.wait()
    await end_async(connection, ending)
    return {"transcript": transcript, "events": events}


if __name__ == "__main__":
    ending, path, backend = sys.argv[1:]
    tell(**anyio.run(main, ending, path, backend=backend))
