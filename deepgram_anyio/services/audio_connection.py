"""What all connections have in common that take audio and give transcripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import anyio

from ..protocol.audio_machine import TranscriptionMachine
from ..protocol.ledger import AudioFormat
from ..protocol.machine import Machine
from ..transport.sources import AudioInput, AudioSource, open_source
from .connection import Connection, ConnectionStats

__all__ = ["AudioConnection", "AudioSender", "stream_source"]

S = TypeVar("S", bound=Machine[Any])
M = TypeVar("M", bound=TranscriptionMachine[Any])
E = TypeVar("E", covariant=True)
A = TypeVar("A", bound="AudioConnection[Any, Any]")


class AudioSender(Connection[S, E]):
    """A connection that takes audio. Sending and iterating may happen in different tasks, in any order."""

    @property
    def _format(self) -> AudioFormat:
        raise NotImplementedError

    async def send(self, audio: bytes | bytearray | memoryview) -> None:
        """Send audio in the announced format; an empty chunk is left out, since on the wire it would end the stream.

        Waits while more than `Limits.max_unsent_bytes` wait to be sent. Other tasks get their turn at every 16th call,
        if not before. Cancelled, it has sent nothing.

        Args:
            audio: raw samples in the announced format, or a piece of a container.

        Raises:
            LocalProtocolError: the stream takes no audio any more.
            ConnectionClosed: the connection is gone for good.
            TimeoutError: the server stopped taking or sending data.
        """
        await self._session.send_audio(_frozen(audio))

    def send_nowait(self, audio: bytes | bytearray | memoryview) -> None:
        """Send audio without waiting; for callbacks and for the hot path.

        Args:
            audio: raw samples in the announced format, or a piece of a container.

        Raises:
            anyio.WouldBlock: `Limits.max_unsent_bytes` already wait to be sent; nothing was queued.
            LocalProtocolError, ConnectionClosed, TimeoutError: as for `send`.
        """
        self._session.send_audio_nowait(_frozen(audio))

    async def send_audio(self, source: AudioInput, *, pace: float | None = None) -> None:
        """Send everything that a source holds.

        Args:
            source: a path, a binary file, bytes, or an iterable or async iterable of bytes. A WAV header is left out
                when the connection was opened for raw samples, and its format must then be the announced one.
            pace: how much faster than real time to send; 1.0 is real time, None as fast as the server takes it.

        Raises:
            ConfigError: the source cannot be read, is in another format, or its pace cannot be told.
        """
        async with open_source(source, expected=_announced(self._format)) as opened:
            await self._feed(opened, pace)

    async def _feed(self, source: AudioSource, pace: float | None) -> None:
        session = self._session
        async for chunk in source.chunks(pace):
            if pace is None:
                await session.send_audio(chunk)
                continue
            try:
                session.send_audio_nowait(chunk, at_once=True)  # it has just waited for its time
            except anyio.WouldBlock:
                await session.send_audio(chunk)


class AudioConnection(AudioSender[M, E]):
    """A transcription of audio that is sent while it is made."""

    @property
    def _format(self) -> AudioFormat:
        return self._session.machine.audio

    async def close_stream(self) -> None:
        """Say that no more audio comes. The last results and the end of the iteration follow."""
        await self._session.call(lambda now: self._session.machine.close_stream(now))

    async def _finish(self) -> None:
        await self.close_stream()

    @property
    def stats(self) -> ConnectionStats:
        """The connection's figures now."""
        ledger = self._session.machine.ledger
        return ConnectionStats(
            bytes_sent=ledger.sent_bytes,
            audio_sent_s=ledger.sent_s,
            audio_acknowledged_s=ledger.acknowledged_s,
            events=self._session.events_received,
            latency_s=ledger.latency_s,
            transcript_latency_s=ledger.transcript_latency_s,
            first_result_s=ledger.first_result_s,
            reconnects=self._session.reconnects,
        )


def _frozen(audio: bytes | bytearray | memoryview) -> bytes:
    """Return audio that does not change when the caller uses its buffer again."""
    if type(audio) is bytes:
        return audio
    if not isinstance(audio, (bytes, bytearray, memoryview)):
        raise TypeError(f"audio must be bytes, not {type(audio).__name__}")
    return bytes(audio)


def _announced(audio: AudioFormat) -> AudioFormat | None:
    # Of a container only the server knows what is in it.
    return audio if audio.encoding is not None else None


@asynccontextmanager
async def stream_source(
    source: AudioInput,
    announced: AudioFormat,
    pace: float | None,
    connect: Callable[[AudioFormat], AbstractAsyncContextManager[A]],
) -> AsyncIterator[A]:
    """Open a source, connect, and send it in the background; the stream ends when it does.

    Args:
        source: the audio.
        announced: its format, if the caller named one.
        pace: how much faster than real time to send; None as fast as the server takes it.
        connect: opens a connection for audio of a format: the announced one, or what a WAV header says.
    """
    async with open_source(source, expected=_announced(announced)) as opened:
        opened.check_pace(pace)
        async with connect(opened.format) as connection:

            async def feed() -> None:
                await connection._feed(opened, pace)
                await connection.close_stream()

            connection._session.start_soon(feed)
            yield connection
