"""Messages of the voice agent, ``/v1/agent/converse``: names and fields as on the wire.

Source: Deepgram's AsyncAPI specification, channel ``/v1/agent/converse``, with what its newer SDKs, its documentation
and recorded conversations add. Latencies are in seconds.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from .agent_settings import (
    Agent,
    AudioSettings,
    CalledFunction,
    Context,
    Endpoint,
    Flags,
    Function,
    FunctionEndpoint,
    Given,
    History,
    InputAudio,
    Listen,
    OutputAudio,
    Provider,
    Settings,
    Speak,
    Think,
    ThinkLive,
)
from .messages import Audio, Data, Message, Reconnected, UnknownEvent

__all__ = [
    "Agent",
    "AgentAudioDone",
    "AgentStartedSpeaking",
    "AgentThinking",
    "Audio",
    "AudioSettings",
    "CalledFunction",
    "CancelledFunction",
    "Context",
    "ConversationText",
    "CustomFromThinkProvider",
    "CustomToThinkProvider",
    "EndOfThought",
    "Endpoint",
    "Error",
    "Event",
    "Flags",
    "ForceEndTurn",
    "FrustrationDetected",
    "Function",
    "FunctionCall",
    "FunctionCallCancelled",
    "FunctionCallRequest",
    "FunctionCallResponse",
    "FunctionEndpoint",
    "Given",
    "History",
    "InjectAgentMessage",
    "InjectUserMessage",
    "InjectionRefused",
    "InputAudio",
    "KeepAlive",
    "LatencyReport",
    "Listen",
    "ListenUpdated",
    "OutputAudio",
    "PromptUpdated",
    "Provider",
    "Settings",
    "SettingsApplied",
    "Speak",
    "SpeakUpdated",
    "Think",
    "ThinkLive",
    "ThinkLiveUpdated",
    "ThinkUpdated",
    "UnknownEvent",
    "UpdateListen",
    "UpdatePrompt",
    "UpdateSpeak",
    "UpdateThink",
    "UpdateThinkLive",
    "UserStartedSpeaking",
    "Warning",
    "Welcome",
]


# What the server says.


class Welcome(Message):
    """The first message of a server.

    Attributes:
        request_id: the request's identifier, to quote to support.
    """

    request_id: str


class SettingsApplied(Message):
    """The `Settings` are in force."""


class ConversationText(Message):
    """Something was said.

    Attributes:
        role: ``user`` or ``assistant``.
        content: the words.
        languages_hinted: the languages that the request named; user only, multilingual Flux only.
        languages: the languages heard, most frequent first; likewise.
        conversational_behavior: ``default``, ``backchannel``, ``presence_check`` or ``filler``; an open list.
    """

    role: str
    content: str
    languages_hinted: list[str] | None = None
    languages: list[str] | None = None
    conversational_behavior: str | None = None


class UserStartedSpeaking(Message):
    """The user speaks: stop playing what the agent said."""


class AgentThinking(Message):
    """What the agent thinks, where its model tells.

    Attributes:
        content: the words.
    """

    content: str


class EndOfThought(Message):
    """The agent's model begins to answer. In no specification, but on the wire."""


class LatencyReport(Message):
    """Where the time went in one answer; absent parts did not take place.

    Attributes:
        ttt_token_latency: to the language model's first token.
        ttt_text_latency: to its first text.
        ttt_tool_latency: to its first function call.
        ttt_thinking_latency: to its first thought.
        tts_latency: to the first audio.
        stt_latency: of the transcript.
        total_latency: of the whole.
    """

    ttt_token_latency: float | None = None
    ttt_text_latency: float | None = None
    ttt_tool_latency: float | None = None
    ttt_thinking_latency: float | None = None
    tts_latency: float | None = None
    stt_latency: float | None = None
    total_latency: float | None = None


class FunctionCall(Data):
    """A function to call.

    Attributes:
        id: to be repeated in the answer.
        name: the function's name.
        arguments: a JSON object, as text.
        client_side: whether the client has to call it; the server calls the others itself.
        thought_signature: an identifier that some models want back.
    """

    id: str
    name: str
    arguments: str
    client_side: bool
    thought_signature: str | None = None


class FunctionCallRequest(Message):
    """The agent wants functions called; those with ``client_side`` by the client.

    Attributes:
        functions: the calls.
    """

    functions: list[FunctionCall]


class CancelledFunction(Data):
    """A call that is no longer wanted.

    Attributes:
        id: the call's identifier.
        name: the function's name.
    """

    id: str
    name: str


class FunctionCallCancelled(Message):
    """These calls are no longer wanted, since the user went on; do not answer them.

    Attributes:
        functions: the calls.
    """

    functions: list[CancelledFunction]


