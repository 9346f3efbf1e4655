"""The states of a ``/v1/agent/converse`` socket, its one transition table, and the machine that obeys it."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import DeepgramError, api_error
from . import agent
from .agent import (
    Audio,
    Error,
    FunctionCallCancelled,
    FunctionCallRequest,
    FunctionCallResponse,
    KeepAlive,
    Settings,
    SettingsApplied,
    UnknownEvent,
    Welcome,
)
from .frames import Close
from .ledger import AudioFormat, Ledger
from .machine import Machine, Role, SocketKind, staying
from .messages import Message
from .timers import TimerSettings

__all__ = ["AGENT", "AgentMachine", "State"]


class State(enum.Enum):
    """Where a conversation with an agent stands."""

    CONNECTING = "connecting"
    WELCOMED = "welcomed"
    CONFIGURED = "configured"
    READY = "ready"
    CLOSED = "closed"
    FAILED = "failed"


# What either side may say as often as it likes.
_CLIENT = (
    KeepAlive,
    FunctionCallResponse,
    agent.InjectUserMessage,
    agent.InjectAgentMessage,
    agent.UpdatePrompt,
    agent.UpdateListen,
    agent.UpdateThink,
    agent.UpdateThinkLive,
    agent.UpdateSpeak,
    agent.ForceEndTurn,
    agent.CustomToThinkProvider,
)
_SERVER = (
    FunctionCallResponse,
    FunctionCallRequest,
    FunctionCallCancelled,
    agent.ConversationText,
    agent.UserStartedSpeaking,
    agent.AgentThinking,
    agent.EndOfThought,
    agent.LatencyReport,
    agent.AgentStartedSpeaking,
    agent.AgentAudioDone,
    agent.History,
    agent.ListenUpdated,
    agent.ThinkUpdated,
    agent.ThinkLiveUpdated,
    agent.SpeakUpdated,
    agent.PromptUpdated,
    agent.InjectionRefused,
    agent.FrustrationDetected,
    agent.CustomFromThinkProvider,
    agent.Warning,
    Error,
)


AGENT: SocketKind[State] = SocketKind(
    name="agent v1",
    initial=State.CONNECTING,
    closed=State.CLOSED,
    failed=State.FAILED,
    transitions={
        State.CONNECTING: {
            **staying(State.CONNECTING, agent.Warning, Error, UnknownEvent),
            Welcome: State.WELCOMED,
        },
        # What comes before the settings is the client's mistake, and gets an Error: so it has to be let in.
        State.WELCOMED: {
            **staying(State.WELCOMED, Audio, *_CLIENT, agent.Warning, Error, UnknownEvent),
            Settings: State.CONFIGURED,
        },
        # Not every client waits for the SettingsApplied.
        State.CONFIGURED: {
            **staying(State.CONFIGURED, Audio, *_CLIENT, *_SERVER, UnknownEvent),
            SettingsApplied: State.READY,
        },
        State.READY: staying(State.READY, Audio, *_CLIENT, *_SERVER, UnknownEvent),
    },
    # There is no message that ends a conversation: it is over when either side closes.
    orderly={State.READY: frozenset({1000})},
    draining=frozenset(),
    client_messages=(Settings, *_CLIENT),
    server_messages=(Welcome, SettingsApplied, *_SERVER),
    client_audio=True,
    server_audio=True,
    opening=frozenset({State.CONNECTING, State.WELCOMED, State.CONFIGURED}),
    keepalive=KeepAlive(),
    keepalive_states=frozenset({State.READY}),
)

# What an Error before the SettingsApplied would be as an answer over HTTP; anything else is a 400.
_STATUS = {"INTERNAL_SERVER_ERROR": 500, "FAILED_TO_THINK": 500, "CLIENT_MESSAGE_TIMEOUT": 408}


class AgentMachine(Machine[State]):
    """One end of a conversation. The client's sends the settings by itself when the `Welcome` arrives.

    Attributes:
        audio: the format of the client's audio.
        ledger: how much of it was sent.
        request_id: as the `Welcome` says; None before it came.
        calls: what the server said about functions, oldest first; the owner takes it out.
    """

    kind: ClassVar[SocketKind[State]] = AGENT

    def __init__(
        self,
        role: Role,
        timers: TimerSettings,
        now: float,
        *,
        settings: Mapping[str, Any] | None = None,
        audio: AudioFormat | None = None,
    ) -> None:
        """
        Args:
            role: which end this is.
            timers: the intervals to keep.
            now: the time, in seconds.
            settings: the fields of the `Settings` message, sent as they are; a client's only.
            audio: the format of the audio sent, for the accounts.
        """
        super().__init__(role, timers, now)
        self.audio: AudioFormat = audio or AudioFormat()
        self.ledger: Ledger = Ledger(self.audio)
        self.request_id: str | None = None
        self.calls: deque[FunctionCallRequest | FunctionCallCancelled] = deque()
        self._settings = settings
        self._applied = False
        self._audio_at = now

    def send(self, message: Message, now: float) -> None:
        super().send(message, now)
        if type(message) is KeepAlive:
            self._audio_at = now

    def send_audio(self, data: bytes | memoryview, now: float) -> None:
        super().send_audio(data, now)
        if data:
            self._audio_at = now
            self.ledger.sent(len(data), now)

    def send_settings(self, now: float) -> None:
        """Say what the agent shall be."""
        self.send_mapping(Settings, self._settings or {}, now)

    def keep_alive(self, now: float) -> None:
        """Keep the conversation open while no audio is sent."""
        self.send(KeepAlive(), now)

    def keepalive_since(self) -> float:
        # Only audio stands in for a KeepAlive; other messages do not.
        return self._audio_at

    def on_event(self, event: Any, now: float) -> None:
        if isinstance(event, (FunctionCallRequest, FunctionCallCancelled)):
            self.calls.append(event)
        elif isinstance(event, Error):
            self.note_fault(f"{event.code}: {event.description}" if event.code else event.description)
            if not self._applied:
                self.outgoing.append(Close(1000))
                self.fail(self._refusal(event))
        elif isinstance(event, SettingsApplied):
            self._applied = True
        elif isinstance(event, Welcome):
            self.request_id = event.request_id
            self.send_settings(now)

    def _refusal(self, error: Error) -> DeepgramError:
        status = _STATUS.get(error.code or "", 400)
        return api_error(status, error.description, code=error.code, request_id=self.request_id)

    def on_idle(self) -> None:
        error = Error(
            code="CLIENT_MESSAGE_TIMEOUT",
            description="We did not receive a client message within the timeout window.",
        )
        self.say_error(error, self._heard_at, code=1011)

    def say_error(self, error: Error, now: float, *, code: int = 1008) -> None:
        """Say what is wrong, and close; a server's only. Harmless when the conversation is over."""
        if not self.ended:
            self.send(error, now)
            self.close(code)
