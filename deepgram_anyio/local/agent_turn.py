"""One turn of the agent: it thinks, calls functions, and speaks, until it is done or interrupted."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import msgspec

from ..protocol import agent
from ..protocol.agent import CalledFunction, FunctionCall, History
from ..protocol.agent_machine import AgentMachine
from ..protocol.messages import Message
from ..transport.session import Session
from .agent_config import AgentConfig
from .engines.base import Voice
from .engines.conversion import Encoder, pcm_encoder
from .state import ServerState
from .thinker import Conversation, PlannedCall, Thinker

__all__ = ["Turn"]

_LEAD_S = 1.0
"""How far the agent's audio may run ahead of being heard: what was not sent can still be held back."""

_CHUNK_S = 0.1
_MAX_ROUNDS = 8
_NO_ENDPOINTS = '{"error":"the local server calls no endpoints"}'


class _Pending:
    """A function call that waits for its result."""

    def __init__(self, call: FunctionCall) -> None:
        self.call = call
        self.response: str | None = None
        self.answered = anyio.Event()


class Turn:
    """Answers, and tells the client of each step.

    Nothing is sent after `interrupt`, wherever the turn stands: what it then has to say is said at once.
    """

    def __init__(
        self,
        session: Session[AgentMachine],
        state: ServerState,
        config: AgentConfig,
        thinker: Thinker,
        history: list[History],
    ) -> None:
        """
        Args:
            session: the connection.
            state: the server's engines.
            config: the agent.
            thinker: what finds the words.
            history: the conversation so far, which this turn adds to.
        """
        self._session = session
        self._state = state
        self._config = config
        self._thinker = thinker
        self._history = history
        self._pending: dict[str, _Pending] = {}
        self._over = False
        self._began = anyio.current_time()
        self._thought_s = 0.0
        self.speaking: bool = False

    async def answer(self) -> None:
        """Answer the last item of the history."""
        for _ in range(_MAX_ROUNDS):
            asked = Conversation(
                prompt=self._config.prompt, functions=list(self._config.functions), history=list(self._history)
            )
            reply = await self._in_thread(partial(self._thinker.reply, asked))
            if reply.thought:
                await self._send(agent.AgentThinking(content=reply.thought))
            if not reply.calls:
                break
            await self._call(reply.calls)
        else:
            raise RuntimeError("the thinker does nothing but call functions")
        self._thought_s = anyio.current_time() - self._began
        await self.speak(reply.text)

    async def speak(self, text: str) -> None:
        """Say something, sentence by sentence."""
        voice = await self._state.voice()
        assert self._config.output.encoding is not None
        assert self._config.output.sample_rate is not None
        encoder = pcm_encoder(
            self._config.output.encoding, source_rate=voice.sample_rate, sample_rate=self._config.output.sample_rate
        )
        mouth = _Mouth(self, encoder, self._config.output.byte_rate or 1)
        for sentence in re.findall(r"\S.*?(?:[.!?](?=\s|$)|$)", text, re.DOTALL):
            await self._remember(History(role="assistant", content=sentence))
            await self._synthesize(voice, sentence, mouth)
        await mouth.finish()

    def answered(self, response: agent.FunctionCallResponse) -> bool:
        """Take in a function's result; say whether it was waited for."""
        waiting = [
            pending
            for pending in self._pending.values()
            if response.id == pending.call.id or (response.id is None and response.name == pending.call.name)
        ]
        if not waiting:
            return False
        waiting[0].response = response.content
        waiting[0].answered.set()
        return True

    def interrupt(self) -> None:
        """The user goes on: take back what is still open. Whoever runs this turn cancels it as well."""
        open_calls = [pending.call for pending in self._pending.values() if pending.response is None]
        if open_calls:
            cancelled = [agent.CancelledFunction(id=call.id, name=call.name) for call in open_calls]
            self._send_now(agent.FunctionCallCancelled(functions=cancelled))
        if self.speaking:
            self._send_now(agent.AgentAudioDone())
        self._over = True

    async def _call(self, planned: Sequence[PlannedCall]) -> None:
        endpoints = {function.name for function in self._config.functions if function.endpoint is not None}
        for plan in planned:
            call = FunctionCall(
                id=f"call_{uuid.uuid4().hex}",
                name=plan.name,
                arguments=msgspec.json.encode(plan.arguments).decode(),
                client_side=plan.name not in endpoints,
            )
            self._pending[call.id] = _Pending(call)
        calls = list(self._pending.values())
        await self._send(agent.FunctionCallRequest(functions=[pending.call for pending in calls]))
        for pending in calls:
            call = pending.call
            if not call.client_side:
                response = agent.FunctionCallResponse(id=call.id, name=call.name, content=_NO_ENDPOINTS)
                self.answered(response)
                await self._send(response)
            await pending.answered.wait()
        self._pending.clear()
        await self._remember(History(function_calls=[_called(pending) for pending in calls]))

    async def _remember(self, item: History) -> None:
        if item.role is not None and item.content is not None:
            await self._send(agent.ConversationText(role=item.role, content=item.content))
        self._history.append(item)
        if self._config.history:
            await self._send(item)

    async def _synthesize(self, voice: Voice, sentence: str, mouth: _Mouth) -> None:
        chunks = await self._in_thread(partial(voice.synthesize, sentence))
        try:
            while (audio := await self._in_thread(partial(mouth.encode_next, chunks))) is not None:
                await mouth.utter(audio)
        finally:
            # A voice may hold on to its engine for as long as its iterator lives.
            close = getattr(chunks, "close", None)
            if close is not None:
                with anyio.CancelScope(shield=True):
                    await self._in_thread(close)

    async def begin_speaking(self) -> None:
        """The first audio is there."""
        if not self.speaking:
            total_s = anyio.current_time() - self._began
            self.speaking = True
            await self._send(
                agent.AgentStartedSpeaking(
                    total_latency=total_s, ttt_latency=self._thought_s, tts_latency=total_s - self._thought_s
                )
            )

    async def end_speaking(self) -> None:
        """The last audio is sent."""
        if self.speaking:
            self.speaking = False
            await self._send(agent.AgentAudioDone())

    async def send_audio(self, data: bytes) -> None:
        """Send some of the agent's voice."""
        await self._session.call(lambda now: None if self._over else self._session.machine.send_audio(data, now))

    async def _send(self, message: Message) -> None:
        await self._session.call(lambda now: None if self._over else self._session.machine.send(message, now))

    def _send_now(self, message: Message) -> None:
        if not self._over and not self._session.machine.ended:
            self._session.act(partial(self._session.machine.send, message))

    async def _in_thread(self, call: partial[Any]) -> Any:
        return await anyio.to_thread.run_sync(call, limiter=self._state.threads)


