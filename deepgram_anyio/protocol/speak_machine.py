"""The states of a ``/v1/speak`` socket, its one transition table, and the machine that obeys it."""

from __future__ import annotations

import enum
from collections import deque
from typing import Any, ClassVar

from . import speak
from .ledger import AudioFormat
from .machine import Role, SocketKind, staying
from .messages import Message
from .speak import Audio, Clear, Cleared, Close, Flush, Flushed, Metadata, Speak, UnknownEvent
from .speech_machine import Speech, SpeechMachine
from .timers import Timer, TimerSettings

__all__ = ["FLUSHES", "FLUSH_WINDOW_S", "SPEAK", "SpeakMachine", "State"]

FLUSHES = 20
"""How many ``Flush`` messages the server takes within `FLUSH_WINDOW_S`; it ignores more, with a `Warning`."""

FLUSH_WINDOW_S = 60.0

# Messages that were sent apart may arrive together.
_JITTER_S = 1.0


class State(enum.Enum):
    """Where a text-to-speech stream stands."""

    STREAMING = "streaming"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


_CLIENT = (Speak, Flush, Clear, Close)
_SERVER = (Metadata, Flushed, Cleared, speak.Warning, speak.Error)


SPEAK: SocketKind[State] = SocketKind(
    name="speak v1",
    initial=State.STREAMING,
    closed=State.CLOSED,
    failed=State.FAILED,
    transitions={
        State.STREAMING: {
            **staying(State.STREAMING, Speak, Flush, Clear, Audio, *_SERVER, UnknownEvent),
            Close: State.CLOSING,
        },
        # What the server said before it knew.
        State.CLOSING: staying(State.CLOSING, Audio, *_SERVER, UnknownEvent),
    },
    # Close ends the stream at once: nothing is expected any more, however the socket then ends.
    orderly={State.CLOSING: None},
    draining=frozenset({State.CLOSING}),
    client_messages=_CLIENT,
    server_messages=_SERVER,
    server_audio=True,
)


class SpeakMachine(SpeechMachine[State]):
    """One end of a text-to-speech stream.

    Attributes:
        metadata: the server's `Metadata`; None before it came.
    """

    kind: ClassVar[SocketKind[State]] = SPEAK
    flush_message: ClassVar[Message] = Flush()
    close_message: ClassVar[Message] = Close()
    flushes_nothing = True

    def __init__(self, role: Role, timers: TimerSettings, now: float, *, audio: AudioFormat | None = None) -> None:
        super().__init__(role, timers, now, audio=audio)
        self.metadata: Metadata | None = None
        self._flushes: deque[float] = deque(maxlen=FLUSHES)
        self._flush_again_at: float | None = None

    def clear(self, now: float) -> None:
        """Stop speaking: drop all text that was not spoken, and its audio."""
        self.cut(Clear(), now)
        self._flush_again_at = None

    def speak_message(self, text: str) -> Message:
        return Speak(text=text)

    @property
    def paced(self) -> bool:
        return self._flush_again_at is not None or super().paced

    def on_flush(self, now: float) -> None:
        self._flushes.append(now)

    def flush_allowed_at(self) -> float | None:
        if self._flush_again_at is not None:
            return self._flush_again_at
        return self._flushes[0] + FLUSH_WINDOW_S + _JITTER_S if len(self._flushes) == FLUSHES else None

    def on_event(self, event: Any, now: float) -> None:
        super().on_event(event, now)
        self.note_fault(event.description or "" if type(event) is speak.Error else "")
        if type(event) is Flushed:
            if len(self._awaited) <= 1:
                self._flush_again_at = None  # else the ignored one is behind the one that this answers
            self.on_spoken(now)
        elif type(event) is Cleared:
            self.on_cut(now)
        elif type(event) is Metadata:
            self.metadata = event
        elif type(event) is speak.Warning and _about_flush(event):
            self._on_flush_refused(now)

    def _on_flush_refused(self, now: float) -> None:
        if self._cuts or not self._awaited:
            return  # it was for a text that is cut off
        if self._flush_again_at is None:
            self._flush_again_at = now + FLUSH_WINDOW_S + _JITTER_S
            self.note_retimed()
            return
        # One more was ignored. A single flush will stand for all of them, and a text with a consumer for the others.
        by_hand = [item for item in self._awaited if isinstance(item, Speech) and not item.wanted]
        if by_hand and len(self._awaited) > 1:
            self._awaited.remove(by_hand[-1])

    def _pending(self) -> list[tuple[Timer, float]]:
        pending = super()._pending()
        due = self.flush_allowed_at() if self._paced else self._flush_again_at
        if due is not None and not self.ended:
            pending.append((Timer.FLUSH, due))
        return pending

    def _on_timer(self, timer: Timer, now: float) -> None:
        if timer is not Timer.FLUSH:
            super()._on_timer(timer, now)
            return
        if self._flush_again_at is not None:
            self._flush_again_at = None
            self.send(Flush(), now)
            self.on_flush(now)
        self._proceed(now)


def _about_flush(warning: speak.Warning) -> bool:
    words = (warning.code, warning.description, warning.warn_code, warning.warn_msg)
    return any("flush" in word.lower() for word in words if word)
