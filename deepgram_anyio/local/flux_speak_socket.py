"""``/v2/speak`` as a socket: the server's end of a turn-based text-to-speech stream."""

from __future__ import annotations

import uuid
from collections import deque
from typing import Any
from urllib.parse import parse_qs

import msgspec

from ..errors import DeepgramError
from ..protocol import flux_speak
from ..protocol.flux_speak_machine import FluxSpeakMachine
from ..protocol.machine import Role
from ..protocol.messages import Message, UnknownEvent
from ..protocol.speak_options import FluxSpeakOptions
from ..protocol.text import MAX_TEXT_CHARS
from ..protocol.timers import TimerSettings
from ..transport.session import Session
from ..transport.tasks import background_tasks
from .socket_app import SocketApp, bad_request, read_options
from .speak_socket import VOICE_UUID
from .speech import Narrator, Turn, check_speech_format
from .voice_checks import FLUX_MAX_SPEED, FLUX_MIN_SPEED, FLUX_SPEED_STEP, check_flux_voice, flux_speed_problem

__all__ = ["FluxSpeakSocket"]

_DEFAULT_RATE = 24_000
# How many turns that were made are remembered, because they may still be playing.
_REMEMBERED = 64


class FluxSpeakSocket(SocketApp[FluxSpeakOptions, FluxSpeakMachine]):
    """An ASGI application for the one route.

    Every model is the one packaged voice, which speaks at its own speed and in its own way: ``speed`` and
    ``expressivity`` are checked, and not obeyed.
    """

    def read(self, query: bytes) -> FluxSpeakOptions:
        options = read_options(FluxSpeakOptions, query)
        if b"model" not in parse_qs(query):
            raise bad_request("model is required")
        check_flux_voice(options.model, options.speed, options.expressivity)
        options = msgspec.structs.replace(options, sample_rate=_rate(options))
        check_speech_format(options.audio_format)
        return options

    def machine(self, options: FluxSpeakOptions, now: float) -> FluxSpeakMachine:
        return FluxSpeakMachine(Role.SERVER, TimerSettings(), now, audio=options.audio_format)

    async def converse(self, session: Session[FluxSpeakMachine], options: FluxSpeakOptions, request_id: str) -> None:
        voice = await self.state.voice()
        conversation = _Conversation(session, voice, options.audio_format, self.state.threads)
        conversation.say(
            flux_speak.Connected(
                request_id=request_id, model_name=options.model, model_version="local", model_uuids=[VOICE_UUID]
            )
        )
        try:
            async with background_tasks() as tasks:
                tasks.start_soon(conversation.run)
                while batch := await session.next_batch():
                    for message in batch:
                        await conversation.take(message)
        except DeepgramError:
            raise
        except Exception:
            conversation.fail("NET-0000", "internal server error", 1011)
            raise


def _rate(options: FluxSpeakOptions) -> int:
    if options.sample_rate is not None:
        return options.sample_rate
    return _DEFAULT_RATE if (options.encoding or "linear16") == "linear16" else 8_000


