"""The states of a ``/v1/agent/converse`` socket, its one transition table, and the machine that obeys it."""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

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
from .audio_machine import AudioMachine
from .conversation import Conversation
from .frames import Close
from .ledger import AudioFormat
from .machine import Machine, Role, SocketKind, staying
from .messages import Message
from .policy import ReconnectPolicy
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

# So much audio is heard again from before the server noticed that somebody speaks, or might have, had there been no
# break.
_LEAD_S = 2.0

# The most that is heard again; what was said before that is no conversation any more.
_MAX_REPLAY_S = 15.0

# What an Error before the SettingsApplied would be as an answer over HTTP; anything else is a 400.
_STATUS = {"INTERNAL_SERVER_ERROR": 500, "FAILED_TO_THINK": 500, "CLIENT_MESSAGE_TIMEOUT": 408}


class AgentMachine(AudioMachine[State]):
    """One end of a conversation. The client's sends the settings by itself when the `Welcome` arrives.

    Attributes:
        conversation: what another connection would have to know; None when there will be none.
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
        reconnect: ReconnectPolicy | None = None,
    ) -> None:
        """
        Args:
            role: which end this is.
            timers: the intervals to keep.
            now: the time, in seconds.
            settings: the fields of the `Settings` message, sent as they are; a client's only.
            audio: the format of the audio sent, for the accounts.
            reconnect: whether, and how much of an utterance, is kept for another connection; None for nothing.
        """
        if reconnect is not None:
            reconnect = msgspec.structs.replace(reconnect, max_replay_s=min(reconnect.max_replay_s, _MAX_REPLAY_S))
        super().__init__(role, timers, now, audio=audio, reconnect=reconnect)
        self.conversation: Conversation | None = None
        if role is Role.CLIENT and reconnect is not None and reconnect.max_attempts:
            self.conversation = Conversation()
        self.request_id: str | None = None
        self.calls: deque[FunctionCallRequest | FunctionCallCancelled] = deque()
        self._settings = settings
        self._applied = False
        self._audio_at = now
        self._took_over = False
        self._speaking = False
        self._waiting: list[Message] = []  # said before the new connection was ready

    # The client speaks.

    def send(self, message: Message, now: float) -> None:
        conversation = self.conversation
        if conversation is None:
            super().send(message, now)
        elif isinstance(message, FunctionCallResponse) and self._took_over and not conversation.asked_for(message):
            self._check_open(FunctionCallResponse)  # the one who asked is gone
        elif self._took_over and not self.ready and type(message) in _CLIENT:
            self._check_open(type(message))
            self._codec.encode(message)  # to refuse now what cannot be sent later
            self._waiting.append(message)
        else:
            super().send(message, now)
            conversation.said(message)
        if type(message) is KeepAlive:
            self._audio_at = now

    def room_at(self, count_bytes: int) -> float:
        # Somebody is speaking now: who hears it late, answers late, so that old audio makes room for new.
        if self.replay is not None and count_bytes <= self.replay.max_bytes:
            return -math.inf
        return super().room_at(count_bytes)

    def send_audio(self, data: bytes | memoryview, now: float) -> None:
        if self.replaying and self.replay is not None:
            self.replay.make_room(len(data))
        super().send_audio(data, now)
        if data:
            self._audio_at = now
            if not self._speaking and not self.replaying:
                self._forget_before(_LEAD_S)

    def send_settings(self, now: float) -> None:
        """Say what the agent shall be."""
        fields = self._settings or {}
        self.send_mapping(Settings, self.conversation.settings(fields) if self.conversation else fields, now)

    def keep_alive(self, now: float) -> None:
        """Keep the conversation open while no audio is sent."""
        self.send(KeepAlive(), now)

    def keepalive_since(self) -> float:
        # Only audio stands in for a KeepAlive; other messages do not.
        return self._audio_at

    def _forget_before(self, lead_s: float) -> None:
        """Of what the server was given, all but the last so many seconds will not have to be heard again."""
        if self.replay is not None and self.ledger.sent_s is not None:
            self.replay.covered(self.ledger.sent_s - lead_s)

    # The client hears.

    def on_event(self, event: Any, now: float) -> None:
        if isinstance(event, agent.UserStartedSpeaking):
            self._speaking = True
        elif isinstance(event, agent.ConversationText) and self._were_spoken(event):
            # Heard again, the words would be answered twice.
            self._speaking = False
            self._forget_before(0.0)
        if isinstance(event, (FunctionCallRequest, FunctionCallCancelled)):
            self.calls.append(event)
        elif isinstance(event, Error):
            self.note_fault(f"{event.code}: {event.description}" if event.code else event.description)
            if not self._applied:
                self.outgoing.append(Close(1000))
                self.fail(self._refusal(event))
        elif isinstance(event, SettingsApplied):
            self._applied = True
            self._say_what_waited(now)
        elif isinstance(event, Welcome):
            self.request_id = event.request_id
            self.send_settings(now)

    def _were_spoken(self, words: agent.ConversationText) -> bool:
        injected = self.conversation is not None and self.conversation.injected(words.content)
        return words.role == "user" and not injected

    def hand_on(self, event: Any) -> None:
        if self.conversation is None or self.conversation.heard(event):
            if isinstance(event, agent.ConversationText):
                self.note_progress()
            super().hand_on(event)

    # One connection follows another.

    @property
    def beyond_repair(self) -> str | None:
        if isinstance((self._settings or {}).get("agent"), str):
            return "a stored agent cannot be told what was said so far"
        return super().beyond_repair

    def take_over(self, broken: Any, now: float) -> None:
        super().take_over(broken, now)
        self.conversation, self.calls = broken.conversation, broken.calls
        self._waiting, self._speaking, self._took_over = broken._waiting, broken._speaking, True
        cancelled = self.conversation.broke() if self.conversation is not None else None
        if cancelled is not None:
            self.calls.append(cancelled)
            self.events.append(cancelled)

    def _say_what_waited(self, now: float) -> None:
        if self._took_over and self.conversation is not None:
            waiting, self._waiting = self._waiting, []
            for message in self.conversation.reminders():
                Machine.send(self, message, now)
            for message in waiting:
                self.send(message, now)

    def opened(self, now: float) -> None:
        super().opened(now)
        self._audio_at = now

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
