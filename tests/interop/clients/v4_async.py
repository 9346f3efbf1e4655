"""Live transcription with the asyncio client of deepgram-sdk v4."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from deepgram import DeepgramClient, DeepgramClientOptions, LiveOptions, LiveTranscriptionEvents

from tests.interop.clients.support import CHUNK_S, DEADLINE_S, KEY, PACE, Report, Speech, arguments

__all__ = ["main"]


async def main(url: str, path: str) -> None:
    report = Report()
    ended = asyncio.Event()

    async def on_transcript(_: Any, result: Any, **_kwargs: Any) -> None:
        report.results(result.channel.alternatives[0].transcript, is_final=result.is_final)

    async def on_metadata(_: Any, metadata: Any, **_kwargs: Any) -> None:
        report.metadata(metadata.duration, metadata.request_id)
        ended.set()

    async def on_trouble(_: Any, *args: Any, **kwargs: Any) -> None:
        report.error((*args, *kwargs.values()))
        ended.set()

    connection = DeepgramClient(KEY, DeepgramClientOptions(url=url)).listen.asyncwebsocket.v("1")
    connection.on(LiveTranscriptionEvents.Transcript, on_transcript)
    connection.on(LiveTranscriptionEvents.Metadata, on_metadata)
    connection.on(LiveTranscriptionEvents.Error, on_trouble)
    connection.on(LiveTranscriptionEvents.Unhandled, on_trouble)

    speech = Speech(path)
    if not await connection.start(LiveOptions(**speech.options)):
        raise SystemExit("the connection could not be started")
    for chunk in speech.chunks():
        await connection.send(chunk)
        await asyncio.sleep(CHUNK_S / PACE)
    # finish() alone gives the server half a second and then drops what comes; so the stream is ended by hand first.
    await connection.send(json.dumps({"type": "CloseStream"}))
    try:
        await asyncio.wait_for(ended.wait(), DEADLINE_S)
    except asyncio.TimeoutError:
        report.error("no Metadata after CloseStream")
    await connection.finish()
    report.print()


if __name__ == "__main__":
    asyncio.run(main(*arguments()))
