"""Speech to text: ``/v1/listen``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..protocol.ledger import AudioFormat
from ..protocol.listen import Event
from ..protocol.listen_machine import ListenMachine
from ..protocol.listen_options import LiveOptions, LiveParams
from ..protocol.machine import Role
from ..protocol.options import merge_options
from ..protocol.policy import ReconnectPolicy
from ..protocol.timers import TimerSettings
from ..transport.sources import AudioInput
from .audio_connection import AudioConnection, stream_source
from .backend import Backend
from .connection import open_connection
from .flux import ListenV2
from .transcribe import TranscribeCalls

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Listen", "ListenV1", "LiveConnection"]

_PATH = "/v1/listen"
_KEEPALIVE_S = 4.0


class LiveConnection(AudioConnection[ListenMachine, Event]):
    """A live transcription.

    Sending and iterating may happen in different tasks, in any order. A silent stream is kept open by itself.
    """

    async def finalize(self, channel: int | None = None) -> None:
        """Ask for final results of everything sent so far.

        The answer is a `Results` with ``from_finalize``; there may be none when little audio was waiting.

        Args:
            channel: index of the only channel meant; None means all.
        """
        await self._session.call(lambda now: self._session.machine.finalize(now, channel=channel))

    async def keep_alive(self) -> None:
        """Keep the silent stream open. Not needed: it happens by itself after 4 s without sending."""
        await self._session.call(lambda now: self._session.machine.keep_alive(now))

    async def configure(
        self, *, keyterms: Sequence[str] | None = None, features: Mapping[str, bool] | None = None
    ) -> None:
        """Change the running stream. The answer is a `ConfigureSuccess` or a `ConfigureFailure`.

        Args:
            keyterms: replaces the key terms; an empty list clears them, None keeps them.
            features: switches by name, such as ``{"numerals": True}``.
        """
        switches = dict(features) if features else None
        await self._session.call(lambda now: self._session.machine.configure(now, keyterms=keyterms, features=switches))


class ListenV1(TranscribeCalls):
    """``/v1/listen``: the transcription of recordings and of live audio."""

    @asynccontextmanager
    async def connect(
        self,
        options: LiveOptions | None = None,
        *,
        reconnect: ReconnectPolicy | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[LiveParams],
    ) -> AsyncIterator[LiveConnection]:
        """Open a live transcription; it is usable when the block is entered.

        Leaving the block normally ends the stream in good order: what is queued is sent, the last results are awaited
        and dropped. Leaving it by an exception or by cancellation closes the connection at once.

        Args:
            options: parameters in a struct.
            reconnect: when and how a broken connection is made anew; None for `ClientConfig.reconnect`.
            extra_query: query parameters that `LiveOptions` does not know.
            extra_headers: additional request headers.
            **params: parameters by name; they win over `options`.

        Yields:
            the connection.

        Raises:
            ConfigError: options that cannot work; before any I/O.
            ApiError: the server refused; its subclass tells why.
            ConnectError: the server could not be reached.
            TimeoutError: it did not answer within `Timeouts.connect_s`.
        """
        merged = merge_options(LiveOptions, options, params)
        async with self._open(merged, reconnect, extra_query, extra_headers) as connection:
            yield connection

    @asynccontextmanager
    async def stream(
        self,
        source: AudioInput,
        options: LiveOptions | None = None,
        *,
        pace: float | None = None,
        reconnect: ReconnectPolicy | None = None,
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
            reconnect: when and how a broken connection is made anew; None for `ClientConfig.reconnect`.
            extra_query: query parameters that `LiveOptions` does not know.
            extra_headers: additional request headers.
            **params: parameters by name; they win over `options`.

        Yields:
            the connection, to be iterated.

        Raises:
            ConfigError: a source that cannot be read or paced; otherwise as for `connect`.
        """
        merged = merge_options(LiveOptions, options, params)

        def connect(found: AudioFormat) -> AbstractAsyncContextManager[LiveConnection]:
            whole = merged
            if merged.encoding is None and found.encoding is not None:
                whole = merge_options(
                    LiveOptions,
                    merged,
                    {"encoding": found.encoding, "sample_rate": found.sample_rate, "channels": found.channels},
                )
            return self._open(whole, reconnect, extra_query, extra_headers)

        async with stream_source(source, merged.audio_format, pace, connect) as connection:
            yield connection

    def _open(
        self,
        options: LiveOptions,
        reconnect: ReconnectPolicy | None,
        extra_query: Mapping[str, Any] | None,
        extra_headers: Mapping[str, str] | None,
    ) -> AbstractAsyncContextManager[LiveConnection]:
        # Where results go elsewhere, nothing tells what has to be sent again.
        policy = None if options.callback else reconnect or self._backend.reconnect

        def machine(timers: TimerSettings, now: float) -> ListenMachine:
            return ListenMachine(
                Role.CLIENT,
                timers,
                now,
                audio=options.audio_format,
                multichannel=bool(options.multichannel),
                drop_stale_interims=self._backend.limits.drop_stale_interims,
                reconnect=policy,
            )

        return open_connection(
            self._backend,
            _PATH,
            options.to_query(extra_query),
            machine=machine,
            connection=LiveConnection,
            keepalive_s=_KEEPALIVE_S,
            extra_headers=extra_headers,
            reconnect=policy,
        )


class Listen:
    """Speech to text.

    Attributes:
        v1: version 1.
        v2: version 2.
    """

    def __init__(self, backend: Backend) -> None:
        self.v1: ListenV1 = ListenV1(backend)
        self.v2: ListenV2 = ListenV2(backend)
