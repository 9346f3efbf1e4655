"""Captions of what the microphone hears, until Ctrl-C; with no key and no network.

python examples/microphone_captions.py
"""

from __future__ import annotations

from contextlib import suppress

import anyio

from deepgram_anyio import DeepgramClient
from deepgram_anyio.audio import Microphone
from deepgram_anyio.protocol import listen


async def main() -> None:
    async with DeepgramClient.local() as dg, Microphone() as mic, dg.listen.v1.stream(mic, **mic.format) as results:
        print(f"Listening to {mic.device.name}; Ctrl-C ends.")
        async for event in results:
            if isinstance(event, listen.Results) and event.is_final and event.transcript:
                print(event.transcript, flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        anyio.run(main)
