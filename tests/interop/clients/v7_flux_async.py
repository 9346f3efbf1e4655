"""Conversational transcription with the asyncio client of deepgram-sdk v7."""

from __future__ import annotations

import asyncio

from deepgram import AsyncDeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment

from tests.interop.clients.support import CHUNK_S, DEADLINE_S, KEY, PACE, Report, Speech, arguments, websocket_url

__all__ = ["main"]


async def main(url: str, path: str) -> None:
    report = Report()
    sockets = websocket_url(url)
    environment = DeepgramClientEnvironment(base=url, production=sockets, agent=sockets, agent_rest=url)
    client = AsyncDeepgramClient(api_key=KEY, environment=environment)
    speech = Speech(path)
    async with client.listen.v2.connect(**speech.flux_options) as connection:
        connection.on(EventType.MESSAGE, report.message)
        connection.on(EventType.ERROR, report.error)
        listener = asyncio.create_task(connection.start_listening())
        for chunk in speech.turns():
            await connection.send_media(chunk)
            await asyncio.sleep(CHUNK_S / PACE)
        await connection.send_force_end_turn()
        await connection.send_close_stream()
        try:
            await asyncio.wait_for(listener, DEADLINE_S)
        except asyncio.TimeoutError:
            report.error("the server did not close after CloseStream")
    report.print()


if __name__ == "__main__":
    asyncio.run(main(*arguments()))
