"""deepgram-sdk 4 on asyncio, with handlers.

python -m benchmarks.programs.v4_async down|send --url URL
"""

from __future__ import annotations

import asyncio
from typing import Any

from deepgram import DeepgramClient, DeepgramClientOptions, LiveOptions, LiveTranscriptionEvents

from . import wire

__all__ = ["main"]

_DEADLINE_S = 120.0


async def _run(options: Any, meter: wire.Meter, model: str, flooded: bool) -> None:
    warm, ended = asyncio.Event(), asyncio.Event()
    heard: list[Any] = []
    count = 0

    async def on_transcript(_: Any, result: Any, **_kwargs: Any) -> None:
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

    async def on_metadata(_: Any, metadata: Any, **_kwargs: Any) -> None:
        heard.append(metadata.duration)
        ended.set()

    connection = DeepgramClient("benchmark", DeepgramClientOptions(url=options.url)).listen.asyncwebsocket.v("1")
    connection.on(LiveTranscriptionEvents.Transcript, on_transcript)
    connection.on(LiveTranscriptionEvents.Metadata, on_metadata)
    wire.check(await connection.start(LiveOptions(model=model, **wire.OPTIONS)), "no connection")
    for _ in range(0 if flooded else options.warm_up):
        await connection.send(wire.FRAME)
    await asyncio.wait_for(warm.wait(), _DEADLINE_S)
    meter.start()
    for _ in range(1 if flooded else options.count):
        await connection.send(wire.FRAME)
    if not flooded:
        await connection.send(wire.CLOSE_STREAM)
    await asyncio.wait_for(ended.wait(), _DEADLINE_S)
    meter.stop()
    await connection.finish()
    if flooded:
        wire.check(heard[0] == wire.LAST, f"the last message was {heard[0]!r}")
    else:
        wire.check_heard(heard[0], options)


def main() -> None:
    options = wire.parse(__doc__)
    meter = wire.Meter()
    if options.case == "down":
        asyncio.run(_run(options, meter, wire.flood(options.warm_up, options.count), flooded=True))
    else:
        asyncio.run(_run(options, meter, wire.talk(wire.ACK_EVERY), flooded=False))
    wire.report(options.count, meter, ("deepgram-sdk", "websockets", "dataclasses-json"))


if __name__ == "__main__":
    main()
