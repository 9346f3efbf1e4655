"""What all machines have in common whose client sends audio: accounts of it, and its replay."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from ..errors import LocalProtocolError
from .ledger import AudioFormat, Ledger
from .machine import Machine, Resumption, Role
from .measures import Measure
from .messages import Audio, Message
from .policy import ReconnectPolicy
from .replay import Lasts, Replay
from .timers import Timer, TimerSettings

__all__ = ["AudioMachine", "TranscriptionMachine"]

S = TypeVar("S", bound=enum.Enum)

_STEP_S = 0.1
_STEP_BYTES = 64 * 1024


class AudioMachine(Machine[S]):
    """One end of a socket whose client sends audio.

    A client's end that took over from a broken one sends again what no final result covers, at its pace, and what was
    accepted meanwhile. Only then audio goes out straight again.

    Attributes:
        audio: the format of the audio.
        ledger: what became of it.
        replay: what a new connection would have to hear again; None when nothing can be.
        replaying: audio waits for what has to go before it.
        resumed: this connection took over from a broken one.
        origin_s: where on the stream's timeline this connection began, in seconds.
    """

    __slots__ = (
        "_acknowledged_before",
        "_finishing",
        "_pace",
        "_reported_lost",
        "_step_at",
        "audio",
        "ledger",
        "origin_s",
        "replay",
        "replaying",
        "resumed",
    )

    lasting: ClassVar[Mapping[type[Message], Lasts]] = {}
    """What a client says between the audio that a new connection has to hear again, and for how long."""

    def __init__(
        self,
        role: Role,
        timers: TimerSettings,
        now: float,
        *,
        audio: AudioFormat | None = None,
        multichannel: bool = False,
        reconnect: ReconnectPolicy | None = None,
    ) -> None:
        """
        Args:
            role: which end this is.
            timers: the intervals to keep.
            now: the time, in seconds.
            audio: the format of the audio sent, for the accounts.
            multichannel: each channel gets results of its own.
            reconnect: how much is kept for another connection; None for nothing.
        """
        super().__init__(role, timers, now)
        self.audio: AudioFormat = audio or AudioFormat()
        self.ledger: Ledger = Ledger(self.audio, result_channels=self.audio.channels if multichannel else 1)
        self.replay: Replay | None = None
        self.replaying: bool = False
        self.resumed: bool = False
        self.origin_s: float = 0.0
        self._pace: float | None = None
        self._step_at = math.inf
        self._finishing = False
        self._acknowledged_before = 0
        self._reported_lost = 0
        if reconnect is not None and reconnect.max_attempts and role is Role.CLIENT and self.audio.byte_rate:
            self._pace = reconnect.replay_pace
            self.replay = Replay(self.audio, max_s=reconnect.max_replay_s, max_bytes=reconnect.max_replay_bytes)

    @property
    def held_back_bytes(self) -> int:
        return self.replay.behind_bytes if self.replay is not None and self.replaying else 0

    def room_at(self, count_bytes: int) -> float:
        replay = self.replay
        # As `Replay.room_for`, without a call for each message.
        if replay is None or replay.end - replay.start + count_bytes <= replay.max_bytes:
            return -math.inf
        if self.replaying:
            return math.inf
        # Who sends faster than real time can wait for results to come; real time cannot.
        return self.opened_at + replay.end / replay.byte_rate - self.origin_s

    # The client speaks.

    def send(self, message: Message, now: float) -> None:
        lasts = self.lasting.get(type(message)) if self.replay is not None else None
        if self.replaying and self.replay is not None and lasts is not None:
            self._check_open(type(message))
            self._codec.encode(message)  # to refuse now what cannot be sent later
            self.replay.note(message, lasts)
        elif self.replaying and message == self.kind.keepalive:
            self._check_open(type(message))  # the replay keeps the stream alive
        else:
            super().send(message, now)
            if lasts is not None and self.replay is not None:
                self.replay.note(message, lasts)
                self.replay.catch_up()
        self._finishing = self._finishing or lasts is Lasts.FOR_EVER

    def send_audio(self, data: bytes | memoryview, now: float) -> None:
        if self.replaying and self.replay is not None:
            self._check_open(Audio)
            if not self.replay.room_for(len(data)):
                raise LocalProtocolError(f"{self.kind.name}: no more audio can be held until there is a connection")
            self.replay.add(data)
        else:
            super().send_audio(data, now)
            if self.replay is not None:
                self.replay.add(data, given=True)
        self.ledger.sent(len(data), now)

    def _check_open(self, kind: type) -> None:
        if self.ended:
            self._refuse(kind)
        if self._finishing:
            raise LocalProtocolError(f"{self.kind.name}: nothing can be sent after the end of the stream")

    # One connection follows another.

    @property
    def beyond_repair(self) -> str | None:
        if self.audio.byte_rate is None:
            return "audio in a container, or in an encoding without a fixed rate, cannot be sent again from its middle"
        return super().beyond_repair

    def take_over(self, broken: Any, now: float) -> None:
        super().take_over(broken, now)
        self.ledger = broken.ledger
        self.replay = broken.replay
        self._finishing = broken._finishing
        self._reported_lost = broken._reported_lost
        self.resumed = True
        if self.replay is not None:
            self.replay.rewind()
            self.origin_s = self.replay.start_s
            self._acknowledged_before = self.replay.acknowledged_bytes
            self.replaying = True

    def opened(self, now: float) -> None:
        super().opened(now)
        self._step_at = now
        self.note_retimed()

    def resumption(self) -> Resumption:
        replay = self.replay
        if replay is None:
            return Resumption()
        lost_bytes, self._reported_lost = replay.lost_bytes - self._reported_lost, replay.lost_bytes
        return Resumption(replayed_s=replay.held_s, lost_s=lost_bytes / replay.byte_rate)

    # Time passes.

    def _pending(self) -> list[tuple[Timer, float]]:
        pending = super()._pending()
        if self.replaying and self.ready and not self.ended:
            pending.append((Timer.REPLAY, self._step_at))
        return pending

    def _on_timer(self, timer: Timer, now: float) -> None:
        if timer is Timer.REPLAY:
            self._replay_step(now)
        else:
            super()._on_timer(timer, now)

    def _replay_step(self, now: float) -> None:
        """Send the next tenth of a second, and what was said before it."""
        replay = self.replay
        assert replay is not None
        step_bytes = _STEP_BYTES if self._pace is None else max(1, int(_STEP_S * replay.byte_rate))
        while (item := replay.take(step_bytes)) is not None:
            if isinstance(item, Message):
                super().send(item, now)
                continue
            super().send_audio(item, now)
            if self._pace is not None and not replay.caught_up:
                # From now, not from when it was due: what was late must not come in a burst.
                self._step_at = now + len(item) / replay.byte_rate / self._pace
                return
        self.replaying = False
        self.on_replayed(now)

    def on_replayed(self, now: float) -> None:
        """Hook: everything that was held was sent, and audio goes out straight from now on."""


class TranscriptionMachine(AudioMachine[S]):
    """One end of a transcription."""

    end_of_stream: ClassVar[Message]
    """What a client says when no more audio comes."""

    @property
    def unacknowledged_s(self) -> float | None:
        return self.ledger.unacknowledged_s

    @property
    def progressed(self) -> bool:
        return self.replay is not None and self.replay.acknowledged_bytes > self._acknowledged_before

    def close_stream(self, now: float) -> None:
        """Say that no more audio comes; once said, saying it again does nothing."""
        if not self._finishing and self.state not in self.kind.draining and self.state is not self.kind.closed:
            self.send(self.end_of_stream, now)

    def note_first_result(self, now: float) -> None:
        """A result came, and as far as is known none before it."""
        first_result_s = self.ledger.heard_first(now)
        if first_result_s is not None and self.measured is not None:
            self.measured(Measure.FIRST_RESULT, first_result_s)

    def acknowledge(self, until_s: float, channel: int, now: float) -> None:
        """A final result covers a channel up to a time on the stream's timeline."""
        ledger, replay = self.ledger, self.replay
        latency_s = ledger.covered(until_s, channel, now)
        if latency_s is not None and self.measured is not None:
            self.measured(Measure.FINAL, latency_s)
        if replay is not None and replay.end:
            replay.covered(ledger.acknowledged_s)
