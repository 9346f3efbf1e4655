"""Conversational transcription with this project's client."""

from __future__ import annotations

import anyio

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol import flux
from tests.interop.clients.support import CHUNK_S, KEY, PACE, Report, Speech, arguments

__all__ = ["main"]


async def main(url: str, path: str) -> None:
    report = Report()
    speech = Speech(path)
    async with (
        DeepgramClient(KEY, base_url=url) as dg,
        dg.listen.v2.connect(**speech.flux_options) as connection,
        anyio.create_task_group() as tasks,
    ):

        async def send() -> None:
            for chunk in speech.turns():
                await connection.send(chunk)
                await anyio.sleep(CHUNK_S / PACE)
            await connection.force_end_turn()
            await connection.close_stream()

        tasks.start_soon(send)
        async for event in connection:
            match event:
                case flux.TurnInfo():
                    report.turn(event.event, event.transcript, event.audio_window_end, event.request_id)
                case flux.Connected():
                    report.events["Connected"] += 1
                case _:
                    report.error(event)
    report.print()


if __name__ == "__main__":
    anyio.run(main, *arguments())
