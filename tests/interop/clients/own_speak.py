"""Text to speech with this project's client."""

from __future__ import annotations

import anyio

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol import speak
from tests.interop.clients.speech_support import SAMPLE_RATE, SPOKEN, SpeechReport
from tests.interop.clients.support import KEY, arguments

__all__ = ["main"]


async def main(url: str, _path: str) -> None:
    report = SpeechReport()
    async with DeepgramClient(KEY, base_url=url) as dg, dg.speak.v1.connect(sample_rate=SAMPLE_RATE) as connection:
        async for chunk in connection.synthesize("".join(SPOKEN)):
            report.audio(chunk)
        await connection.close_stream()
        async for event in connection:
            match event:
                case speak.Metadata() | speak.Flushed():
                    report.message(event.to_dict())
                case _:
                    report.error(event)
    report.print()


if __name__ == "__main__":
    anyio.run(main, *arguments())
