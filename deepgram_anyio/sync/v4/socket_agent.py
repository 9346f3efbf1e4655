"""Voice agents, as in v4: ``deepgram.agent.websocket.v("1")``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...protocol.machine import Role
from ...protocol.timers import TimerSettings
from . import responses_agent as responses
from .base import BaseResponse
from .errors import DeepgramTypeError
from .handlers import EventKind
from .options_agent import FunctionCallResponse, InjectAgentMessageOptions, InjectUserMessageOptions
from .responses_common import CloseResponse, ErrorResponse, OpenResponse, UnhandledResponse
from .socket_clients import AsyncSocketClient, SocketClient
from .socket_devices import microphone_of, speaker_of
from .socket_machines import AUDIO, RawAgentMachine, audio_format
from .sockets import Devices, Player, SocketKind, StartRequest

if TYPE_CHECKING:
    from .client_options import DeepgramClientOptions

__all__ = ["AgentWebSocketClient", "AsyncAgentWebSocketClient"]

_KEEP_ALIVE = '{"type": "KeepAlive"}'


def _machine(request: StartRequest, timers: TimerSettings, now: float) -> RawAgentMachine:
    audio = request.fields.get("audio")
    announced = audio.get("input") if isinstance(audio, Mapping) else None
    heard = audio_format(announced) if isinstance(announced, Mapping) else None
    return RawAgentMachine(Role.CLIENT, timers, now, settings=request.fields, audio=heard)


_KIND = SocketKind(
    path="/v1/agent/converse",
    events={
        "Open": EventKind("open", OpenResponse, positional=True),
        AUDIO: EventKind("data"),
        "Welcome": EventKind("welcome", responses.WelcomeResponse),
        "SettingsApplied": EventKind("settings_applied", responses.SettingsAppliedResponse),
        "ConversationText": EventKind("conversation_text", responses.ConversationTextResponse),
        "UserStartedSpeaking": EventKind("user_started_speaking", responses.UserStartedSpeakingResponse),
        "AgentThinking": EventKind("agent_thinking", responses.AgentThinkingResponse),
        "FunctionCallRequest": EventKind("function_call_request", responses.FunctionCallRequest),
        "AgentStartedSpeaking": EventKind("agent_started_speaking", responses.AgentStartedSpeakingResponse),
        "AgentAudioDone": EventKind("agent_audio_done", responses.AgentAudioDoneResponse),
        "InjectionRefused": EventKind("injection_refused", responses.InjectionRefusedResponse),
        "EndOfThought": EventKind("end_of_thought", responses.EndOfThoughtResponse, known_to_v4=False),
        "FrustrationDetected": EventKind(
            "frustration_detected", responses.FrustrationDetectedResponse, known_to_v4=False
        ),
        "FunctionCallCancelled": EventKind(
            "function_call_cancelled", responses.FunctionCallCancelled, known_to_v4=False
        ),
        "FunctionCallResponse": EventKind("function_call_response", FunctionCallResponse, known_to_v4=False),
        "History": EventKind("history", responses.HistoryResponse, known_to_v4=False),
        "LatencyReport": EventKind("latency_report", responses.LatencyReportResponse, known_to_v4=False),
        "ListenUpdated": EventKind("listen_updated", responses.ListenUpdatedResponse, known_to_v4=False),
        "PromptUpdated": EventKind("prompt_updated", responses.PromptUpdatedResponse, known_to_v4=False),
        "SpeakUpdated": EventKind("speak_updated", responses.SpeakUpdatedResponse, known_to_v4=False),
        "ThinkLiveUpdated": EventKind("think_live_updated", responses.ThinkLiveUpdatedResponse, known_to_v4=False),
        "ThinkUpdated": EventKind("think_updated", responses.ThinkUpdatedResponse, known_to_v4=False),
        "Warning": EventKind("warning", responses.AgentWarningResponse, known_to_v4=False),
        "Error": EventKind("error", ErrorResponse),
        "Unhandled": EventKind("unhandled", UnhandledResponse),
        "Close": EventKind("close", CloseResponse, positional=True),
    },
    machine=_machine,
    keepalive_s=8.0,
    agent=True,
)


def _settings(options: Any) -> Any:
    """Return settings as an options object or a mapping; JSON, too, was taken by v4."""
    if options is None:
        raise DeepgramTypeError("an agent needs settings: SettingsOptions, or a dict")
    if not isinstance(options, str):
        return options
    try:
        return json.loads(options)
    except ValueError as error:
        raise DeepgramTypeError(f"settings are not JSON: {error}") from error


def _devices(config: DeepgramClientOptions, delegate: Player | None, send: Any) -> Devices:
    microphone = microphone_of(config)
    return Devices(speaker=delegate or speaker_of(config, microphone), microphone=microphone, on_recorded=send)


def _message(options: BaseResponse, kind: type[BaseResponse]) -> str:
    if not isinstance(options, kind):
        raise DeepgramTypeError(f"options must be {kind.__name__}, not {type(options).__name__}")
    return options.to_json()


class AgentWebSocketClient(SocketClient):
    """A conversation with a voice agent, blocking.

    The settings go out as they are. With ``microphone_record`` and ``speaker_playback`` in the configuration it is held
    on this machine's devices.
    """

    _kind = _KIND

    def keep_alive(self) -> bool:
        """Keep the conversation open. Not needed: it happens by itself. Returns as `send`."""
        return self.send(_KEEP_ALIVE)

    def inject_user_message(self, options: InjectUserMessageOptions) -> bool:
        """Let the agent answer words that were not spoken. Returns as `send`."""
        return self.send(_message(options, InjectUserMessageOptions))

    def inject_agent_message(self, options: InjectAgentMessageOptions) -> bool:
        """Let the agent say something. Returns as `send`."""
        return self.send(_message(options, InjectAgentMessageOptions))

    def _fields(self, options: Any) -> Mapping[str, Any]:
        return super()._fields(_settings(options))

    def _query(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    def _devices(self) -> Devices:
        return _devices(self._config, self._delegate, self.send)


class AsyncAgentWebSocketClient(AsyncSocketClient):
    """A conversation with a voice agent, async; see `AgentWebSocketClient`."""

    _kind = _KIND

    async def keep_alive(self) -> bool:
        """Keep the conversation open. Not needed: it happens by itself. Returns as `send`."""
        return await self.send(_KEEP_ALIVE)

    async def inject_user_message(self, options: InjectUserMessageOptions) -> bool:
        """Let the agent answer words that were not spoken. Returns as `send`."""
        return await self.send(_message(options, InjectUserMessageOptions))

    async def inject_agent_message(self, options: InjectAgentMessageOptions) -> bool:
        """Let the agent say something. Returns as `send`."""
        return await self.send(_message(options, InjectAgentMessageOptions))

    def _fields(self, options: Any) -> Mapping[str, Any]:
        return super()._fields(_settings(options))

    def _query(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    def _devices(self) -> Devices:
        return _devices(self._config, self._delegate, self.send)
