"""Voice agents: ``/v1/agent``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from ..errors import ConfigError
from ..protocol import agent
from ..protocol.agent import Event, Given, Listen, Settings, Speak, Think, ThinkLive
from ..protocol.agent_machine import AgentMachine
from ..protocol.functions import ClientFunction
from ..protocol.ledger import AudioFormat
from ..protocol.machine import Role
from ..protocol.messages import Message
from ..protocol.policy import ReconnectPolicy
from ..protocol.rest.agents import ThinkModelList
from ..protocol.rest.operations import operation
from ..protocol.timers import TimerSettings
from ..transport.session import Session
from .agent_store import Configurations, Variables
from .audio_connection import AudioSender
from .backend import Backend, CallParams
from .connection import ConnectionStats, open_connection
from .functions import FunctionCalls

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Agent", "AgentConnection", "AgentV1"]

_PATH = "/v1/agent/converse"
_KEEPALIVE_S = 8.0


class AgentConnection(AudioSender[AgentMachine, Event]):
    """A conversation with a voice agent.

    Iteration yields what the agent says and does, and its voice as `protocol.agent.Audio`. Sending and iterating may
    happen in different tasks, in any order. A conversation without audio is kept open by itself. An `Error` is
    yielded, and becomes the reason of the `ConnectionClosed` that follows it.

    When the connection breaks, another one takes the conversation up, as `AgentV1.connect` says, and a `Reconnected` is
    yielded. The agent may then have been in the middle of saying something: drop what was not played.
    """

    @property
    def _format(self) -> AudioFormat:
        return self._session.machine.audio

    async def inject_user_message(self, content: str) -> None:
        """Let the agent answer words that were not spoken.

        Args:
            content: what the user says.
        """
        await self._say(agent.InjectUserMessage(content=content))

    async def inject_agent_message(
        self, message: str | None = None, behavior: str | None = None, *, is_dynamic: bool | None = None
    ) -> None:
        """Let the agent say something. It may answer with an `InjectionRefused`.

        Args:
            message: the words; None with `is_dynamic`.
            behavior: when somebody is speaking: ``default`` refuses, ``queue`` waits for the end of the agent's turn,
                ``interrupt`` speaks at once; None leaves it to the server, which refuses.
            is_dynamic: let ``think_live`` find the words.
        """
        await self._say(agent.InjectAgentMessage(message=message, behavior=behavior, is_dynamic=is_dynamic))

    async def update_prompt(self, prompt: str) -> None:
        """Give the agent new instructions. The answer is a `PromptUpdated`.

        Args:
            prompt: the instructions, instead of those before.
        """
        await self._say(agent.UpdatePrompt(prompt=prompt))

    async def update_listen(self, listen: Given[Listen]) -> None:
        """Let the agent hear in another way. The answer is a `ListenUpdated`.

        Args:
            listen: as in the settings.
        """
        await self._say(agent.UpdateListen(listen=listen))

    async def update_think(self, think: Given[Think] | Sequence[Given[Think]]) -> None:
        """Let the agent think in another way; a list is tried in order. The answer is a `ThinkUpdated`.

        Args:
            think: as in the settings, or several of them.
        """
        await self._say(agent.UpdateThink(think=_one_or_list(think)))

    async def update_think_live(self, think_live: Given[ThinkLive]) -> None:
        """Change what runs beside the language model. The answer is a `ThinkLiveUpdated`.

        Args:
            think_live: as the API has it.
        """
        await self._say(agent.UpdateThinkLive(think_live=think_live))

    async def update_speak(self, speak: Given[Speak] | Sequence[Given[Speak]]) -> None:
        """Let the agent speak in another way; a list is tried in order. The answer is a `SpeakUpdated`.

        Args:
            speak: as in the settings, or several of them.
        """
        await self._say(agent.UpdateSpeak(speak=_one_or_list(speak)))

    async def send_function_call_response(self, id: str, name: str, content: str) -> None:  # noqa: A002 - on the wire
        """Answer a call of a `FunctionCallRequest`. Not needed for the ``functions`` of `AgentV1.connect`.

        Args:
            id: the call's.
            name: the function's.
            content: the result, mostly JSON.
        """
        await self._say(agent.FunctionCallResponse(id=id, name=name, content=content))

    async def keep_alive(self) -> None:
        """Keep the conversation open. Not needed: it happens by itself after 8 s without audio."""
        await self._session.call(lambda now: self._session.machine.keep_alive(now))

    async def force_end_turn(self) -> None:
        """End the user's turn at once; for agents that hear with a Flux model."""
        await self._say(agent.ForceEndTurn())

    async def _say(self, message: Message) -> None:
        await self._session.call(lambda now: self._session.machine.send(message, now))

    async def _finish(self) -> None:
        # There is no closing message, and nothing to wait for.
        self._session.close()

    @property
    def stats(self) -> ConnectionStats:
        """The connection's figures now. Agents confirm no audio, so nothing counts as acknowledged."""
        ledger = self._session.machine.ledger
        return ConnectionStats(
            bytes_sent=ledger.sent_bytes,
            audio_sent_s=ledger.sent_s,
            audio_acknowledged_s=0.0,
            events=self._session.events_received,
            latency_s=None,
            reconnects=self._session.reconnects,
        )