class AgentStartedSpeaking(Message):
    """The first audio of an answer follows.

    Attributes:
        total_latency: from the end of the user's words to the first audio.
        tts_latency: the voice's part in it.
        ttt_latency: the language model's part.
    """

    total_latency: float
    tts_latency: float
    ttt_latency: float


class AgentAudioDone(Message):
    """All audio of an answer was sent; it may still be playing."""


class ListenUpdated(Message):
    """An `UpdateListen` is in force."""


class ThinkUpdated(Message):
    """An `UpdateThink` is in force."""


class ThinkLiveUpdated(Message):
    """An `UpdateThinkLive` is in force."""


class SpeakUpdated(Message):
    """An `UpdateSpeak` is in force."""


class PromptUpdated(Message):
    """An `UpdatePrompt` is in force."""


class InjectionRefused(Message):
    """An `InjectAgentMessage` came while somebody was speaking; see its `behavior`.

    Attributes:
        message: why.
    """

    message: str


class FrustrationDetected(Message):
    """The user sounds frustrated, with ``think_live``.

    Attributes:
        count: how often that was said in this conversation.
        escalated: it was said as often as ``frustration_max_count``.
    """

    count: int
    escalated: bool


class CustomFromThinkProvider(Message, tag="__customFromThinkProvider"):
    """Whatever an own language model service sends to the client.

    Attributes:
        content: as the service sent it.
    """

    content: Any = None


class Error(Message):
    """The conversation cannot go on; the server closes next.

    Attributes:
        description: why, for a person.
        code: such as ``INVALID_SETTINGS``, ``UNPARSABLE_CLIENT_MESSAGE``, ``CLIENT_MESSAGE_TIMEOUT`` or
            ``INTERNAL_SERVER_ERROR``; an open list.
        message: the same once more, from older servers.
    """

    description: str
    code: str | None = None
    message: str | None = None


class Warning(Message):  # noqa: A001 - the name on the wire
    """The server goes on, but something is not as it should be.

    Attributes:
        description: what, for a person.
        code: such as ``PROMPT_TOO_LONG``; an open list.
    """

    description: str
    code: str


# What either says.


class FunctionCallResponse(Message):
    """The result of a function: the client's answer to a `FunctionCallRequest`, or a server's report of its own call.

    Attributes:
        id: of the call; a server may leave it out.
        name: the function's name.
        content: the result, mostly JSON.
    """

    name: str
    content: str
    id: str | None = None


# What the client says.


class KeepAlive(Message):
    """Keeps a conversation open while no audio is sent."""


class InjectUserMessage(Message):
    """Words of the user that were not spoken.

    Attributes:
        content: the words.
    """

    content: str


class InjectAgentMessage(Message):
    """Words for the agent to say.

    Attributes:
        message: the words; None with `is_dynamic`.
        behavior: when somebody is speaking: ``default`` refuses, ``queue`` waits, ``interrupt`` speaks at once.
        is_dynamic: let ``think_live`` find the words.
    """

    message: str | None = None
    behavior: str | None = None
    is_dynamic: bool | None = None


class UpdatePrompt(Message):
    """New instructions.

    Attributes:
        prompt: the instructions.
    """

    prompt: str


class UpdateListen(Message):
    """Another way to hear.

    Attributes:
        listen: as in the settings.
    """

    listen: Given[Listen]


class UpdateThink(Message):
    """Another language model, prompt, or set of functions; a list is tried in order.

    Attributes:
        think: as in the settings.
    """

    think: Given[Think] | list[Given[Think]]


class UpdateThinkLive(Message, tag="UpdateThink_Live"):
    """Another model beside the language model.

    Attributes:
        think_live: as in the settings.
    """

    think_live: Given[ThinkLive]


class UpdateSpeak(Message):
    """Another voice; a list is tried in order.

    Attributes:
        speak: as in the settings.
    """

    speak: Given[Speak] | list[Given[Speak]]


class ForceEndTurn(Message):
    """Ends the user's turn at once; Flux models only."""


class CustomToThinkProvider(Message, tag="__customToThinkProvider"):
    """Whatever an own language model service shall get from the client.

    Attributes:
        content: as the service takes it.
    """

    content: Any = None


Event: TypeAlias = (
    Audio
    | Welcome
    | SettingsApplied
    | ConversationText
    | UserStartedSpeaking
    | AgentThinking
    | EndOfThought
    | LatencyReport
    | FunctionCallRequest
    | FunctionCallCancelled
    | FunctionCallResponse
    | AgentStartedSpeaking
    | AgentAudioDone
    | History
    | ListenUpdated
    | ThinkUpdated
    | ThinkLiveUpdated
    | SpeakUpdated
    | PromptUpdated
    | InjectionRefused
    | FrustrationDetected
    | CustomFromThinkProvider
    | Error
    | Warning
    | UnknownEvent
    | Reconnected
)
"""Whatever a conversation with an agent may yield."""
