"""Live transcription with the threaded client of deepgram-sdk v4."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from deepgram import DeepgramClient, DeepgramClientOptions, LiveOptions, LiveTranscriptionEvents

from tests.interop.clients.support import CHUNK_S, DEADLINE_S, KEY, PACE, Report, Speech, arguments

__all__ = ["main"]


def main(url: str, path: str) -> None:
    report = Report()
    ended = threading.Event()

    def on_transcript(_: Any, result: Any, **_kwargs: Any) -> None:
        report.results(result.channel.alternatives[0].transcript, is_final=result.is_final)

    def on_metadata(_: Any, metadata: Any, **_kwargs: Any) -> None:
        report.metadata(metadata.duration, metadata.request_id)
        ended.set()

    def on_trouble(_: Any, *args: Any, **kwargs: Any) -> None:
        report.error((*args, *kwargs.values()))
        ended.set()

    connection = DeepgramClient(KEY, DeepgramClientOptions(url=url)).listen.websocket.v("1")
    connection.on(LiveTranscriptionEvents.Transcript, on_transcript)
    connection.on(LiveTranscriptionEvents.Metadata, on_metadata)
    connection.on(LiveTranscriptionEvents.Error, on_trouble)
    connection.on(LiveTranscriptionEvents.Unhandled, on_trouble)

    speech = Speech(path)
    if not connection.start(LiveOptions(**speech.options)):
        raise SystemExit("the connection could not be started")
    for chunk in speech.chunks():
        connection.send(chunk)
        time.sleep(CHUNK_S / PACE)
    # finish() alone gives the server half a second and then drops what comes; so the stream is ended by hand first.
    connection.send(json.dumps({"type": "CloseStream"}))
    if not ended.wait(DEADLINE_S):
        report.error("no Metadata after CloseStream")
    # The server closes next, upon which the listening thread lets go of the socket; finish() must not do so at once.
    deadline = time.monotonic() + DEADLINE_S
    while connection.is_connected() and time.monotonic() < deadline:
        time.sleep(CHUNK_S)
    connection.finish()
    report.print()


if __name__ == "__main__":
    main(*arguments())
