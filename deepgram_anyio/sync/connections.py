"""Blocking connections: ``for event in connection``, and a ``send`` that costs no switch of threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar

from ..protocol import agent, flux, flux_speak, listen, speak
from ..services import agent as agent_service
from ..services import flux as flux_service
from ..services import listen as listen_service
from ..services import speak as speak_service
from ..services.audio_connection import AudioSender
from ..services.connection import Connection as AsyncConnection
from ..services.connection import ConnectionStats
from ..services.speech import SpeakStats, SpeechConnection
from ..services.speech import SpeechAudio as AsyncSpeechAudio
from .blocking import Blocking, blocking
from .loop import EventLoopThread
from .outbox import Outbox

__all__ = [
    "AgentConnection",
    "Connection",
    "FluxConnection",
    "FluxSpeakConnection",
    "LiveConnection",
    "SpeakConnection",
    "SpeechAudio",
]

E = TypeVar("E", covariant=True)
R = TypeVar("R")


class Connection(Blocking, Generic[E]):
    """One open stream, blocking; safe to use from several threads.

    ``for event in connection`` yields the server's messages, typed, in order, and raises what went wrong.
    """

    def __init__(self, loop: EventLoopThread, target: AsyncConnection[Any, E]) -> None:
        super().__init__(loop, target)
        self._events: deque[E] = deque()
        self._taking = threading.Lock()

    @property
    def request_id(self) -> str | None:
        """The server's ``dg-request-id``; None when it sent none."""
        found: str | None = self._target.request_id
        return found

    @property
    def response_headers(self) -> Any:
        """Headers of the handshake's answer, with lower-case names."""
        return self._target.response_headers

    @blocking(AsyncConnection.aclose)
    def close(self) -> None: ...

    def __iter__(self) -> Iterator[E]:
        return self

    def __next__(self) -> E:
        with self._taking:
            if not self._events:
                self._loop.call(self._take)
            if not self._events:
                raise StopIteration
            return self._events.popleft()

    async def _take(self) -> None:
        """Wait for an event, and take along all others that are there: one switch of threads for many events."""
        # Straight into the queue: whoever waits may be interrupted just when they are here.
        self._events.extend(await self._target._session.next_batch())

    def __repr__(self) -> str:
        return f"<blocking {self._target!r}>"


class _Sender(Connection[E]):
    """A connection that takes audio.

    `send` puts audio into an outbox, which the loop's thread empties: nobody waits, until too much is in it. Everything
    else that is said comes after what was sent before.
    """

    def __init__(self, loop: EventLoopThread, target: AsyncConnection[Any, E]) -> None:
        super().__init__(loop, target)
        self._outbox: Outbox[bytes] = Outbox(loop, target._session, target._session.send_audio_nowait)
        self._finish_target = target._finish
        # Leaving the block ends the stream: behind what is in the outbox, too.
        self._target._finish = self._finish_after_the_outbox

    def send(self, audio: bytes | bytearray | memoryview) -> None:
        """Send audio in the announced format; an empty chunk is left out.

        Waits while more than `Limits.max_unsent_bytes` wait to be sent; otherwise it returns at once.

        Args:
            audio: raw samples in the announced format, or a piece of a container.

        Raises:
            LocalProtocolError: the stream takes no audio any more.
            ConnectionClosed: the connection is gone for good.
            TimeoutError: the server stopped taking or sending data.
        """
        data = audio if type(audio) is bytes else _bytes(audio)
        if data and self._outbox.put(data):
            self._loop.call(self._outbox.emptied)

    def _run(self, method: Callable[..., Awaitable[R]], *args: Any, **kwargs: Any) -> R:
        result: R = self._loop.call(self._after_the_outbox, method, *args, **kwargs)
        return result

    async def _after_the_outbox(self, method: Callable[..., Awaitable[R]], *args: Any, **kwargs: Any) -> R:
        await self._outbox.emptied()
        return await method(self._target, *args, **kwargs)

    async def _finish_after_the_outbox(self) -> None:
        try:
            await self._outbox.emptied()
        finally:
            await self._finish_target()


class LiveConnection(_Sender[listen.Event]):
    """A live transcription, blocking. See `deepgram_anyio.LiveConnection`."""

    @blocking(AudioSender.send_audio)
    def send_audio(self) -> None: ...
    @blocking(listen_service.LiveConnection.finalize)
    def finalize(self) -> None: ...
    @blocking(listen_service.LiveConnection.keep_alive)
    def keep_alive(self) -> None: ...
    @blocking(listen_service.LiveConnection.configure)
    def configure(self) -> None: ...
    @blocking(listen_service.LiveConnection.close_stream)
    def close_stream(self) -> None: ...

    @property
    def stats(self) -> ConnectionStats:
        """The connection's figures now."""
        found: ConnectionStats = self._target.stats
        return found


