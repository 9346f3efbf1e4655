"""Messages of a voice agent's server: those of v4, and after them those that v4 gave only as text."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import BaseResponse

__all__ = [
    "AgentAudioDoneResponse",
    "AgentStartedSpeakingResponse",
    "AgentThinkingResponse",
    "AgentWarningResponse",
    "CancelledFunction",
    "ConversationTextResponse",
    "EndOfThoughtResponse",
    "FrustrationDetectedResponse",
    "FunctionCall",
    "FunctionCallCancelled",
    "FunctionCallRequest",
    "HistoryFunctionCall",
    "HistoryResponse",
    "InjectionRefusedResponse",
    "LatencyReportResponse",
    "ListenUpdatedResponse",
    "PromptUpdatedResponse",
    "SettingsAppliedResponse",
    "SpeakUpdatedResponse",
    "ThinkLiveUpdatedResponse",
    "ThinkUpdatedResponse",
    "UserStartedSpeakingResponse",
    "WelcomeResponse",
]


@dataclass(eq=False, repr=False)
class WelcomeResponse(BaseResponse):
    """The first message of a server."""

    type: str
    request_id: str


@dataclass(eq=False, repr=False)
class SettingsAppliedResponse(BaseResponse):
    """The settings are in force."""

    type: str


@dataclass(eq=False, repr=False)
class ConversationTextResponse(BaseResponse):
    """Something was said, by ``user`` or ``assistant``."""

    type: str
    role: str
    content: str


@dataclass(eq=False, repr=False)
class UserStartedSpeakingResponse(BaseResponse):
    """The user speaks: stop playing what the agent said."""

    type: str


@dataclass(eq=False, repr=False)
class AgentThinkingResponse(BaseResponse):
    """What the agent thinks, where its model tells."""

    type: str
    content: str


@dataclass(eq=False, repr=False)
class FunctionCall(BaseResponse):
    """A function to call; the arguments are a JSON object, as text."""

    id: str
    name: str
    arguments: str
    client_side: bool


@dataclass(eq=False, repr=False)
class FunctionCallRequest(BaseResponse):
    """The agent wants functions called; those with ``client_side`` by the client."""

    type: str
    functions: list[FunctionCall]


@dataclass(eq=False, repr=False)
class AgentStartedSpeakingResponse(BaseResponse):
    """The first audio of an answer follows; latencies in seconds."""

    total_latency: float
    tts_latency: float
    ttt_latency: float


@dataclass(eq=False, repr=False)
class AgentAudioDoneResponse(BaseResponse):
    """All audio of an answer was sent."""

    type: str


@dataclass(eq=False, repr=False)
class InjectionRefusedResponse(BaseResponse):
    """A message for the agent to say came while somebody was speaking."""

    type: str


@dataclass(eq=False, repr=False)
class HistoryFunctionCall(BaseResponse):
    """A function call and its result, as history has it."""

    id: str = ""
    name: str = ""
    client_side: bool = False
    arguments: str = ""
    response: str = ""


@dataclass(eq=False, repr=False)
class CancelledFunction(BaseResponse):
    """A call that is no longer wanted."""

    id: str = ""
    name: str = ""


@dataclass(eq=False, repr=False)
class AgentWarningResponse(BaseResponse):
    """The server goes on, but something is not as it should be; ``code`` such as ``PROMPT_TOO_LONG``."""

    type: str = "Warning"
    description: str = ""
    code: str = ""


@dataclass(eq=False, repr=False)
class HistoryResponse(BaseResponse):
    """A piece of the conversation: either words, with `role` and `content`, or `function_calls`."""

    type: str = "History"
    role: str | None = None
    content: str | None = None
    function_calls: list[HistoryFunctionCall] | None = None


@dataclass(eq=False, repr=False)
class EndOfThoughtResponse(BaseResponse):
    """The agent's model begins to answer."""

    type: str = "EndOfThought"


@dataclass(eq=False, repr=False)
class LatencyReportResponse(BaseResponse):
    """Where the time went in one answer, in seconds; absent parts did not take place."""

    type: str = "LatencyReport"
    ttt_token_latency: float | None = None
    ttt_text_latency: float | None = None
    ttt_tool_latency: float | None = None
    ttt_thinking_latency: float | None = None
    tts_latency: float | None = None
    stt_latency: float | None = None
    total_latency: float | None = None


@dataclass(eq=False, repr=False)
class FunctionCallCancelled(BaseResponse):
    """Calls that are no longer wanted, since the user went on."""

    type: str = "FunctionCallCancelled"
    functions: list[CancelledFunction] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class FrustrationDetectedResponse(BaseResponse):
    """The user sounds frustrated."""

    type: str = "FrustrationDetected"
    count: int = 0
    escalated: bool = False


@dataclass(eq=False, repr=False)
class ListenUpdatedResponse(BaseResponse):
    """Another way to hear is in force."""

    type: str = "ListenUpdated"


@dataclass(eq=False, repr=False)
class PromptUpdatedResponse(BaseResponse):
    """New instructions are in force."""

    type: str = "PromptUpdated"


@dataclass(eq=False, repr=False)
class SpeakUpdatedResponse(BaseResponse):
    """Another voice is in force."""

    type: str = "SpeakUpdated"


@dataclass(eq=False, repr=False)
class ThinkUpdatedResponse(BaseResponse):
    """Another language model is in force."""

    type: str = "ThinkUpdated"


@dataclass(eq=False, repr=False)
class ThinkLiveUpdatedResponse(BaseResponse):
    """Another model beside the language model is in force."""

    type: str = "ThinkLiveUpdated"
