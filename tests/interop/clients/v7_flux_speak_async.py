"""Turn-based text to speech with the asyncio client of deepgram-sdk v7."""

from __future__ import annotations

import asyncio
from typing import Any

from deepgram import AsyncDeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment
from deepgram.speak.v2.types import SpeakV2Configure, SpeakV2Speak

from tests.interop.clients.speech_support import FLUX_MODEL, SAMPLE_RATE, SPOKEN, SpeechReport
from tests.interop.clients.support import DEADLINE_S, KEY, arguments, websocket_url

__all__ = ["main"]


async def main(url: str, _path: str) -> None:
    report = SpeechReport()
    sockets = websocket_url(url)
    environment = DeepgramClientEnvironment(base=url, production=sockets, agent=sockets, agent_rest=url)
    client = AsyncDeepgramClient(api_key=KEY, environment=environment)

    def on_message(message: Any) -> None:
        if isinstance(message, bytes):
            report.audio(message)
        else:
            report.message(message.dict())

    async with client.speak.v2.connect(model=FLUX_MODEL, sample_rate=SAMPLE_RATE) as connection:
        connection.on(EventType.MESSAGE, on_message)
        connection.on(EventType.ERROR, report.error)
        listener = asyncio.create_task(connection.start_listening())
        await connection.send_configure(SpeakV2Configure(speed=1.0))
        for text in SPOKEN:
            await connection.send_speak(SpeakV2Speak(text=text))
        await connection.send_flush()
        await connection.send_close()
        try:
            await asyncio.wait_for(listener, DEADLINE_S)
        except asyncio.TimeoutError:
            report.error("the server did not close after Close")
    report.print()


if __name__ == "__main__":
    asyncio.run(main(*arguments()))