class AgentV1:
    """Conversations with a voice agent, and what the server keeps for them.

    Attributes:
        configurations: stored agents.
        variables: values that stored agents can refer to.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.configurations: Configurations = Configurations(backend)
        self.variables: Variables = Variables(backend)

    async def think_models(self, **call: Unpack[CallParams]) -> ThinkModelList:
        """List the language models that agents can think with. Raises as the calls of `ManageV1` do.

        Args:
            **call: see `CallParams`.
        """
        return await self._backend.call(operation("agent.v1.think_models"), call, returns=ThinkModelList)

    @asynccontextmanager
    async def connect(
        self,
        settings: Settings | Mapping[str, Any],
        *,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        add_schemas: bool = True,
        reconnect: ReconnectPolicy | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[AgentConnection]:
        """Open a conversation; its settings are in force when the block is entered.

        Leaving the block normally sends what is queued and closes; leaving it by an exception or by cancellation closes
        at once. Functions that run then are cancelled.

        When the connection breaks, a new agent goes on where the old one was, and a `Reconnected` is yielded after the
        new `Welcome` and `SettingsApplied`. It gets the same settings, without the greeting, and the conversation as
        ``agent.context.messages``; then all updates so far. Words of the user that were not answered are put to it
        again, and it hears again what the user was just saying; what it had begun to say it does not go on with. Calls
        under way are cancelled, with a `FunctionCallCancelled`, and asked for anew with the words that led to them.
        Meanwhile, what you send waits. A stored agent, and audio in a container, cannot be taken up: then the break is
        raised, as is one that the policy gives up.

        Args:
            settings: what the agent shall be: a `protocol.agent.Settings`, or the same as a mapping. What it holds goes
                out as it is, with nothing added but ``type`` and the schemas of `functions`.
            functions: what the agent may call, by name. A call runs as soon as it is asked for, several at once,
                async functions on the event loop and others in worker threads; the `FunctionCallRequest` is yielded
                all the same. Arguments are converted to the function's annotations by msgspec, its result becomes
                JSON, and a string is the result as it is. What goes wrong, an unknown name included, is logged and
                answered with ``{"error": "..."}``. A call that the server cancels gets no answer; when it runs in a
                thread, that goes on to its end, unheeded. None leaves all calls to you.
            add_schemas: describe functions that ``agent.think.functions`` does not name there, by
                `protocol.functions.function_schema`. It is only done when ``agent.think`` is one object, not when it
                is left out, is a list, or ``agent`` is the UUID of a stored configuration.
            reconnect: when and how a broken connection is made anew; None for `ClientConfig.reconnect`.
            extra_query: query parameters.
            extra_headers: additional request headers.

        Yields:
            the connection.

        Raises:
            ConfigError: settings or functions that cannot work; before any I/O.
            ApiError: the server refused the connection, or answered the settings with an `Error`, whose code and
                description it then has.
            ConnectError: the server could not be reached.
            TimeoutError: it did not get ready within `Timeouts.connect_s`.
        """
        known = {name: ClientFunction(function, name=name) for name, function in (functions or {}).items()}
        fields = _fields(settings)
        if add_schemas:
            _add_schemas(fields, known)
        audio = _input_format(fields)
        policy = reconnect or self._backend.reconnect

        def machine(timers: TimerSettings, now: float) -> AgentMachine:
            return AgentMachine(Role.CLIENT, timers, now, settings=fields, audio=audio, reconnect=policy)

        def connection(session: Session[AgentMachine], response_headers: Mapping[str, str]) -> AgentConnection:
            session.on_received = (
                session.machine.calls.clear if functions is None else FunctionCalls(session, known).follow
            )
            return AgentConnection(session, response_headers)

        async with open_connection(
            self._backend,
            _PATH,
            urlencode(extra_query or {}),
            machine=machine,
            connection=connection,
            keepalive_s=_KEEPALIVE_S,
            agent=True,
            extra_headers=extra_headers,
            reconnect=policy,
        ) as opened:
            yield opened


class Agent:
    """Voice agents.

    Attributes:
        v1: version 1.
    """

    def __init__(self, backend: Backend) -> None:
        self.v1: AgentV1 = AgentV1(backend)


def _one_or_list(given: Any) -> Any:
    return given if isinstance(given, (msgspec.Struct, Mapping)) else list(given)


def _fields(settings: Settings | Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the message as plain data, which is ours to add to."""
    if not isinstance(settings, (Settings, Mapping)):
        raise ConfigError(f"settings must be agent.Settings or a mapping, not {type(settings).__name__}")
    try:
        fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"settings hold what JSON cannot: {error}") from error
    if fields.get("type", "Settings") != "Settings":
        raise ConfigError(f"settings must be of the type 'Settings', not {fields['type']!r}")
    return fields


def _add_schemas(fields: dict[str, Any], functions: Mapping[str, ClientFunction]) -> None:
    described = fields.get("agent")
    think = described.get("think") if isinstance(described, dict) else None
    if not isinstance(think, dict):
        return
    listed = think.get("functions") or []
    names = {entry.get("name") for entry in listed}
    added = [function.schema() for name, function in functions.items() if name not in names]
    if added:
        think["functions"] = [*listed, *added]


def _input_format(fields: Mapping[str, Any]) -> AudioFormat:
    # What is wrong here is the server's to say: it may know more than we do.
    audio = fields.get("audio")
    announced = audio.get("input") if isinstance(audio, dict) else None
    if not isinstance(announced, dict):
        return AudioFormat(encoding="linear16", sample_rate=24000)
    try:
        return msgspec.convert(announced, AudioFormat)
    except msgspec.ValidationError:
        return AudioFormat()
