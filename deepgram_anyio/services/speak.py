"""Text to speech: ``/v1/speak`` and ``/v2/speak``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..protocol import flux_speak, speak
from ..protocol.flux_speak_machine import FluxSpeakMachine
from ..protocol.machine import Role
from ..protocol.options import merge_options
from ..protocol.policy import ReconnectPolicy
from ..protocol.speak_machine import SpeakMachine
from ..protocol.speak_options import FluxSpeakOptions, FluxSpeakParams, SpeakOptions, SpeakParams
from .backend import Backend
from .connection import open_connection
from .speech import SpeechConnection
from .synthesize import SynthesizeFluxCalls, SynthesizeSpeechCalls

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["FluxSpeakConnection", "Speak", "SpeakConnection", "SpeakV1", "SpeakV2"]


class SpeakConnection(SpeechConnection[SpeakMachine, speak.Event]):
    """Text to speech with an Aura voice.

    Sending, synthesizing and iterating may happen in different tasks, in any order.
    """

    async def clear(self) -> None:
        """Stop speaking: drop all text that was not spoken. A `Cleared` follows.

        The audio still under way to here is dropped, too, and so is what `synthesize` had received: all such iterators
        end, and their ``interrupted`` is true.
        """
        await self._session.call(lambda now: self._session.machine.clear(now))


class FluxSpeakConnection(SpeechConnection[FluxSpeakMachine, flux_speak.Event]):
    """Turn-based text to speech with a Flux voice. A turn is the text up to a `flush`.

    Sending, synthesizing and iterating may happen in different tasks, in any order.
    """

    async def interrupt(self, playback_offset_ms: int | None = None) -> None:
        """Stop speaking: drop all text that was not spoken. A `SpeechInterrupted` follows, or a `Warning`.

        The audio still under way to here is dropped, too, and so is what `synthesize` had received: all such iterators
        end, and their ``interrupted`` is true. Turns that wait behind the one being spoken are taken to end with it.

        Args:
            playback_offset_ms: how much of the session's audio was played, in milliseconds from its start, so that the
                server can tell which text was heard. It must be more than at the interruption before.
        """
        await self._session.call(
            lambda now: self._session.machine.interrupt(now, playback_offset_ms=playback_offset_ms)
        )

    async def configure(self, *, speed: float | None = None) -> None:
        """Change the running stream. The answer is a `ConfigureSuccess` or a `ConfigureFailure`.

        Args:
            speed: how much faster than usual to speak, 0.5 to 1.5 in steps of 0.05.
        """
        await self._session.call(lambda now: self._session.machine.configure(now, speed=speed))


class SpeakV1(SynthesizeSpeechCalls):
    """``/v1/speak``: text to speech with the Aura voices."""

    @asynccontextmanager
    async def connect(
        self,
        options: SpeakOptions | None = None,
        *,
        split_long_text: bool = False,
        reconnect: ReconnectPolicy | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[SpeakParams],
    ) -> AsyncIterator[SpeakConnection]:
        """Open a text-to-speech stream; it is usable when the block is entered.

        Leaving the block normally flushes, waits for all audio, drops what nobody took, and ends the stream. Leaving
        it by an exception or by cancellation closes the connection at once.

        When the connection breaks, all text that was not spoken to its end is spoken again on another one, each from
        its start and in order; text sent meanwhile comes behind it. A `synthesize` goes on where it was: what it
        already got is left out. Who iterates gets a `Reconnected`, whose ``repeated_bytes`` tell how much of the last
        `Audio` comes again. A break that the policy gives up is raised.

        Args:
            options: parameters in a struct.
            split_long_text: send a text of more than 2,000 characters in pieces, cut at the ends of sentences or words;
                else it is refused.
            reconnect: when and how a broken connection is made anew; None for `ClientConfig.reconnect`.
            extra_query: query parameters that `SpeakOptions` does not know.
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
        merged = merge_options(SpeakOptions, options, params)
        async with open_connection(
            self._backend,
            "/v1/speak",
            merged.to_query(extra_query),
            machine=lambda timers, now: SpeakMachine(Role.CLIENT, timers, now, audio=merged.audio_format),
            connection=lambda session, headers: SpeakConnection(session, headers, split_long_text=split_long_text),
            extra_headers=extra_headers,
            reconnect=reconnect or self._backend.reconnect,
        ) as connection:
            yield connection


class SpeakV2(SynthesizeFluxCalls):
    """``/v2/speak``: text to speech with the Flux voices; as a stream, turn by turn."""

    @asynccontextmanager
    async def connect(
        self,
        options: FluxSpeakOptions | None = None,
        *,
        split_long_text: bool = False,
        reconnect: ReconnectPolicy | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[FluxSpeakParams],
    ) -> AsyncIterator[FluxSpeakConnection]:
        """Open a text-to-speech stream; when the block is entered, the server has sent its `Connected`.

        Leaving the block normally flushes, waits for all audio, drops what nobody took, and ends the stream. Leaving
        it by an exception or by cancellation closes the connection at once.

        When the connection breaks, all text that was not spoken to its end is spoken again on another one, each from
        its start and in order, with the last `configure` in force; text sent meanwhile comes behind it. A `synthesize`
        goes on where it was: what it already got is left out. Who iterates gets a `Reconnected`, whose
        ``repeated_bytes`` tell how much of the last `Audio` comes again. A break that the policy gives up is raised.

        Args:
            options: parameters in a struct.
            split_long_text: send a text of more than 2,000 characters in pieces, cut at the ends of sentences or words;
                else it is refused.
            reconnect: when and how a broken connection is made anew; None for `ClientConfig.reconnect`.
            extra_query: query parameters that `FluxSpeakOptions` does not know.
            extra_headers: additional request headers.
            **params: parameters by name; they win over `options`.

        Yields:
            the connection.

        Raises:
            ConfigError: options that cannot work; before any I/O.
            ApiError: the server refused; its subclass tells why.
            ConnectError: the server could not be reached.
            TimeoutError: it did not answer and greet within `Timeouts.connect_s`.
        """
        merged = merge_options(FluxSpeakOptions, options, params)
        async with open_connection(
            self._backend,
            "/v2/speak",
            merged.to_query(extra_query),
            machine=lambda timers, now: FluxSpeakMachine(Role.CLIENT, timers, now, audio=merged.audio_format),
            connection=lambda session, headers: FluxSpeakConnection(session, headers, split_long_text=split_long_text),
            extra_headers=extra_headers,
            reconnect=reconnect or self._backend.reconnect,
        ) as connection:
            yield connection


class Speak:
    """Text to speech.

    Attributes:
        v1: with the Aura voices.
        v2: with the Flux voices, turn by turn.
    """

    def __init__(self, backend: Backend) -> None:
        self.v1: SpeakV1 = SpeakV1(backend)
        self.v2: SpeakV2 = SpeakV2(backend)