class _Mouth:
    """Sends a voice's samples as audio, in small pieces and little faster than they are heard."""

    def __init__(self, turn: Turn, encoder: Encoder, byte_rate: int) -> None:
        self._turn = turn
        self._encoder = encoder
        self._byte_rate = byte_rate
        self._chunk_bytes = max(4, int(byte_rate * _CHUNK_S) // 4 * 4)
        self._began: float | None = None
        self._sent_bytes = 0

    def encode_next(self, chunks: Iterator[bytes]) -> bytes | None:
        samples = next(chunks, None)
        return None if samples is None else self._encoder.feed(samples)

    async def finish(self) -> None:
        await self.utter(self._encoder.flush())
        await self._turn.end_speaking()

    async def utter(self, audio: bytes) -> None:
        for chunk in self._pieces(audio):
            if self._began is None:
                self._began = anyio.current_time()
                await self._turn.begin_speaking()
            heard_s = anyio.current_time() - self._began
            await anyio.sleep(max(0.0, self._sent_bytes / self._byte_rate - heard_s - _LEAD_S))
            await self._turn.send_audio(chunk)
            self._sent_bytes += len(chunk)

    def _pieces(self, audio: bytes) -> Iterator[bytes]:
        for start in range(0, len(audio), self._chunk_bytes):
            yield audio[start : start + self._chunk_bytes]


def _called(pending: _Pending) -> CalledFunction:
    call = pending.call
    return CalledFunction(
        id=call.id,
        name=call.name,
        client_side=call.client_side,
        arguments=call.arguments,
        response=pending.response or "",
    )
