"""Conversational speech to text: ``/v2/listen``."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import ConfigError
from ..protocol.flux import Event, Thresholds
from ..protocol.flux_machine import FluxMachine
from ..protocol.flux_options import FluxOptions, FluxParams
from ..protocol.ledger import AudioFormat
from ..protocol.machine import Role
from ..protocol.options import merge_options
from ..protocol.policy import ReconnectPolicy
from ..protocol.timers import TimerSettings
from ..transport.logs import project_logger
from ..transport.sources import AudioInput
from .audio_connection import AudioConnection, stream_source
from .backend import Backend
from .connection import ConnectionStats, open_connection

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["FluxConnection", "ListenV2"]

_PATH = "/v2/listen"
_logger = project_logger()


class FluxConnection(AudioConnection[FluxMachine, Event]):
    """A conversational transcription: who speaks is told turn by turn.

    Sending and iterating may happen in different tasks, in any order. There is no KeepAlive: without audio no turn
    ends, and after some seconds the server closes the stream; ``silence_after_s`` of `ListenV2.connect` helps.
    """

    async def configure(
        self,
        *,
        thresholds: Thresholds | Mapping[str, float] | None = None,
        keyterms: Sequence[str] | None = None,
        language_hints: Sequence[str] | None = None,
        numerals: bool | None = None,
    ) -> None:
        """Change the running stream. The answer is a `ConfigureSuccess` or a `ConfigureFailure`.

        Cancelled, it has sent nothing.

        Args:
            thresholds: when a turn ends; what is left out keeps its value.
            keyterms: replaces the terms to favour; None keeps them.
            language_hints: replaces the languages to expect, ``flux-general-multi`` only; None keeps them.
            numerals: numbers as digits; None keeps it as it is.

        Raises:
            ConfigError: thresholds of an unknown name or of a wrong type.
        """
        changed = _thresholds(thresholds)
        await self._session.call(
            lambda now: self._session.machine.configure(
                now, thresholds=changed, keyterms=keyterms, language_hints=language_hints, numerals=numerals
            )
        )

    async def force_end_turn(self) -> None:
        """End the present turn on the audio transcribed so far; without one, nothing happens.

        The answer is a `TurnInfo` with ``EndOfTurn`` and ``trigger="manual"``. Cancelled, it has sent nothing.
        """
        await self._session.call(lambda now: self._session.machine.force_end_turn(now))

    async def __anext__(self) -> Event:
        event = await super().__anext__()
        self._report_gaps()
        return event

    async def aclose(self) -> None:
        try:
            await super().aclose()
        finally:
            self._report_gaps()

    def _report_gaps(self) -> None:
        gaps = self._session.machine.gaps
        while gaps:
            gap = gaps.popleft()
            _logger.warning("listen v2: request %s: messages %d to %d never came", self.request_id, *gap)

    @property
    def stats(self) -> ConnectionStats:
        """The connection's figures now. Silence that was sent by itself counts as audio."""
        return msgspec.structs.replace(super().stats, missed=self._session.machine.missed)


def _thresholds(given: Thresholds | Mapping[str, float] | None) -> Thresholds | None:
    if given is None or isinstance(given, Thresholds):
        return given
    unknown = set(given) - set(Thresholds.__struct_fields__)
    if unknown:
        raise ConfigError(f"unknown thresholds: {', '.join(sorted(unknown))}")
    try:
        return msgspec.convert(dict(given), Thresholds, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"wrong threshold: {error}") from error


