"""``/v1/listen`` as a socket: the server's end of a live transcription."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
from starlette.types import Receive, Scope, Send

from ..errors import ConfigError, DeepgramError
from ..protocol import listen
from ..protocol.listen_machine import ListenMachine
from ..protocol.listen_options import RAW_ENCODINGS, LiveOptions
from ..protocol.machine import Role
from ..protocol.messages import Audio, Message, UnknownEvent
from ..protocol.options import parse_query
from ..protocol.timers import TimerSettings
from ..transport.session import Session, open_session
from ..transport.settings import Limits, Timeouts
from .answers import Refusal, authorize, request_id_of
from .asgi import AsgiChannel, refuse
from .state import ServerState, logger
from .transcriber import LiveTranscriber, UndecodableAudioError

__all__ = ["ListenSocket"]

_MODELS = re.compile(
    r"(nova(-[23])?|enhanced|base|whisper)(-[a-z0-9]+)*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|custom"
)
_ENGLISH = re.compile(r"en(-[A-Za-z]{2,4})?")
_SLICE_BYTES = 16 * 1024
_MAX_RATE_HZ = 384_000
_MAX_CHANNELS = 16


class ListenSocket:
    """An ASGI application for the one route."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        request_id = request_id_of(scope)
        try:
            subprotocol = authorize(scope, self._state.settings.api_keys)
            options = _options(scope["query_string"])
            with self._state.session() as cancel_scope:
                await send({"type": "websocket.accept", "subprotocol": subprotocol})
                await self._converse(options, request_id, AsgiChannel(receive, send))
            if cancel_scope.cancelled_caught:
                with anyio.move_on_after(0.5):
                    await send({"type": "websocket.close", "code": 1001, "reason": "the server is stopping"})
        except Refusal as refusal:
            await refuse(send, refusal.status, refusal.headers(), refusal.body(request_id))

    async def _converse(self, options: LiveOptions, request_id: str, channel: AsgiChannel) -> None:
        settings = self._state.settings
        machine = ListenMachine(
            Role.SERVER,
            TimerSettings(idle_s=settings.idle_timeout_s),
            anyio.current_time(),
            audio=options.audio_format,
        )
        session = Session(machine, channel, limits=Limits(), timeouts=Timeouts(), request_id=request_id)
        logger.info("listen: request %s began", request_id)
        async with open_session(session):
            try:
                await self._transcribe(session, options, request_id)
            except UndecodableAudioError as error:
                session.close(1008, f"DATA-0000: {error}")
            except DeepgramError as error:
                logger.info("listen: request %s broke off: %s", request_id, error)
            except Exception:  # noqa: BLE001 - told to the client and to the log; the server serves on
                logger.exception("listen: request %s failed", request_id)
                session.close(1011, "NET-0000: internal server error")
        logger.info("listen: request %s ended", request_id)

    async def _transcribe(self, session: Session[ListenMachine], options: LiveOptions, request_id: str) -> None:
        recognizer = await self._state.recognizer()
        transcriber = LiveTranscriber(
            options,
            recognizer,
            request_id=request_id,
            created=datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        try:
            while batch := await session.next_batch():
                for step in _steps(transcriber, batch):
                    for message in await anyio.to_thread.run_sync(step, limiter=self._state.threads):
                        await session.call(partial(session.machine.send, message))
                if any(isinstance(message, listen.CloseStream) for message in batch):
                    session.close(1000)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(transcriber.close, limiter=self._state.threads)


def _steps(transcriber: LiveTranscriber, batch: Sequence[Any]) -> Iterator[Callable[[], Sequence[Message]]]:
    """Turn client messages into blocking calls, small enough for results to come out as they are ready."""
    for message in batch:
        if isinstance(message, Audio):
            for start in range(0, len(message.data), _SLICE_BYTES):
                yield partial(transcriber.feed, message.data[start : start + _SLICE_BYTES])
        elif isinstance(message, listen.Finalize):
            yield partial(transcriber.finalize, message.channel)
        elif isinstance(message, listen.CloseStream):
            yield transcriber.finish
            return
        elif isinstance(message, (listen.Configure, UnknownEvent)):
            yield partial(_answer, message, transcriber.request_id)


def _answer(message: listen.Configure | UnknownEvent, request_id: str) -> list[Message]:
    if isinstance(message, UnknownEvent):
        return [
            listen.Error(
                variant="SchemaError",
                description=message.reason or f"unknown message type {message.type!r}",
                message=message.raw[:1024].decode(errors="replace"),
            )
        ]
    if message.keyterms is not None:
        return [
            listen.ConfigureFailure(
                request_id=request_id,
                code="CONFIGURE_KEYTERMS_NOT_SUPPORTED",
                description="the recogniser of the local server knows no key terms",
            )
        ]
    return [listen.ConfigureSuccess(request_id=request_id)]


def _options(query: bytes) -> LiveOptions:
    try:
        options, _ = parse_query(LiveOptions, query)
    except ConfigError as error:
        raise Refusal(400, "Bad Request", f"Bad Request: {error}") from error
    if not _MODELS.fullmatch(options.model):
        raise Refusal(
            400, "Bad Request", f"Bad Request: no such model/language/tier combination found: {options.model}"
        )
    if options.language is not None and not _ENGLISH.fullmatch(options.language):
        raise Refusal(400, "Bad Request", "Bad Request: the local server recognises English only")
    if options.encoding is not None and options.encoding not in RAW_ENCODINGS:
        raise Refusal(400, "Bad Request", f"Bad Request: the local server does not decode encoding={options.encoding}")
    if (options.sample_rate or 8000) > _MAX_RATE_HZ or (options.sample_rate or 8000) < 1000:
        raise Refusal(400, "Bad Request", "Bad Request: sample_rate is out of range")
    if (options.channels or 1) > _MAX_CHANNELS:
        raise Refusal(400, "Bad Request", "Bad Request: too many channels")
    return options
