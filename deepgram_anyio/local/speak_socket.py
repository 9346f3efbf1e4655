"""``/v1/speak`` as a socket: the server's end of a text-to-speech stream."""

from __future__ import annotations

from collections import deque
from typing import Any

import anyio

from ..protocol import speak
from ..protocol.machine import Role
from ..protocol.messages import UnknownEvent
from ..protocol.speak_machine import FLUSH_WINDOW_S, FLUSHES, SpeakMachine
from ..protocol.speak_options import SpeakOptions
from ..protocol.text import MAX_TEXT_CHARS
from ..protocol.timers import TimerSettings
from ..transport.session import Session
from ..transport.tasks import background_tasks
from .socket_app import SocketApp, bad_request, read_options
from .speech import Narrator, Turn, check_speech_format
from .voice_checks import check_aura_model

__all__ = ["VOICE_UUID", "SpeakSocket"]

VOICE_UUID = "00000000-0000-4000-8000-000000000002"

_MAX_SPEED = 4.0


class SpeakSocket(SocketApp[SpeakOptions, SpeakMachine]):
    """An ASGI application for the one route.

    Every model is the one packaged voice, which speaks at its own speed: ``speed`` is checked, and not obeyed.
    """

    def read(self, query: bytes) -> SpeakOptions:
        options = read_options(SpeakOptions, query)
        check_aura_model(options.model)
        if (options.speed or 1.0) > _MAX_SPEED:
            raise bad_request("speed is out of range")
        check_speech_format(options.audio_format, without=(44100,))
        return options

    def machine(self, options: SpeakOptions, now: float) -> SpeakMachine:
        return SpeakMachine(Role.SERVER, TimerSettings(), now, audio=options.audio_format)

    async def converse(self, session: Session[SpeakMachine], options: SpeakOptions, request_id: str) -> None:
        voice = await self.state.voice()
        metadata = speak.Metadata(
            request_id=request_id, model_name=options.model, model_version="local", model_uuid=VOICE_UUID
        )
        session.act(lambda now: session.machine.send(metadata, now))
        conversation = _Conversation(session, voice, options.audio_format, self.state.threads)
        async with background_tasks() as tasks:
            tasks.start_soon(conversation.run)
            while batch := await session.next_batch():
                for message in batch:
                    conversation.take(message)


class _Conversation(Narrator):
    """What the server answers to each message."""

    def __init__(self, session: Session[SpeakMachine], *args: Any) -> None:
        super().__init__(session, *args)
        self._sequence_id = 0
        self._flushes: deque[float] = deque()

    def new_id(self) -> str:
        return ""

    def begin(self, turn: Turn, now: float) -> None:
        """Nothing is said."""

    def finish(self, turn: Turn, now: float) -> None:
        self.session.machine.send(speak.Flushed(sequence_id=self._next_sequence_id()), now)

    def take(self, message: Any) -> None:
        """Answer a message, now or when its turn comes."""
        match message:
            case speak.Speak():
                self._take_text(message.text)
            case speak.Flush():
                self._flush()
            case speak.Clear():
                self.drop()
                cleared = speak.Cleared(sequence_id=self._next_sequence_id())
                self.session.act(lambda now: self.session.machine.send(cleared, now))
            case speak.Close():
                self.session.close(1000)
            case UnknownEvent(type=None, reason="binary message"):
                self.session.close(1003, "MESSAGE-0000: this message type is not supported")
            case _:
                self.session.close(1008, "DATA-0000: this is not a valid command")

    def _take_text(self, text: str) -> None:
        if len(text) > MAX_TEXT_CHARS:
            self.session.close(1009, f"BIG-0001: a text has more than {MAX_TEXT_CHARS} characters")
        elif text:
            self.add(text)

    def _flush(self) -> None:
        now = anyio.current_time()
        while self._flushes and self._flushes[0] <= now - FLUSH_WINDOW_S:
            self._flushes.popleft()
        if len(self._flushes) >= FLUSHES:
            warning = speak.Warning(
                code="EXCESSIVE_FLUSH",
                description=f"Flush was ignored: there were {FLUSHES} within {FLUSH_WINDOW_S:g} seconds.",
            )
            self.session.act(lambda now: self.session.machine.send(warning, now))
            return
        self._flushes.append(now)
        if self.open_turn is None:
            self.add("")
        self.end_turn()

    def _next_sequence_id(self) -> int:
        number = self._sequence_id
        self._sequence_id += 1
        return number
