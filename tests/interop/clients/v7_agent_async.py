"""A conversation with the asyncio client of deepgram-sdk v7."""

from __future__ import annotations

import asyncio
from typing import Any

from deepgram import AsyncDeepgramClient
from deepgram.agent.v1.types import AgentV1SendFunctionCallResponse, AgentV1Settings
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment

from tests.interop.clients.agent_support import CHUNK_S, DEADLINE_S, AgentReport, Question, settings
from tests.interop.clients.support import KEY, arguments, websocket_url

__all__ = ["main"]


async def main(url: str, path: str) -> None:
    question = Question(path)
    report = AgentReport(question)
    applied, done = asyncio.Event(), asyncio.Event()
    sockets = websocket_url(url)
    environment = DeepgramClientEnvironment(base=url, production=sockets, agent=sockets, agent_rest=url)
    client = AsyncDeepgramClient(api_key=KEY, environment=environment)

    async with client.agent.v1.connect() as connection:

        async def on_message(message: Any) -> None:
            if isinstance(message, bytes):
                report.audio(message)
                return
            report.events[message.type] += 1
            if message.type == "Welcome":
                report.welcome(message.request_id)
            elif message.type == "SettingsApplied":
                applied.set()
            elif message.type == "ConversationText":
                report.said(message.role, message.content)
            elif message.type == "FunctionCallRequest":
                for call in message.functions:
                    content = report.called(call.name, call.arguments)
                    answer = AgentV1SendFunctionCallResponse(
                        type="FunctionCallResponse", id=call.id, name=call.name, content=content
                    )
                    await connection.send_function_call_response(answer)
            elif message.type == "AgentAudioDone":
                done.set()
            elif message.type in ("Error", "Warning"):
                report.error(message)

        connection.on(EventType.MESSAGE, on_message)
        connection.on(EventType.ERROR, report.error)
        listener = asyncio.create_task(connection.start_listening())
        await connection.send_settings(AgentV1Settings(type="Settings", **settings(question.sample_rate)))
        await asyncio.wait_for(applied.wait(), DEADLINE_S)
        for chunk in question.chunks():
            await connection.send_media(chunk)
            await asyncio.sleep(CHUNK_S)
        try:
            await asyncio.wait_for(done.wait(), DEADLINE_S)
        except asyncio.TimeoutError:
            report.error("no AgentAudioDone")
        listener.cancel()
    report.print()


if __name__ == "__main__":
    asyncio.run(main(*arguments()))