class FluxConnection(_Sender[flux.Event]):
    """A transcription turn by turn, blocking. See `deepgram_anyio.FluxConnection`."""

    @blocking(AudioSender.send_audio)
    def send_audio(self) -> None: ...
    @blocking(flux_service.FluxConnection.configure)
    def configure(self) -> None: ...
    @blocking(flux_service.FluxConnection.force_end_turn)
    def force_end_turn(self) -> None: ...
    @blocking(flux_service.FluxConnection.close_stream)
    def close_stream(self) -> None: ...

    @property
    def stats(self) -> ConnectionStats:
        """The connection's figures now."""
        found: ConnectionStats = self._target.stats
        return found


class AgentConnection(_Sender[agent.Event]):
    """A conversation with a voice agent, blocking. See `deepgram_anyio.AgentConnection`."""

    @blocking(AudioSender.send_audio)
    def send_audio(self) -> None: ...
    @blocking(agent_service.AgentConnection.inject_user_message)
    def inject_user_message(self) -> None: ...
    @blocking(agent_service.AgentConnection.inject_agent_message)
    def inject_agent_message(self) -> None: ...
    @blocking(agent_service.AgentConnection.update_prompt)
    def update_prompt(self) -> None: ...
    @blocking(agent_service.AgentConnection.update_listen)
    def update_listen(self) -> None: ...
    @blocking(agent_service.AgentConnection.update_think)
    def update_think(self) -> None: ...
    @blocking(agent_service.AgentConnection.update_think_live)
    def update_think_live(self) -> None: ...
    @blocking(agent_service.AgentConnection.update_speak)
    def update_speak(self) -> None: ...
    @blocking(agent_service.AgentConnection.send_function_call_response)
    def send_function_call_response(self) -> None: ...
    @blocking(agent_service.AgentConnection.keep_alive)
    def keep_alive(self) -> None: ...
    @blocking(agent_service.AgentConnection.force_end_turn)
    def force_end_turn(self) -> None: ...

    @property
    def stats(self) -> ConnectionStats:
        """The connection's figures now."""
        found: ConnectionStats = self._target.stats
        return found


class SpeechAudio(Blocking, Iterator[bytes]):
    """The audio of one text, chunk by chunk, blocking. See `deepgram_anyio.SpeechAudio`."""

    @blocking(AsyncSpeechAudio.collect)
    def collect(self) -> None: ...
    @blocking(AsyncSpeechAudio.aclose)
    def close(self) -> None: ...

    @property
    def interrupted(self) -> bool:
        """Whether it ended before its time."""
        found: bool = self._target.interrupted
        return found

    def __next__(self) -> bytes:
        try:
            chunk: bytes = self._run(AsyncSpeechAudio.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None
        return chunk


class _SpeechConnection(Connection[E]):
    @blocking(SpeechConnection.send_text)
    def send_text(self) -> None: ...
    @blocking(SpeechConnection.flush)
    def flush(self) -> None: ...
    @blocking(SpeechConnection.close_stream)
    def close_stream(self) -> None: ...

    def synthesize(self, text: str) -> SpeechAudio:
        """Speak a text, and get its audio and no other.

        Args:
            text: up to 2,000 characters, or of any length with ``split_long_text``.

        Returns:
            an iterator over the audio.

        Raises:
            ConfigError: the text is too long.
        """
        return SpeechAudio(self._loop, self._target.synthesize(text))

    @property
    def stats(self) -> SpeakStats:
        """The connection's figures now."""
        found: SpeakStats = self._target.stats
        return found


class SpeakConnection(_SpeechConnection[speak.Event]):
    """Text to speech with an Aura voice, blocking. See `deepgram_anyio.SpeakConnection`."""

    @blocking(speak_service.SpeakConnection.clear)
    def clear(self) -> None: ...


class FluxSpeakConnection(_SpeechConnection[flux_speak.Event]):
    """Turn-based text to speech with a Flux voice, blocking. See `deepgram_anyio.FluxSpeakConnection`."""

    @blocking(speak_service.FluxSpeakConnection.interrupt)
    def interrupt(self) -> None: ...
    @blocking(speak_service.FluxSpeakConnection.configure)
    def configure(self) -> None: ...


def _bytes(audio: Any) -> bytes:
    if not isinstance(audio, (bytes, bytearray, memoryview)):
        raise TypeError(f"audio must be bytes, not {type(audio).__name__}")
    return bytes(audio)
