"""The states of a ``/v2/speak`` socket, its one transition table, and the machine that obeys it."""

from __future__ import annotations

import enum
from typing import Any, ClassVar

from . import flux_speak
from .flux_speak import (
    Audio,
    Close,
    Configure,
    Connected,
    Error,
    Flush,
    Interrupt,
    PlaybackOffset,
    SessionMetadata,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    UnknownEvent,
)
from .ledger import AudioFormat
from .machine import Role, SocketKind, staying
from .messages import Message
from .speech_machine import SpeechMachine
from .timers import TimerSettings

__all__ = ["FLUX_SPEAK", "FluxSpeakMachine", "State"]

_IN_PROGRESS = "INTERRUPT_IN_PROGRESS"
_INTERRUPT_REFUSED = {_IN_PROGRESS, "INVALID_INTERRUPT_OFFSET", "NO_ACTIVE_SPEECH", "NO_AUDIO_GENERATED"}


class State(enum.Enum):
    """Where a turn-based text-to-speech stream stands."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    CLOSING = "closing"
    COMPLETE = "complete"
    CLOSED = "closed"
    FAILED = "failed"


_CLIENT = (Speak, Flush, Interrupt, Configure, Close)
_SPEECH = (flux_speak.SpeechStarted, flux_speak.Flushed, SpeechMetadata, SpeechInterrupted)
_ANSWERS = (*_SPEECH, flux_speak.ConfigureSuccess, flux_speak.ConfigureFailure, flux_speak.Warning, Error)


FLUX_SPEAK: SocketKind[State] = SocketKind(
    name="speak v2",
    initial=State.CONNECTING,
    closed=State.CLOSED,
    failed=State.FAILED,
    transitions={
        # A client need not wait for the greeting, and one that has no time for it may have ended the stream before.
        State.CONNECTING: {
            **staying(State.CONNECTING, Speak, Flush, Interrupt, Configure, flux_speak.Warning, Error, UnknownEvent),
            Connected: State.STREAMING,
            Close: State.CLOSING,
        },
        State.STREAMING: {
            **staying(State.STREAMING, Speak, Flush, Interrupt, Configure, Audio, *_ANSWERS, UnknownEvent),
            Close: State.CLOSING,
        },
        State.CLOSING: {
            **staying(State.CLOSING, Connected, Audio, *_ANSWERS, UnknownEvent),
            SessionMetadata: State.COMPLETE,
        },
        State.COMPLETE: staying(State.COMPLETE, flux_speak.Warning, Error, UnknownEvent),
    },
    # After the SessionMetadata everything has arrived, however the socket then ends.
    orderly={State.CLOSING: frozenset({1000, 1005}), State.COMPLETE: None},
    draining=frozenset({State.CLOSING, State.COMPLETE}),
    client_messages=_CLIENT,
    server_messages=(Connected, *_ANSWERS, SessionMetadata),
    server_audio=True,
    opening=frozenset({State.CONNECTING}),
)


class FluxSpeakMachine(SpeechMachine[State]):
    """One end of a turn-based text-to-speech stream.

    Attributes:
        connected: the server's greeting; None before it came.
        metadata: what summed the session up; None before it came.
    """

    kind: ClassVar[SocketKind[State]] = FLUX_SPEAK
    flush_message: ClassVar[Message] = Flush()
    close_message: ClassVar[Message] = Close()
    flushes_nothing = False  # so that NO_ACTIVE_SPEECH can only be the answer to an Interrupt

    def __init__(self, role: Role, timers: TimerSettings, now: float, *, audio: AudioFormat | None = None) -> None:
        super().__init__(role, timers, now, audio=audio)
        self.connected: Connected | None = None
        self.metadata: SessionMetadata | None = None
        self._configured: Configure | None = None

    def interrupt(self, now: float, *, playback_offset_ms: int | None = None) -> None:
        """Stop speaking: drop all text that was not spoken, and its audio.

        Args:
            now: the time, in seconds.
            playback_offset_ms: where playback stood, in milliseconds from the start of the session.
        """
        offset = None
        if playback_offset_ms is not None:
            offset = PlaybackOffset(value=max(0, playback_offset_ms - self._origin_ms))
        if self._open is not None:
            # Should the server find nothing to interrupt yet, this text must not run into the next.
            self._flush(now)
        self.cut(Interrupt(playback_offset=offset), now)

    def configure(self, now: float, *, speed: float | None = None) -> None:
        """Change the running stream."""
        self._refuse_when_finishing()
        self.send(Configure(speed=speed), now)
        self._configured = Configure(speed=speed)

    def take_over(self, broken: Any, now: float) -> None:
        self._configured = broken._configured
        if self._configured is not None:
            self.send(self._configured, now)
        super().take_over(broken, now)

    @property
    def _origin_ms(self) -> int:
        rate = self.audio.byte_rate
        return round(self._origin_bytes / rate * 1000) if rate else 0

    def speak_message(self, text: str) -> Message:
        return Speak(text=text)

    def on_event(self, event: Any, now: float) -> None:
        super().on_event(event, now)
        kind = type(event)
        self.note_fault(event.description if kind is Error else "")
        if kind is SpeechMetadata:
            self.on_spoken(now)
        elif kind is SpeechInterrupted:
            event.audio_played_ms += self._origin_ms
            self.on_cut(now)
        elif kind is flux_speak.Warning and event.code in _INTERRUPT_REFUSED:
            self.on_cut_refused(now, newest=event.code == _IN_PROGRESS)
        elif kind is Connected:
            self.connected = event
        elif kind is SessionMetadata:
            self.metadata = event
