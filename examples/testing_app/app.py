"""A user's application: it writes captions for a stream, and hangs on when the connection breaks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import anyio

from deepgram_anyio import DeepgramClient, Reconnected, ReconnectPolicy
from deepgram_anyio.protocol import listen

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}


class Captions(NamedTuple):
    """What was said, and how often the connection had to be repaired on the way."""

    lines: Sequence[str]
    breaks: int


async def write_captions(
    dg: DeepgramClient, audio: bytes, *, pace: float | None = None, reconnect: ReconnectPolicy | None = None
) -> Captions:
    """Transcribe raw audio as it comes."""
    lines: list[str] = []
    breaks = 0
    async with dg.listen.v1.stream(audio, **RAW, smart_format=True, pace=pace, reconnect=reconnect) as events:
        async for event in events:
            match event:
                case listen.Results(is_final=True) if event.transcript:
                    lines.append(event.transcript)
                case Reconnected():
                    breaks += 1
    return Captions(lines, breaks)


async def main() -> None:
    """Write captions for the raw audio on standard input."""
    async with DeepgramClient() as dg:
        captions = await write_captions(dg, await anyio.to_thread.run_sync(sys.stdin.buffer.read))
    print(*captions.lines, sep="\n")


if __name__ == "__main__":
    anyio.run(main)
