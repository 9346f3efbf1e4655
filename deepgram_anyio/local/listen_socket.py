"""``/v1/listen`` as a socket: the server's end of a live transcription."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from ..protocol import listen
from ..protocol.listen_machine import ListenMachine
from ..protocol.listen_options import RAW_ENCODINGS, LiveOptions
from ..protocol.machine import Role
from ..protocol.messages import Audio, Message, UnknownEvent
from ..protocol.timers import TimerSettings
from ..transport.session import Session
from .recognition_checks import check_recognition
from .socket_app import SocketApp, bad_request, read_options
from .transcriber import LiveTranscriber
from .wire_audio import UndecodableAudioError

__all__ = ["ListenSocket"]

_SLICE_BYTES = 16 * 1024


class ListenSocket(SocketApp[LiveOptions, ListenMachine]):
    """An ASGI application for the one route."""

    def read(self, query: bytes) -> LiveOptions:
        options = read_options(LiveOptions, query)
        check_recognition(options, any_language=self.state.any_language)
        if options.encoding is not None and options.encoding not in RAW_ENCODINGS:
            raise bad_request(f"the local server does not decode encoding={options.encoding}")
        return options

    def machine(self, options: LiveOptions, now: float) -> ListenMachine:
        timers = TimerSettings(idle_s=self.state.settings.idle_timeout_s)
        return ListenMachine(Role.SERVER, timers, now, audio=options.audio_format)

    async def converse(self, session: Session[ListenMachine], options: LiveOptions, request_id: str) -> None:
        transcriber = LiveTranscriber(
            options,
            await self.state.recognizer(),
            request_id=request_id,
            created=datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        try:
            while batch := await session.next_batch():
                for step in _steps(transcriber, batch):
                    for message in await anyio.to_thread.run_sync(step, limiter=self.state.threads):
                        await session.call(partial(session.machine.send, message))
                if any(isinstance(message, listen.CloseStream) for message in batch):
                    session.close(1000)
        except UndecodableAudioError as error:
            session.close(1008, f"DATA-0000: {error}")
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(transcriber.close, limiter=self.state.threads)


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
