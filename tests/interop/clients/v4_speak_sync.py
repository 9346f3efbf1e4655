"""Text to speech with the threaded client of deepgram-sdk v4, without its speaker."""

from __future__ import annotations

import threading
import time
from typing import Any

from deepgram import DeepgramClient, DeepgramClientOptions, SpeakWebSocketEvents, SpeakWSOptions

from tests.interop.clients.speech_support import SAMPLE_RATE, SPEAK_MODEL, SPOKEN, SpeechReport
from tests.interop.clients.support import CHUNK_S, DEADLINE_S, KEY, arguments

__all__ = ["main"]


def main(url: str, _path: str) -> None:
    report = SpeechReport()
    flushed = threading.Event()

    def on_audio(_: Any, data: bytes, **_kwargs: Any) -> None:
        report.audio(data)

    def on_metadata(_: Any, metadata: Any, **_kwargs: Any) -> None:
        report.message(metadata.to_dict())

    def on_flushed(_: Any, flushed: Any, **_kwargs: Any) -> None:
        report.message(flushed.to_dict())
        done()

    def done() -> None:
        flushed.set()

    def on_trouble(_: Any, *args: Any, **kwargs: Any) -> None:
        report.error((*args, *kwargs.values()))
        done()

    connection = DeepgramClient(KEY, DeepgramClientOptions(url=url)).speak.websocket.v("1")
    connection.on(SpeakWebSocketEvents.AudioData, on_audio)
    connection.on(SpeakWebSocketEvents.Metadata, on_metadata)
    connection.on(SpeakWebSocketEvents.Flushed, on_flushed)
    for event in (SpeakWebSocketEvents.Warning, SpeakWebSocketEvents.Error, SpeakWebSocketEvents.Unhandled):
        connection.on(event, on_trouble)
    if not connection.start(SpeakWSOptions(model=SPEAK_MODEL, encoding="linear16", sample_rate=SAMPLE_RATE)):
        raise SystemExit("the connection could not be started")
    for text in SPOKEN:
        connection.send_text(text)
    connection.flush()
    if not flushed.wait(DEADLINE_S):
        report.error("no Flushed after Flush")
    connection.send_control("Close")
    # The server closes next, upon which the listening thread lets go of the socket; finish() must not do so at once.
    deadline = time.monotonic() + DEADLINE_S
    while connection.is_connected() and time.monotonic() < deadline:
        time.sleep(CHUNK_S)
    connection.finish()
    report.print()


if __name__ == "__main__":
    main(*arguments())
