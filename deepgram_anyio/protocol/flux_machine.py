"""The states of a ``/v2/listen`` socket, its one transition table, and the machine that obeys it."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import msgspec

from . import flux
from .audio_machine import TranscriptionMachine
from .flux import Audio, CloseStream, Configure, Connected, Error, ForceEndTurn, Thresholds, TurnInfo, UnknownEvent
from .ledger import AudioFormat
from .machine import Role, SocketKind, staying
from .messages import Message
from .policy import ReconnectPolicy
from .replay import Lasts
from .timeline import shift
from .timers import Timer, TimerSettings

__all__ = ["FLUX", "NO_STATUS", "FluxMachine", "Gap", "State"]

NO_STATUS = 1005
"""Stands for a close frame without a code (RFC 6455, section 7.4.1)."""

_MAX_GAPS = 64
_MAX_SILENCE_S = 60.0
_LEAD_S = 1.0
_MISUNDERSTOOD = "UNPARSABLE_CLIENT_MESSAGE"
_SILENCE = {"linear16": b"\x00", "linear32": b"\x00", "mulaw": b"\xff", "alaw": b"\xd5"}


class State(enum.Enum):
    """Where a conversational transcription stands."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    FINISHING = "finishing"
    CLOSED = "closed"
    FAILED = "failed"


_CLIENT = (Configure, ForceEndTurn, CloseStream)
_ANSWERS = (TurnInfo, flux.ConfigureSuccess, flux.ConfigureFailure, Error, flux.Warning)


FLUX: SocketKind[State] = SocketKind(
    name="listen v2",
    initial=State.CONNECTING,
    closed=State.CLOSED,
    failed=State.FAILED,
    transitions={
        # A client need not wait for the greeting, and one that has no time for it may have ended the stream before.
        State.CONNECTING: {
            **staying(State.CONNECTING, Audio, Configure, ForceEndTurn, Error, flux.Warning, UnknownEvent),
            Connected: State.STREAMING,
            CloseStream: State.FINISHING,
        },
        State.STREAMING: {
            **staying(State.STREAMING, Audio, Configure, ForceEndTurn, *_ANSWERS, UnknownEvent),
            CloseStream: State.FINISHING,
        },
        State.FINISHING: staying(State.FINISHING, CloseStream, Connected, *_ANSWERS, UnknownEvent),
    },
    # The server says nothing before it closes, and closes without a status; 1000 is what a proxy makes of that.
    orderly={State.FINISHING: frozenset({1000, NO_STATUS})},
    draining=frozenset({State.FINISHING}),
    client_messages=_CLIENT,
    server_messages=(Connected, *_ANSWERS),
    client_audio=True,
    opening=frozenset({State.CONNECTING}),
)


class Gap(NamedTuple):
    """Numbers that no message of the server had.

    Attributes:
        first: the first number missing.
        last: the last.
    """

    first: int
    last: int


class _Numbered(msgspec.Struct):
    sequence_id: int | None = None


_numbered = msgspec.json.Decoder(_Numbered)


