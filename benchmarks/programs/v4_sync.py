"""The threaded client of deepgram-sdk 4, and this project's facade under the same names: one program.

python -m benchmarks.programs.v4_sync down|send --url URL [--package deepgram_anyio.sync]
"""

from __future__ import annotations

import importlib
import threading
from typing import Any

from . import wire

__all__ = ["main"]

_DEADLINE_S = 120.0


def _run(options: Any, meter: wire.Meter, model: str, flooded: bool) -> None:
    deepgram: Any = importlib.import_module(options.package)
    warm, ended = threading.Event(), threading.Event()
    heard: list[Any] = []
    count = 0

    def on_transcript(_: Any, result: Any, **_kwargs: Any) -> None:
        nonlocal count
        text = result.channel.alternatives[0].transcript
        count += 1
        if flooded and count == options.warm_up:
            warm.set()
        elif flooded and count == options.warm_up + options.count:
            heard.append(text)
            ended.set()
        elif not flooded and result.start + result.duration > options.warm_up * wire.FRAME_S - 0.001:
            warm.set()

    def on_metadata(_: Any, metadata: Any, **_kwargs: Any) -> None:
        heard.append(metadata.duration)
        ended.set()

    client = deepgram.DeepgramClient("benchmark", deepgram.DeepgramClientOptions(url=options.url))
    connection = client.listen.websocket.v("1")
    connection.on(deepgram.LiveTranscriptionEvents.Transcript, on_transcript)
    connection.on(deepgram.LiveTranscriptionEvents.Metadata, on_metadata)
    wire.check(connection.start(deepgram.LiveOptions(model=model, **wire.OPTIONS)), "no connection")
    for _ in range(0 if flooded else options.warm_up):
        connection.send(wire.FRAME)
    wire.check(warm.wait(_DEADLINE_S), "the warm-up did not end")
    meter.start()
    for _ in range(1 if flooded else options.count):
        connection.send(wire.FRAME)
    if not flooded:
        connection.send(wire.CLOSE_STREAM)
    wire.check(ended.wait(_DEADLINE_S), "the messages did not come")
    meter.stop()
    connection.finish()
    if flooded:
        wire.check(heard[0] == wire.LAST, f"the last message was {heard[0]!r}")
    else:
        wire.check_heard(heard[0], options)


def main() -> None:
    options = wire.parse(__doc__)
    meter = wire.Meter()
    flooded = options.case == "down"
    model = wire.flood(options.warm_up, options.count) if flooded else wire.talk(wire.ACK_EVERY)
    _run(options, meter, model, flooded)
    packages = (
        ("deepgram-sdk", "websockets", "dataclasses-json") if options.package == "deepgram" else ("anyio", "msgspec")
    )
    wire.report(options.count, meter, packages)


if __name__ == "__main__":
    main()