class ListenV2:
    """``/v2/listen``: conversational transcription with the Flux models."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @asynccontextmanager
    async def connect(
        self,
        options: FluxOptions | None = None,
        *,
        silence_after_s: float | None = None,
        reconnect: ReconnectPolicy | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[FluxParams],
    ) -> AsyncIterator[FluxConnection]:
        """Open a conversational transcription; it is usable when the block is entered, after the server's greeting.

        Leaving the block normally ends the stream in good order: what is queued is sent, the last results are awaited
        and dropped. Leaving it by an exception or by cancellation closes the connection at once.

        Args:
            options: parameters in a struct.
            silence_after_s: seconds without audio after which silence of that length is sent, so that a turn can end
                and the stream stays open; None for never. Raw audio only.
            reconnect: when and how a broken connection is made anew; None for `ClientConfig.reconnect`.
            extra_query: query parameters that `FluxOptions` does not know.
            extra_headers: additional request headers.
            **params: parameters by name; they win over `options`.

        Yields:
            the connection.

        Raises:
            ConfigError: options that cannot work; before any I/O.
            ApiError: the server refused; its subclass tells why.
            ConnectError: the server could not be reached.
            ConnectionClosed: it closed instead of greeting; ``reason`` tells why.
            TimeoutError: it did not answer within `Timeouts.connect_s`.
        """
        merged = merge_options(FluxOptions, options, params)
        async with self._open(merged, silence_after_s, reconnect, extra_query, extra_headers) as connection:
            yield connection

    @asynccontextmanager
    async def stream(
        self,
        source: AudioInput,
        options: FluxOptions | None = None,
        *,
        pace: float | None = None,
        silence_after_s: float | None = None,
        reconnect: ReconnectPolicy | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[FluxParams],
    ) -> AsyncIterator[FluxConnection]:
        """Transcribe a source: connect, send it in the background, end the stream with it, and yield the results.

        A WAV source is sent as raw samples, with ``encoding`` and ``sample_rate`` read from its header. What was said
        after the last ``EndOfTurn`` comes as an ``Update``. Leaving the block early stops sending and drops the results
        still to come. An error of the source is raised by the iteration.

        Args:
            source: a path, a binary file, bytes, or an iterable or async iterable of bytes.
            options: parameters in a struct.
            pace: how much faster than real time to send; 1.0 is real time, None as fast as the server takes it.
            silence_after_s: as for `connect`; for a source that pauses.
            reconnect: when and how a broken connection is made anew; None for `ClientConfig.reconnect`.
            extra_query: query parameters that `FluxOptions` does not know.
            extra_headers: additional request headers.
            **params: parameters by name; they win over `options`.

        Yields:
            the connection, to be iterated.

        Raises:
            ConfigError: a source that cannot be read or paced, or of more than one channel; otherwise as for `connect`.
        """
        merged = merge_options(FluxOptions, options, params)

        def connect(found: AudioFormat) -> AbstractAsyncContextManager[FluxConnection]:
            whole = merged
            if merged.encoding is None and found.encoding is not None:
                if found.channels != 1:
                    raise ConfigError(f"the WAV source has {found.channels} channels; /v2/listen takes one")
                whole = merge_options(
                    FluxOptions, merged, {"encoding": found.encoding, "sample_rate": found.sample_rate}
                )
            return self._open(whole, silence_after_s, reconnect, extra_query, extra_headers)

        async with stream_source(source, merged.audio_format, pace, connect) as connection:
            yield connection

    def _open(
        self,
        options: FluxOptions,
        silence_after_s: float | None,
        reconnect: ReconnectPolicy | None,
        extra_query: Mapping[str, Any] | None,
        extra_headers: Mapping[str, str] | None,
    ) -> AbstractAsyncContextManager[FluxConnection]:
        audio = options.audio_format
        _check_silence(silence_after_s, audio)
        policy = reconnect or self._backend.reconnect

        def machine(timers: TimerSettings, now: float) -> FluxMachine:
            return FluxMachine(Role.CLIENT, timers, now, audio=audio, silence_after_s=silence_after_s, reconnect=policy)

        return open_connection(
            self._backend,
            _PATH,
            options.to_query(extra_query),
            machine=machine,
            connection=FluxConnection,
            extra_headers=extra_headers,
            reconnect=policy,
        )


def _check_silence(silence_after_s: float | None, audio: AudioFormat) -> None:
    if silence_after_s is None:
        return
    if not (silence_after_s > 0 and math.isfinite(silence_after_s)):
        raise ConfigError(f"silence_after_s must be a positive number of seconds, not {silence_after_s!r}")
    if audio.byte_rate is None:
        raise ConfigError("silence_after_s needs raw audio: pass encoding= and sample_rate=, or a WAV source")
