"""``/v1/agent/converse`` as a socket: the server's end of a conversation with an agent."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import msgspec

from ..errors import ConnectionClosed, DeepgramError
from ..protocol import agent
from ..protocol.agent import History
from ..protocol.agent_machine import AgentMachine
from ..protocol.machine import Role
from ..protocol.messages import Audio, Message, UnknownEvent
from ..protocol.timers import TimerSettings
from ..transport.session import Session
from .agent_config import AgentConfig, InvalidSettingsError, prompt_warning, read_settings, unparsable
from .agent_ear import Ear, TurnBegan, TurnEnded
from .agent_turn import Turn
from .socket_app import SocketApp
from .state import ServerState, logger
from .thinker import RuleThinker, Thinker

__all__ = ["AgentSocket"]


class AgentSocket(SocketApp[None, AgentMachine]):
    """An ASGI application for the one route."""

    def read(self, query: bytes) -> None:
        """There are no parameters: all is in the `Settings`."""

    def machine(self, options: None, now: float) -> AgentMachine:
        return AgentMachine(Role.SERVER, TimerSettings(idle_s=self.state.settings.idle_timeout_s), now)

    async def converse(self, session: Session[AgentMachine], options: None, request_id: str) -> None:
        session.act(partial(session.machine.send, agent.Welcome(request_id=request_id)))
        talk = _Talk(session, self.state)
        try:
            while batch := await session.next_batch():
                for message in batch:
                    await talk.take(message)
        except ConnectionClosed:
            pass  # a client just leaves, and ASGI does not tell with which code
        except DeepgramError:
            raise
        except Exception:  # noqa: BLE001 - told to the client and to the log; the server serves on
            talk.break_off()
        finally:
            session.stop_work()
            with anyio.CancelScope(shield=True):
                await talk.close()


class _Talk:
    """One conversation: what the user says and does, and the agent's turns."""

    def __init__(self, session: Session[AgentMachine], state: ServerState) -> None:
        self._session = session
        self._name = session.machine.kind.name
        self._state = state
        self._thinker: Thinker = state.settings.thinker or RuleThinker()
        self._config: AgentConfig | None = None
        self._history: list[History] = []
        self._ear: Ear | None = None
        self._user_speaks = False
        self._turn: Turn | None = None
        self._turn_scope: anyio.CancelScope | None = None
        self._queued: deque[str] = deque()
        self._answers: dict[type, Callable[[AgentConfig, Any], Awaitable[None]]] = {
            Audio: self._on_audio,
            agent.InjectUserMessage: self._on_user_message,
            agent.InjectAgentMessage: self._on_agent_message,
            agent.FunctionCallResponse: self._on_function_result,
            agent.UpdatePrompt: self._on_prompt,
            agent.UpdateListen: self._on_listen,
            agent.UpdateThink: self._on_think,
            agent.UpdateThinkLive: self._on_think_live,
            agent.UpdateSpeak: self._on_speak,
            agent.ForceEndTurn: self._on_end_turn,
        }

    async def take(self, message: Any) -> None:
        """Do as a client's message says."""
        if self._session.machine.ended:
            return
        if isinstance(message, UnknownEvent):
            self._end(unparsable(message))
        elif isinstance(message, agent.Settings):
            await self._configure(message)
        elif self._config is None:
            self._end(agent.Error(code="INVALID_SETTINGS", description="The first message must be Settings."))
        elif type(message) in self._answers:
            await self._answers[type(message)](self._config, message)

    def break_off(self) -> None:
        """Something failed that the client is not to blame for."""
        logger.exception("%s: request %s failed", self._name, self._session.request_id)
        error = agent.Error(code="INTERNAL_SERVER_ERROR", description="Something went wrong on our side.")
        self._end(error, code=1011)

    async def close(self) -> None:
        """Let go of the recogniser."""
        if self._ear is not None:
            await anyio.to_thread.run_sync(self._ear.close, limiter=self._state.threads)

    def _end(self, error: agent.Error, *, code: int = 1008) -> None:
        self._session.act(lambda now: self._session.machine.say_error(error, now, code=code))

    async def _send(self, message: Message | None) -> None:
        if message is not None:
            await self._session.call(partial(self._session.machine.send, message))

    async def _configure(self, settings: agent.Settings) -> None:
        try:
            self._config = config = read_settings(settings)
        except InvalidSettingsError as error:
            self._end(agent.Error(code="INVALID_SETTINGS", description=str(error)))
            return
        self._history += config.context
        await self._send(agent.SettingsApplied())
        await self._send(prompt_warning(config.prompt))
        if config.greeting is not None:
            self._begin(partial(Turn.speak, text=config.greeting))

    # The agent's turns.

    def _begin(self, work: Callable[[Turn], Awaitable[None]]) -> None:
        assert self._config is not None
        turn = Turn(self._session, self._state, self._config, self._thinker, self._history)
        self._turn = turn
        self._turn_scope = self._session.start_soon(partial(self._run, turn, work))

    async def _run(self, turn: Turn, work: Callable[[Turn], Awaitable[None]]) -> None:
        try:
            await work(turn)
        except DeepgramError as error:
            logger.info("%s: request %s: a turn broke off: %s", self._name, self._session.request_id, error)
        except Exception:  # noqa: BLE001 - told to the client and to the log; the server serves on
            self.break_off()
        if self._turn is turn:
            self._turn = self._turn_scope = None
            self._say_what_waits()

    def _say_what_waits(self) -> None:
        if self._queued and not self._session.machine.ended:
            self._begin(partial(Turn.speak, text=self._queued.popleft()))

    def _interrupt(self) -> None:
        self._queued.clear()
        if self._turn is not None and self._turn_scope is not None:
            self._turn.interrupt()
            self._turn_scope.cancel()
            self._turn = self._turn_scope = None

    # What the user does.

    async def _on_audio(self, config: AgentConfig, audio: Audio) -> None:
        if self._ear is None:
            recognizer = await self._state.recognizer()
            self._ear = await anyio.to_thread.run_sync(
                partial(Ear, config.input, recognizer, keyterms=config.keyterms), limiter=self._state.threads
            )
        await self._hear(partial(self._ear.feed, bytes(audio.data)))

    async def _on_end_turn(self, config: AgentConfig, _: agent.ForceEndTurn) -> None:
        if not config.flux:
            description = "ForceEndTurn needs an agent that listens with a Flux model."
            await self._send(agent.Warning(code="FORCE_END_TURN_UNSUPPORTED", description=description))
        elif self._ear is not None:
            await self._hear(self._ear.end_turn)

    async def _hear(self, listen: Callable[[], list[TurnBegan | TurnEnded]]) -> None:
        for event in await anyio.to_thread.run_sync(listen, limiter=self._state.threads):
            if isinstance(event, TurnBegan):
                self._user_speaks = True
                await self._send(agent.UserStartedSpeaking())
                self._interrupt()
            else:
                self._user_speaks = False
                if event.text:
                    await self._on_words(event.text)
                elif self._turn is None:
                    self._say_what_waits()

    async def _on_user_message(self, _: AgentConfig, message: agent.InjectUserMessage) -> None:
        await self._on_words(message.content)

    async def _on_words(self, text: str) -> None:
        assert self._config is not None
        self._interrupt()
        item = History(role="user", content=text)
        self._history.append(item)
        await self._send(agent.ConversationText(role="user", content=text))
        await self._send(item if self._config.history else None)
        self._begin(Turn.answer)

    async def _on_agent_message(self, _: AgentConfig, message: agent.InjectAgentMessage) -> None:
        busy = "user" if self._user_speaks else "agent" if self._turn is not None else None
        if message.message is None:
            await self._send(agent.InjectionRefused(message="The local server has no Think Live model."))
        elif busy is not None and message.behavior == "queue":
            self._queued.append(message.message)
        elif busy is not None and message.behavior != "interrupt":
            await self._send(agent.InjectionRefused(message=f"The {busy} is in the middle of a turn."))
        else:
            if busy is not None:
                code = f"INJECT_AGENT_MESSAGE_DURING_{busy.upper()}_SPEECH"
                await self._send(agent.Warning(code=code, description=f"The {busy} was interrupted."))
            self._interrupt()
            self._begin(partial(Turn.speak, text=message.message))

    async def _on_function_result(self, _: AgentConfig, response: agent.FunctionCallResponse) -> None:
        if self._turn is None or not self._turn.answered(response):
            description = f"No call of {response.name} waits for a response."
            await self._send(agent.Warning(code="UNEXPECTED_FUNCTION_CALL_RESPONSE", description=description))

    async def _on_prompt(self, config: AgentConfig, message: agent.UpdatePrompt) -> None:
        config.prompt = message.prompt
        await self._send(prompt_warning(config.prompt))
        await self._send(agent.PromptUpdated())

    async def _on_listen(self, config: AgentConfig, message: agent.UpdateListen) -> None:
        config.hear_with(message.to_dict()["listen"])
        await self._send(agent.ListenUpdated())

    async def _on_think(self, config: AgentConfig, message: agent.UpdateThink) -> None:
        config.think_with(msgspec.to_builtins(message.think))
        await self._send(prompt_warning(config.prompt))
        await self._send(agent.ThinkUpdated())

    async def _on_think_live(self, _: AgentConfig, message: agent.UpdateThinkLive) -> None:
        await self._send(agent.ThinkLiveUpdated())

    async def _on_speak(self, _: AgentConfig, message: agent.UpdateSpeak) -> None:
        await self._send(agent.SpeakUpdated())
