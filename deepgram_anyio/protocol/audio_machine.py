"""What all machines have in common whose client sends audio to be transcribed: its format, and accounts of it."""

from __future__ import annotations

import enum
from typing import ClassVar, TypeVar

from .ledger import AudioFormat, Ledger
from .machine import Machine, Role
from .messages import Message
from .timers import TimerSettings

__all__ = ["AudioMachine"]

S = TypeVar("S", bound=enum.Enum)


class AudioMachine(Machine[S]):
    """One end of a transcription.

    Attributes:
        audio: the format of the audio.
        ledger: what became of it.
    """

    end_of_stream: ClassVar[Message]
    """What a client says when no more audio comes."""

    def __init__(
        self,
        role: Role,
        timers: TimerSettings,
        now: float,
        *,
        audio: AudioFormat | None = None,
        multichannel: bool = False,
    ) -> None:
        """
        Args:
            role: which end this is.
            timers: the intervals to keep.
            now: the time, in seconds.
            audio: the format of the audio sent, for the accounts.
            multichannel: each channel gets results of its own.
        """
        super().__init__(role, timers, now)
        self.audio: AudioFormat = audio or AudioFormat()
        self.ledger: Ledger = Ledger(self.audio, result_channels=self.audio.channels if multichannel else 1)

    @property
    def unacknowledged_s(self) -> float | None:
        return self.ledger.unacknowledged_s

    def send_audio(self, data: bytes | memoryview, now: float) -> None:
        super().send_audio(data, now)
        self.ledger.sent(len(data), now)

    def close_stream(self, now: float) -> None:
        """Say that no more audio comes; once said, saying it again does nothing."""
        if self.state not in self.kind.draining and self.state is not self.kind.closed:
            self.send(self.end_of_stream, now)
