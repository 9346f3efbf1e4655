"""Live transcription of a file."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from deepgram_anyio.sync import ClientOptionsFromEnv, DeepgramClient, LiveOptions, LiveTranscriptionEvents

from .ending import end, tell

__all__: list[str] = []

events: list[str] = []
transcript: list[str] = []
heard_all = threading.Event()


def on_open(self: Any, open: Any, **kwargs: Any) -> None:  # noqa: A002 - the name is v4's
    events.append(open.type)


def on_message(self: Any, result: Any, **kwargs: Any) -> None:
    events.append(result.type)
    sentence = result.channel.alternatives[0].transcript
    if result.is_final and len(sentence) > 0:
        transcript.append(sentence)


def on_metadata(self: Any, metadata: Any, **kwargs: Any) -> None:
    events.append(metadata.type)


def on_speech_started(self: Any, speech_started: Any, **kwargs: Any) -> None:
    events.append(speech_started.type)


def on_utterance_end(self: Any, utterance_end: Any, **kwargs: Any) -> None:
    events.append(utterance_end.type)
    if len(transcript) == 2:
        heard_all.set()


def on_close(self: Any, close: Any, **kwargs: Any) -> None:
    events.append(close.type)


def on_error(self: Any, error: Any, **kwargs: Any) -> None:
    events.append(f"Error: {error}")


def main(ending: str, path: str) -> None:
    config = ClientOptionsFromEnv(options={"keepalive": "true", "auto_flush_reply_delta": "500"})
    deepgram = DeepgramClient("", config)
    connection = deepgram.listen.websocket.v("1")
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
    if connection.start(options, addons={"no_delay": "true"}) is False:
        sys.exit("Failed to connect to Deepgram")
    with Path(path).open("rb") as audio:
        while data := audio.read(8192):
            assert connection.send(data)
    assert heard_all.wait(30), events
    end(connection, ending)
    tell(transcript=transcript, events=events)


if __name__ == "__main__":
    main(*sys.argv[1:])
