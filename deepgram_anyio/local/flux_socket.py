"""``/v2/listen`` as a socket: the server's end of a conversational transcription.

Where the API closes without a status, hypercorn says 1000.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread

from ..protocol import flux
from ..protocol.flux_machine import NO_STATUS, FluxMachine
from ..protocol.flux_options import FluxOptions
from ..protocol.listen_options import RAW_ENCODINGS
from ..protocol.machine import Role
from ..protocol.messages import Audio, Message, UnknownEvent
from ..protocol.timers import TimerSettings
from ..transport.session import Session
from .flux_transcriber import MULTILINGUAL, FluxTranscriber, english_only, listed, threshold_problem
from .socket_app import SocketApp, bad_request, read_options
from .wire_audio import UndecodableAudioError

__all__ = ["FluxSocket"]

_MODELS = frozenset({"flux-general-en", MULTILINGUAL})
_WEIGHTED = re.compile(r".*:-?[0-9.]+")
_SLICE_BYTES = 8 * 1024
_MIN_RATE_HZ = 1_000
_MAX_RATE_HZ = 384_000


class FluxSocket(SocketApp[FluxOptions, FluxMachine]):
    """An ASGI application for the one route."""

    def read(self, query: bytes) -> FluxOptions:
        options = read_options(FluxOptions, query)
        if not any(name == b"model" for name, _ in parse_qsl(query)):
            raise bad_request("model is required")
        if options.model not in _MODELS:
            raise bad_request(f"no such model: {options.model}")
        if options.encoding is not None and options.encoding not in RAW_ENCODINGS:
            raise bad_request(f"the local server does not decode encoding={options.encoding}")
        if not _MIN_RATE_HZ <= (options.sample_rate or _MIN_RATE_HZ) <= _MAX_RATE_HZ:
            raise bad_request("sample_rate is out of range")
        problem = threshold_problem(options)
        if problem is not None:
            raise bad_request(problem)
        if not self.state.any_language and not english_only(listed(options.language_hint)):
            raise bad_request("the local server recognises English only")
        if any(_WEIGHTED.fullmatch(term) for term in listed(options.keyterm)):
            raise bad_request("keyterm takes no weights")
        return options

    def machine(self, options: FluxOptions, now: float) -> FluxMachine:
        timers = TimerSettings(idle_s=self.state.settings.idle_timeout_s)
        return FluxMachine(Role.SERVER, timers, now, audio=options.audio_format)

    async def converse(self, session: Session[FluxMachine], options: FluxOptions, request_id: str) -> None:
        session.act(partial(session.machine.send, flux.Connected(request_id=request_id, sequence_id=0)))
        transcriber = FluxTranscriber(options, await self.state.recognizer(), request_id=request_id)
        try:
            while batch := await session.next_batch():
                for step in _steps(transcriber, batch):
                    for message in await anyio.to_thread.run_sync(step, limiter=self.state.threads):
                        await session.call(partial(session.machine.send, message))
                self._end(session, batch)
        except UndecodableAudioError as error:
            session.act(partial(session.machine.give_up, "UNDECODABLE_AUDIO", str(error)))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(transcriber.close, limiter=self.state.threads)

    def apologize(self, session: Session[FluxMachine]) -> None:
        session.act(partial(session.machine.give_up, "INTERNAL_SERVER_ERROR", "the server failed"))

    @staticmethod
    def _end(session: Session[FluxMachine], batch: Sequence[Any]) -> None:
        for message in batch:
            if isinstance(message, UnknownEvent):
                reason = message.reason or f"unknown message type {message.type!r}"
                session.act(partial(session.machine.give_up, "UNPARSABLE_CLIENT_MESSAGE", reason))
                return
            if isinstance(message, flux.CloseStream):
                session.close(NO_STATUS)
                return


def _steps(transcriber: FluxTranscriber, batch: Sequence[Any]) -> Iterator[Callable[[], Sequence[Message]]]:
    """Turn client messages into blocking calls, small enough for results to come out as they are ready."""
    for message in batch:
        if isinstance(message, Audio):
            for start in range(0, len(message.data), _SLICE_BYTES):
                yield partial(transcriber.feed, message.data[start : start + _SLICE_BYTES])
        elif isinstance(message, flux.ForceEndTurn):
            yield transcriber.force_end_turn
        elif isinstance(message, flux.Configure):
            yield partial(_configure, transcriber, message)
        elif isinstance(message, flux.CloseStream):
            yield transcriber.finish
            return
        elif isinstance(message, UnknownEvent):
            return


def _configure(transcriber: FluxTranscriber, message: flux.Configure) -> list[Message]:
    return [transcriber.configure(message)]
