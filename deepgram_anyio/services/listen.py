"""Speech to text: ``/v1/listen``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..protocol.listen import Event
from ..protocol.listen_machine import ListenMachine
from ..protocol.listen_options import LiveOptions, LiveParams
from ..protocol.machine import Role
from ..protocol.options import merge_options
from ..protocol.timers import TimerSettings
from ..transport.sources import AudioInput, AudioSource, open_source
from .backend import Backend
from .connection import Connection, ConnectionStats, open_connection

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Listen", "ListenV1", "LiveConnection"]

_PATH = "/v1/listen"
_KEEPALIVE_S = 4.0


class LiveConnection(Connection[ListenMachine, Event]):
    """A live transcription.

    Sending and iterating may happen in different tasks, in any order. A silent stream is kept open by itself.
    """

    async def send(self, audio: bytes | bytearray | memoryview) -> None:
        """Send audio in the announced format; an empty chunk is left out, since on the wire it would end the stream.

        Waits while more than `Limits.max_unsent_bytes` wait to be sent. Cancelled, it has sent nothing.

        Raises:
            LocalProtocolError: after `close_stream`.
            ConnectionClosed: the connection is gone for good.
            TimeoutError: the server stopped taking or sending data.
        """
        await self._session.send_audio(_frozen(audio))

    def send_nowait(self, audio: bytes | bytearray | memoryview) -> None:
        """Send audio without waiting; for callbacks and for the hot path.

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
        audio = self._session.machine.audio
        async with open_source(source, expected=audio if audio.encoding is not None else None) as opened:
            await self._feed(opened, pace)

    async def _feed(self, source: AudioSource, pace: float | None) -> None:
        async for chunk in source.chunks(pace):
            await self._session.send_audio(chunk)

    async def finalize(self, channel: int | None = None) -> None:
        """Ask for final results of everything sent so far.

        The answer is a `Results` with ``from_finalize``; there may be none when little audio was waiting.

        Args:
            channel: index of the only channel meant; None means all.
        """
        await self._session.call(lambda now: self._session.machine.finalize(now, channel=channel))

    async def keep_alive(self) -> None:
        """Keep the silent stream open. Not needed: it happens by itself after 4 s without sending."""
        await self._session.call(self._session.machine.keep_alive)

    async def configure(
        self, *, keyterms: Sequence[str] | None = None, features: Mapping[str, bool] | None = None
    ) -> None:
        """Change the running stream. The answer is a `ConfigureSuccess` or a `ConfigureFailure`.

        Args:
            keyterms: replaces the key terms; an empty list clears them, None keeps them.
            features: switches by name, such as ``{"numerals": True}``.
        """
        machine = self._session.machine
        await self._session.call(
            lambda now: machine.configure(now, keyterms=keyterms, features=dict(features) if features else None)
        )

    async def close_stream(self) -> None:
        """Say that no more audio comes. The last results, a `Metadata`, and the end of the iteration follow."""
        await self._session.call(self._session.machine.close_stream)

    async def aclose(self) -> None:
        session = self._session
        session.stop_work()
        session.discard_events()
        if not session.machine.ended:
            await session.call(session.machine.close_stream)
        await session.wait_ended()
        session.raise_failure()

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
        )


def _frozen(audio: bytes | bytearray | memoryview) -> bytes:
    # What is queued must not change when the caller uses its buffer again.
    if type(audio) is bytes:
        return audio
    if not isinstance(audio, (bytes, bytearray, memoryview)):
        raise TypeError(f"audio must be bytes, not {type(audio).__name__}")
    return bytes(audio)


class ListenV1:
    """``/v1/listen``: live transcription with the Nova models."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @asynccontextmanager
    async def connect(
        self,
        options: LiveOptions | None = None,
        *,
        extra_query: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[LiveParams],
    ) -> AsyncIterator[LiveConnection]:
        """Open a live transcription; it is usable when the block is entered.

        Leaving the block normally ends the stream in good order: what is queued is sent, the last results are awaited
        and dropped. Leaving it by an exception or by cancellation closes the connection at once.

        Args:
            options: parameters in a struct.
            extra_query: query parameters that `LiveOptions` does not know.
            extra_headers: additional request headers.
            **params: parameters by name; they win over `options`.

        Raises:
            ConfigError: options that cannot work; before any I/O.
            ApiError: the server refused; its subclass tells why.
            ConnectError: the server could not be reached.
            TimeoutError: it did not answer within `Timeouts.connect_s`.
        """
        merged = merge_options(LiveOptions, options, params)
        async with self._open(merged, extra_query, extra_headers) as connection:
            yield connection

    @asynccontextmanager
    async def stream(
        self,
        source: AudioInput,
        options: LiveOptions | None = None,
        *,
        pace: float | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[LiveParams],
    ) -> AsyncIterator[LiveConnection]:
        """Transcribe a source: connect, send it in the background, end the stream with it, and yield the results.

        A WAV source is sent as raw samples, with ``encoding``, ``sample_rate`` and ``channels`` read from its header.
        Leaving the block early stops sending and drops the results still to come. An error of the source is raised by
        the iteration.

        Args:
            source: a path, a binary file, bytes, or an iterable or async iterable of bytes.
            options: parameters in a struct.
            pace: how much faster than real time to send; 1.0 is real time, None as fast as the server takes it.
            extra_query: query parameters that `LiveOptions` does not know.
            extra_headers: additional request headers.
            **params: parameters by name; they win over `options`.

        Raises:
            ConfigError: a source that cannot be read or paced; otherwise as for `connect`.
        """
        merged = merge_options(LiveOptions, options, params)
        expected = merged.audio_format if merged.encoding is not None else None
        async with open_source(source, expected=expected) as opened:
            if expected is None and opened.format.encoding is not None:
                found = opened.format
                merged = merge_options(
                    LiveOptions,
                    merged,
                    {"encoding": found.encoding, "sample_rate": found.sample_rate, "channels": found.channels},
                )
            opened.check_pace(pace)
            async with self._open(merged, extra_query, extra_headers) as connection:

                async def feed() -> None:
                    await connection._feed(opened, pace)
                    await connection.close_stream()

                connection._session.start_soon(feed)
                yield connection

    def _open(
        self, options: LiveOptions, extra_query: Mapping[str, Any] | None, extra_headers: Mapping[str, str] | None
    ) -> AbstractAsyncContextManager[LiveConnection]:
        def machine(timers: TimerSettings, now: float) -> ListenMachine:
            return ListenMachine(
                Role.CLIENT,
                timers,
                now,
                audio=options.audio_format,
                multichannel=bool(options.multichannel),
                drop_stale_interims=self._backend.limits.drop_stale_interims,
            )

        return open_connection(
            self._backend,
            _PATH,
            options.to_query(extra_query),
            machine=machine,
            connection=LiveConnection,
            keepalive_s=_KEEPALIVE_S,
            extra_headers=extra_headers,
        )


class Listen:
    """Speech to text."""

    def __init__(self, backend: Backend) -> None:
        self.v1: ListenV1 = ListenV1(backend)
