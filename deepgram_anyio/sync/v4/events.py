"""The enumerations of v4: names of events and messages, which equal their text on the wire.

Messages that v4 knew only as ``Unhandled`` have members of their own here, below those of v4.
"""

from __future__ import annotations

from enum import Enum

__all__ = [
    "AgentWebSocketEvents",
    "LiveTranscriptionEvents",
    "Sentiment",
    "SpeakWebSocketEvents",
    "SpeakWebSocketMessage",
    "TextEnum",
]


class TextEnum(str, Enum):
    """Members are their values: they compare, print and hash like them, on every version of Python."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)


class LiveTranscriptionEvents(TextEnum):
    """What happens on a transcription socket."""

    Open = "Open"
    Close = "Close"
    Transcript = "Results"
    Metadata = "Metadata"
    UtteranceEnd = "UtteranceEnd"
    SpeechStarted = "SpeechStarted"
    Finalize = "Finalize"
    Error = "Error"
    Unhandled = "Unhandled"
    Warning = "Warning"

    ConfigureSuccess = "ConfigureSuccess"
    ConfigureFailure = "ConfigureFailure"


class AgentWebSocketEvents(TextEnum):
    """What happens on a voice agent's socket, and the messages that a client sends there."""

    Open = "Open"
    Close = "Close"
    AudioData = "AudioData"
    Welcome = "Welcome"
    SettingsApplied = "SettingsApplied"
    ConversationText = "ConversationText"
    UserStartedSpeaking = "UserStartedSpeaking"
    AgentThinking = "AgentThinking"
    FunctionCallRequest = "FunctionCallRequest"
    AgentStartedSpeaking = "AgentStartedSpeaking"
    AgentAudioDone = "AgentAudioDone"
    Error = "Error"
    Unhandled = "Unhandled"
    Settings = "Settings"
    UpdatePrompt = "UpdatePrompt"
    UpdateSpeak = "UpdateSpeak"
    InjectAgentMessage = "InjectAgentMessage"
    InjectUserMessage = "InjectUserMessage"
    InjectionRefused = "InjectionRefused"
    AgentKeepAlive = "AgentKeepAlive"

    EndOfThought = "EndOfThought"
    FrustrationDetected = "FrustrationDetected"
    FunctionCallCancelled = "FunctionCallCancelled"
    FunctionCallResponse = "FunctionCallResponse"
    History = "History"
    LatencyReport = "LatencyReport"
    ListenUpdated = "ListenUpdated"
    PromptUpdated = "PromptUpdated"
    SpeakUpdated = "SpeakUpdated"
    ThinkLiveUpdated = "ThinkLiveUpdated"
    ThinkUpdated = "ThinkUpdated"
    Warning = "Warning"


class SpeakWebSocketEvents(TextEnum):
    """What happens on a speech socket."""

    Open = "Open"
    Close = "Close"
    AudioData = "AudioData"
    Metadata = "Metadata"
    Flushed = "Flushed"
    Cleared = "Cleared"
    Unhandled = "Unhandled"
    Error = "Error"
    Warning = "Warning"


class SpeakWebSocketMessage(TextEnum):
    """The messages that a client sends on a speech socket."""

    Speak = "Speak"
    Flush = "Flush"
    Clear = "Clear"
    Close = "Close"


class Sentiment(TextEnum):
    """How words sound."""

    UNKNOWN = ""
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
