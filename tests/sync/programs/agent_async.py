"""A voice agent that calls a function of the program's, async."""

from __future__ import annotations

import json
import sys
from typing import Any

import anyio

from deepgram_anyio.sync import (
    AgentWebSocketEvents,
    DeepgramClient,
    FunctionCallResponse,
    InjectUserMessageOptions,
)

from .agent import settings
from .ending import end_async, tell

__all__: list[str] = []


async def main(ending: str, _: str) -> dict[str, Any]:
    events: list[str] = []
    conversation: list[str] = []
    audio: list[bytes] = []
    answered = anyio.Event()

    async def on_open(self: Any, open: Any, **kwargs: Any) -> None:  # noqa: A002 - the name is v4's
        events.append(open.type)

    async def on_welcome(self: Any, welcome: Any, **kwargs: Any) -> None:
        events.append(welcome.type)

    async def on_settings_applied(self: Any, settings_applied: Any, **kwargs: Any) -> None:
        events.append(settings_applied.type)

    async def on_conversation_text(self: Any, conversation_text: Any, **kwargs: Any) -> None:
        events.append(conversation_text.type)
        conversation.append(f"{conversation_text.role}: {conversation_text.content}")

    async def on_function_call_request(self: Any, function_call_request: Any, **kwargs: Any) -> None:
        events.append(function_call_request.type)
        for call in function_call_request.functions:
            city = json.loads(call.arguments)["item"]
            content = json.dumps({"city": city, "temperature": 21})
            await self.send(FunctionCallResponse(id=call.id, name=call.name, content=content).to_json())

    async def on_binary_data(self: Any, data: bytes, **kwargs: Any) -> None:
        audio.append(data)

    async def on_agent_audio_done(self: Any, agent_audio_done: Any, **kwargs: Any) -> None:
        events.append(agent_audio_done.type)
        answered.set()

    async def on_close(self: Any, close: Any, **kwargs: Any) -> None:
        events.append(close.type)

    async def on_error(self: Any, error: Any, **kwargs: Any) -> None:
        events.append(f"Error: {error}")

    deepgram = DeepgramClient()
    connection = deepgram.agent.asyncwebsocket.v("1")
    connection.on(AgentWebSocketEvents.Open, on_open)
    connection.on(AgentWebSocketEvents.Welcome, on_welcome)
    connection.on(AgentWebSocketEvents.SettingsApplied, on_settings_applied)
    connection.on(AgentWebSocketEvents.ConversationText, on_conversation_text)
    connection.on(AgentWebSocketEvents.FunctionCallRequest, on_function_call_request)
    connection.on(AgentWebSocketEvents.AudioData, on_binary_data)
    connection.on(AgentWebSocketEvents.AgentAudioDone, on_agent_audio_done)
    connection.on(AgentWebSocketEvents.Close, on_close)
    connection.on(AgentWebSocketEvents.Error, on_error)
    if await connection.start(settings()) is False:
        sys.exit("Failed to start the connection")
    assert await connection.inject_user_message(InjectUserMessageOptions(content="What is the weather in Paris?"))
    with anyio.fail_after(30):
        await answered.wait()
    await end_async(connection, ending)
    return {"conversation": conversation, "events": events, "audio_bytes": sum(map(len, audio))}


if __name__ == "__main__":
    ending, path, backend = sys.argv[1:]
    tell(**anyio.run(main, ending, path, backend=backend))