class FluxMachine(TranscriptionMachine[State]):
    """One end of a conversational transcription. The server's end numbers the messages that it sends.

    Attributes:
        missed: how many of the server's messages never came, going by their numbers.
        gaps: where they are missing, oldest first; the owner takes them out. Only the newest are kept.
    """

    kind: ClassVar[SocketKind[State]] = FLUX
    end_of_stream: ClassVar[Message] = CloseStream()
    lasting: ClassVar[Mapping[type[Message], Lasts]] = {
        ForceEndTurn: Lasts.UNTIL_COVERED,
        Configure: Lasts.AS_SETTING,
        CloseStream: Lasts.FOR_EVER,
    }

    def __init__(
        self,
        role: Role,
        timers: TimerSettings,
        now: float,
        *,
        audio: AudioFormat | None = None,
        silence_after_s: float | None = None,
        reconnect: ReconnectPolicy | None = None,
    ) -> None:
        """
        Args:
            role: which end this is.
            timers: the intervals to keep.
            now: the time, in seconds.
            audio: the format of the audio sent, for the accounts.
            silence_after_s: without audio, after which a client sends silence of the length that has passed; None for
                never. The audio must be raw, and `audio` must say so.
            reconnect: how much is kept for another connection; None for nothing.
        """
        super().__init__(role, timers, now, audio=audio, reconnect=reconnect)
        self.missed: int = 0
        self.gaps: deque[Gap] = deque(maxlen=_MAX_GAPS)
        self._next_number = 0
        self._misunderstood = False
        self._first_number = 0  # what the first message of this connection counts as
        self._first_turn = self._next_turn = 0
        self._silence_after_s = silence_after_s if role is Role.CLIENT else None
        self._audio_at = now

    # This side speaks.

    def send(self, message: Message, now: float) -> None:
        if self.role is Role.SERVER and type(message) in self._sendable:
            message = msgspec.structs.replace(message, sequence_id=self._next_number)
            super().send(message, now)
            self._next_number += 1
        else:
            super().send(message, now)

    def send_audio(self, data: bytes | memoryview, now: float) -> None:
        super().send_audio(data, now)
        if data:
            self._audio_at = now

    def configure(
        self,
        now: float,
        *,
        thresholds: Thresholds | None = None,
        keyterms: Sequence[str] | None = None,
        language_hints: Sequence[str] | None = None,
        numerals: bool | None = None,
    ) -> None:
        """Change the running stream."""
        message = Configure(
            thresholds=thresholds, keyterms=_listed(keyterms), language_hints=_listed(language_hints), numerals=numerals
        )
        self.send(message, now)

    def force_end_turn(self, now: float) -> None:
        """End the present turn."""
        self.send(ForceEndTurn(), now)

    def give_up(self, code: str, description: str, now: float) -> None:
        """Say what is wrong and close, without a status: how a server ends a stream that cannot go on."""
        if not self.ended:
            self.send(Error(sequence_id=0, code=code, description=description), now)
            self.close(NO_STATUS)

    # The peer speaks.

    def on_event(self, event: Any, now: float) -> None:
        if self.role is Role.SERVER:
            return
        shift(event, self.origin_s, {"sequence_id": self._first_number, "turn_index": self._first_turn})
        self._count(event)
        if type(event) is Error:
            self.note_fault(f"{event.code}: {event.description}")
            self._misunderstood = event.code == _MISUNDERSTOOD
        elif type(event) is not UnknownEvent:
            self.note_fault("")  # the server goes on, so what it complained of was not the end
        if type(event) is Connected:
            self._audio_at = now
        elif type(event) is TurnInfo:
            self._follow_turn(event, now)

    def _follow_turn(self, turn: TurnInfo, now: float) -> None:
        ledger = self.ledger
        if ledger.first_result_s is None:
            self.note_first_result(now)
        if not turn.is_end:
            ledger.interim_until_s, ledger.interim_sent_bytes = turn.audio_window_end, ledger.sent_bytes
        if turn.is_end or self.state is State.FINISHING:
            self.acknowledge(turn.audio_window_end, 0, now)
        elif self.replay is not None and not turn.transcript and not turn.words:
            # Nobody speaks, so nothing is lost without this silence; but a word may have begun just now.
            self.replay.covered(turn.audio_window_end - _LEAD_S)
        if turn.is_end:
            self._next_turn = max(self._next_turn, turn.turn_index + 1)

    def _count(self, event: Any) -> None:
        if type(event) is UnknownEvent:
            found = _number_in(event.raw)
            number = None if found is None else found + self._first_number
        else:
            number = event.sequence_id
        if number is None or number < self._next_number:
            return
        if number > self._next_number:
            self.gaps.append(Gap(self._next_number, number - 1))
            self.missed += number - self._next_number
        self._next_number = number + 1

    # One connection follows another.

    @property
    def beyond_repair(self) -> str | None:
        return "the server would not understand it any better" if self._misunderstood else super().beyond_repair

    def take_over(self, broken: Any, now: float) -> None:
        super().take_over(broken, now)
        self.missed, self.gaps = broken.missed, broken.gaps
        self._first_number = self._next_number = broken._next_number
        self._first_turn = self._next_turn = broken._next_turn

    # Time passes.

    def on_replayed(self, now: float) -> None:
        self._audio_at = now

    def _pending(self) -> list[tuple[Timer, float]]:
        pending = super()._pending()
        if self._silence_after_s is not None and self.state is State.STREAMING and not self.replaying:
            pending.append((Timer.SILENCE, self._audio_at + self._silence_after_s))
        return pending

    def _on_timer(self, timer: Timer, now: float) -> None:
        if timer is Timer.SILENCE:
            self._send_silence(now)
        else:
            super()._on_timer(timer, now)

    def _send_silence(self, now: float) -> None:
        # Whole frames, so that what comes after a sample that was torn in two is still in step.
        assert self.audio.encoding is not None
        assert self.audio.frame_bytes is not None
        assert self.audio.sample_rate is not None
        passed_s = min(now - self._audio_at, _MAX_SILENCE_S)
        frames = max(1, round(passed_s * self.audio.sample_rate))
        self.send_audio(_SILENCE[self.audio.encoding] * (frames * self.audio.frame_bytes), now)

    def on_idle(self) -> None:
        self.give_up("INACTIVE_CLIENT", "no audio and no message within the timeout window", self._heard_at)


def _listed(terms: Sequence[str] | None) -> list[str] | None:
    # A string is a sequence of strings too, but nobody means its letters.
    return terms if terms is None else [terms] if isinstance(terms, str) else list(terms)


def _number_in(raw: bytes) -> int | None:
    try:
        return _numbered.decode(raw).sequence_id
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
