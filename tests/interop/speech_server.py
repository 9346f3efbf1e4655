"""The embedded server with the small voice, which always takes the same time for the same text."""

from __future__ import annotations

import signal

import anyio

from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.espeak import EspeakVoice

__all__ = ["main"]


async def main() -> None:
    async with serve(voice=EspeakVoice()) as server:
        print(server.url, flush=True)
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                return


if __name__ == "__main__":
    anyio.run(main)