class _Conversation(Narrator):
    """What the server answers to each message."""

    def __init__(self, session: Session[FluxSpeakMachine], *args: Any) -> None:
        super().__init__(session, *args)
        self._made: deque[Turn] = deque(maxlen=_REMEMBERED)
        self._chars = 0
        self._played_ms: int | None = None  # where the last Interrupt stood

    def new_id(self) -> str:
        return f"dg_sp_{uuid.uuid4().hex[:12]}"

    def say(self, message: Message) -> None:
        """Send a message."""
        self.session.act(lambda now: self.session.machine.send(message, now))

    def fail(self, code: str, description: str, close_code: int) -> None:
        """Say what is wrong, and close."""
        if not self.session.machine.ended:
            self.say(flux_speak.Error(code=code, description=description))
            self.session.close(close_code, f"{code}: {description}")

    def begin(self, turn: Turn, now: float) -> None:
        self.session.machine.send(flux_speak.SpeechStarted(speech_id=turn.id), now)

    def finish(self, turn: Turn, now: float) -> None:
        if not turn.speakable:
            warning = flux_speak.Warning(
                code="NO_SYNTHESIZABLE_TEXT", description="The turn's text has nothing that can be spoken."
            )
            self.session.machine.send(warning, now)
        self._made.append(turn)
        self.session.machine.send(flux_speak.SpeechMetadata(**msgspec.structs.asdict(self._summary(turn))), now)

    async def take(self, message: Any) -> None:
        """Answer a message, now or when its turn comes."""
        match message:
            case flux_speak.Speak():
                self._take_text(message.text)
            case flux_speak.Flush():
                self._flush()
            case flux_speak.Interrupt():
                self._interrupt(message.playback_offset)
            case flux_speak.Configure():
                self._configure(message.speed)
            case flux_speak.Close():
                await self._close()
            case UnknownEvent(type=None, reason="binary message"):
                self.fail("MESSAGE-0000", "binary messages are not supported", 1003)
            case _:
                self.fail("DATA-0000", "this is not a valid message", 1008)

    def _take_text(self, text: str) -> None:
        if len(text) > MAX_TEXT_CHARS:
            self.fail("BIG-0000", f"a text has more than {MAX_TEXT_CHARS} characters", 1009)
        elif text:
            self.add(text)
            self._chars += len(text)

    def _flush(self) -> None:
        turn = self.open_turn
        if turn is None:
            self._warn("NO_ACTIVE_SPEECH", "There is no active turn to flush.")
        else:
            self.end_turn()
            self.say(flux_speak.Flushed(speech_id=turn.id))

    def _interrupt(self, offset: flux_speak.PlaybackOffset | None) -> None:
        if not self.sent_bytes:
            self._warn("NO_AUDIO_GENERATED", "There is no audio yet to interrupt.")
            return
        played_ms = self._ms(self.sent_bytes) if offset is None else offset.value
        if played_ms <= (self._played_ms if self._played_ms is not None else -1):
            self._warn("INVALID_INTERRUPT_OFFSET", "The playback offset did not advance.")
            return
        played_bytes = played_ms * self.byte_rate // 1000
        turn = self._playing(played_bytes)
        if turn is None:
            self._warn("NO_ACTIVE_SPEECH", "Everything has been spoken.")
            return
        self.drop()
        heard = turn.spoken_at(played_bytes - turn.start_bytes, self.byte_rate)
        self._played_ms = played_ms
        # What was not heard counts no more, and the next turn's audio is played from here.
        self.sent_bytes = min(self.sent_bytes, played_bytes)
        self._made.clear()
        self.say(
            flux_speak.SpeechInterrupted(
                audio_played_ms=played_ms,
                text_spoken=None if offset is None else turn.text[:heard],
                text_remaining=None if offset is None else turn.text[heard:],
                metadata=self._summary(turn),
            )
        )

    def _playing(self, played_bytes: int) -> Turn | None:
        """The turn at a place of the stream: one whose audio is complete may still be playing."""
        for turn in self._made:
            if turn.start_bytes <= played_bytes < turn.start_bytes + turn.audio_bytes:
                return turn
        return self.turn

    def _configure(self, speed: float | None) -> None:
        problem = None if speed is None else flux_speed_problem(speed)
        if problem is None:
            self.say(flux_speak.ConfigureSuccess(applied=flux_speak.Applied(speed=speed)))
            return
        self.say(
            flux_speak.ConfigureFailure(
                code=problem,
                field="speed",
                value=speed,
                description=f"speed must be {FLUX_MIN_SPEED} to {FLUX_MAX_SPEED}, in steps of {FLUX_SPEED_STEP}",
            )
        )

    async def _close(self) -> None:
        self.end_turn()
        await self.wait_idle()
        self.say(
            flux_speak.SessionMetadata(
                total_audio_duration_ms=self._ms(self.sent_bytes),
                total_input_character_count=self._chars,
                total_billable_character_count=self._chars,
            )
        )
        self.session.close(1000)

    def _warn(self, code: str, description: str) -> None:
        self.say(flux_speak.Warning(code=code, description=description))

    def _ms(self, count_bytes: int) -> int:
        return round(count_bytes * 1000 / self.byte_rate)

    def _summary(self, turn: Turn) -> flux_speak.TurnMetadata:
        return flux_speak.TurnMetadata(
            speech_id=turn.id,
            audio_duration_ms=self._ms(turn.audio_bytes),
            input_character_count=turn.chars,
            billable_character_count=turn.chars,
            controls_applied=flux_speak.ControlsApplied(
                pronunciations_applied=0, pronunciation_warnings=0, breaks_applied=0
            ),
        )
