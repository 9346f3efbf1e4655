"""Live transcription with this project's client."""

from __future__ import annotations

import anyio

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol import listen
from tests.interop.clients.support import KEY, PACE, Report, arguments

__all__ = ["main"]


async def main(url: str, path: str) -> None:
    report = Report()
    async with (
        DeepgramClient(KEY, base_url=url) as dg,
        dg.listen.v1.stream(path, model="nova-3", interim_results=True, pace=PACE) as results,
    ):
        async for event in results:
            match event:
                case listen.Results():
                    report.results(event.channel.alternatives[0].transcript, is_final=event.is_final)
                case listen.Metadata():
                    report.metadata(event.duration, event.request_id)
                case _:
                    report.error(event)
    report.print()


if __name__ == "__main__":
    anyio.run(main, *arguments())
