"""Turn-based text to speech with this project's client."""

from __future__ import annotations

import anyio

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol.messages import Message
from tests.interop.clients.speech_support import FLUX_MODEL, SAMPLE_RATE, SPOKEN, SpeechReport
from tests.interop.clients.support import KEY, arguments

__all__ = ["main"]


async def main(url: str, _path: str) -> None:
    report = SpeechReport()
    async with (
        DeepgramClient(KEY, base_url=url) as dg,
        dg.speak.v2.connect(model=FLUX_MODEL, sample_rate=SAMPLE_RATE) as connection,
    ):
        async for chunk in connection.synthesize("".join(SPOKEN)):
            report.audio(chunk)
        await connection.close_stream()
        async for event in connection:
            if isinstance(event, Message):
                report.message(event.to_dict())
            else:
                report.error(event)
    report.print()


if __name__ == "__main__":
    anyio.run(main, *arguments())
