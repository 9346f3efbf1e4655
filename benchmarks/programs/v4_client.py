"""The same v4 program under deepgram-sdk 4.8.1 and under this project's facade, measured from within.

    python v4_client.py deepgram|deepgram_anyio.sync send|receive PORT COUNT

Prints one JSON object: CPU seconds of the process, and what was counted.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from typing import Any

__all__ = ["main"]

_FRAME = bytes(640)
_WARM_UP = 2_000
_WARM_UP_EVENTS = 200


def main(package: str, what: str, port: str, count: str) -> None:
    deepgram: Any = importlib.import_module(package)
    options = deepgram.DeepgramClientOptions(url=f"http://127.0.0.1:{port}")
    client = deepgram.DeepgramClient("key", options)
    connection = client.listen.websocket.v("1")
    ended = threading.Event()
    transcripts: list[str] = []
    durations: list[float] = []

    began: list[float] = []

    def on_transcript(self: Any, result: Any, **kwargs: Any) -> None:
        transcripts.append(result.channel.alternatives[0].transcript)
        if len(transcripts) == _WARM_UP_EVENTS:
            began.append(time.process_time())

    def on_metadata(self: Any, metadata: Any, **kwargs: Any) -> None:
        durations.append(metadata.duration)
        ended.set()

    connection.on(deepgram.LiveTranscriptionEvents.Transcript, on_transcript)
    connection.on(deepgram.LiveTranscriptionEvents.Metadata, on_metadata)
    assert connection.start(deepgram.LiveOptions(model="nova-3", encoding="linear16", sample_rate=16000))
    if what == "send":
        for _ in range(_WARM_UP):
            connection.send(_FRAME)
        began.append(time.process_time())
        for _ in range(int(count)):
            connection.send(_FRAME)
        connection.send(json.dumps({"type": "CloseStream"}))
    assert ended.wait(120)
    spent = time.process_time() - began[0]
    connection.finish()
    print(json.dumps({"cpu_s": spent, "events": len(transcripts), "last": transcripts[-1:], "duration": durations[0]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
