"""A voice agent that calls a function of the program's."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from deepgram_anyio.sync import (
    AgentWebSocketEvents,
    DeepgramClient,
    Function,
    FunctionCallResponse,
    InjectUserMessageOptions,
    Item,
    Parameters,
    Properties,
    SettingsOptions,
)

from .ending import end, tell

__all__ = ["settings"]

events: list[str] = []
conversation: list[str] = []
audio: list[bytes] = []
answered = threading.Event()


def on_open(self: Any, open: Any, **kwargs: Any) -> None:  # noqa: A002 - the name is v4's
    events.append(open.type)


def on_welcome(self: Any, welcome: Any, **kwargs: Any) -> None:
    events.append(welcome.type)


def on_settings_applied(self: Any, settings_applied: Any, **kwargs: Any) -> None:
    events.append(settings_applied.type)


def on_conversation_text(self: Any, conversation_text: Any, **kwargs: Any) -> None:
    events.append(conversation_text.type)
    conversation.append(f"{conversation_text.role}: {conversation_text.content}")


def on_function_call_request(self: Any, function_call_request: Any, **kwargs: Any) -> None:
    events.append(function_call_request.type)
    for call in function_call_request.functions:
        city = json.loads(call.arguments)["item"]
        content = json.dumps({"city": city, "temperature": 21})
        self.send(FunctionCallResponse(id=call.id, name=call.name, content=content).to_json())


def on_binary_data(self: Any, data: bytes, **kwargs: Any) -> None:
    audio.append(data)


def on_agent_audio_done(self: Any, agent_audio_done: Any, **kwargs: Any) -> None:
    events.append(agent_audio_done.type)
    answered.set()


def on_close(self: Any, close: Any, **kwargs: Any) -> None:
    events.append(close.type)


def on_error(self: Any, error: Any, **kwargs: Any) -> None:
    events.append(f"Error: {error}")


def settings() -> SettingsOptions:
    """Return what the agent shall be."""
    options = SettingsOptions()
    options.audio.input.encoding = "linear16"  # type: ignore[union-attr]
    options.audio.input.sample_rate = 16000  # type: ignore[union-attr]
    options.agent.listen.provider.type = "deepgram"
    options.agent.listen.provider.model = "nova-3"
    options.agent.think.provider.type = "open_ai"
    options.agent.think.provider.model = "gpt-4o-mini"
    options.agent.think.prompt = "You are a helpful assistant."
    options.agent.think.functions = [
        Function(
            name="get_weather",
            description="Get the weather of a city.",
            url="",
            method="",
            parameters=Parameters(
                type="object",
                properties=Properties(item=Item(type="string", description="The name of the city.")),
                required=["item"],
            ),
        )
    ]
    options.agent.speak.provider.type = "deepgram"  # type: ignore[union-attr]
    options.agent.speak.provider.model = "aura-2-thalia-en"  # type: ignore[union-attr]
    return options


def main(ending: str, _: str) -> None:
    deepgram = DeepgramClient()
    connection = deepgram.agent.websocket.v("1")
    connection.on(AgentWebSocketEvents.Open, on_open)
    connection.on(AgentWebSocketEvents.Welcome, on_welcome)
    connection.on(AgentWebSocketEvents.SettingsApplied, on_settings_applied)
    connection.on(AgentWebSocketEvents.ConversationText, on_conversation_text)
    connection.on(AgentWebSocketEvents.FunctionCallRequest, on_function_call_request)
    connection.on(AgentWebSocketEvents.AudioData, on_binary_data)
    connection.on(AgentWebSocketEvents.AgentAudioDone, on_agent_audio_done)
    connection.on(AgentWebSocketEvents.Close, on_close)
    connection.on(AgentWebSocketEvents.Error, on_error)
    if connection.start(settings()) is False:
        sys.exit("Failed to start the connection")
    assert connection.inject_user_message(InjectUserMessageOptions(content="What is the weather in Paris?"))
    assert answered.wait(30), events
    end(connection, ending)
    tell(conversation=conversation, events=events, audio_bytes=sum(map(len, audio)))


if __name__ == "__main__":
    main(*sys.argv[1:])
