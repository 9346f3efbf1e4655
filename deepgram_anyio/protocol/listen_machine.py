"""The states of a ``/v1/listen`` socket, its one transition table, and the machine that obeys it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from . import listen
from .audio_machine import TranscriptionMachine
from .ledger import AudioFormat
from .listen import Audio, CloseStream, Configure, Finalize, KeepAlive, Metadata, Results, UnknownEvent
from .machine import Role, SocketKind, staying
from .messages import Message
from .policy import ReconnectPolicy
from .replay import Lasts
from .timeline import cut_before, shift
from .timers import TimerSettings

__all__ = ["LISTEN", "ListenMachine", "State"]


class State(enum.Enum):
    """Where a live transcription stands."""

    STREAMING = "streaming"
    FINISHING = "finishing"
    COMPLETE = "complete"
    CLOSED = "closed"
    FAILED = "failed"


_CLIENT = (KeepAlive, Finalize, Configure, CloseStream)
_SERVER = (
    Results,
    Metadata,
    listen.UtteranceEnd,
    listen.SpeechStarted,
    listen.ConfigureSuccess,
    listen.ConfigureFailure,
    listen.Error,
    listen.Warning,
)


LISTEN: SocketKind[State] = SocketKind(
    name="listen v1",
    initial=State.STREAMING,
    closed=State.CLOSED,
    failed=State.FAILED,
    transitions={
        State.STREAMING: {
            **staying(State.STREAMING, Audio, KeepAlive, Finalize, Configure, *_SERVER, UnknownEvent),
            CloseStream: State.FINISHING,
        },
        # What a client's timers sent before they knew of its CloseStream may still be under way; audio may not.
        State.FINISHING: {
            **staying(State.FINISHING, KeepAlive, Finalize, CloseStream, *_SERVER, UnknownEvent),
            Metadata: State.COMPLETE,
        },
        # The same, from a client that the Metadata has not reached yet.
        State.COMPLETE: staying(State.COMPLETE, KeepAlive, Finalize, CloseStream, *_SERVER, UnknownEvent),
    },
    # After the Metadata everything has arrived, however the socket then ends.
    orderly={State.FINISHING: frozenset({1000, 1005}), State.COMPLETE: None},
    draining=frozenset({State.FINISHING, State.COMPLETE}),
    client_messages=_CLIENT,
    server_messages=_SERVER,
    client_audio=True,
    keepalive=KeepAlive(),
    keepalive_states=frozenset({State.STREAMING}),
)


class ListenMachine(TranscriptionMachine[State]):
    """One end of a live transcription.

    Attributes:
        metadata: the server's closing `Metadata`; None before it came.
    """

    kind: ClassVar[SocketKind[State]] = LISTEN
    end_of_stream: ClassVar[Message] = CloseStream()
    lasting: ClassVar[Mapping[type[Message], Lasts]] = {
        Finalize: Lasts.UNTIL_COVERED,
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
        multichannel: bool = False,
        drop_stale_interims: bool = False,
        reconnect: ReconnectPolicy | None = None,
    ) -> None:
        """
        Args:
            role: which end this is.
            timers: the intervals to keep.
            now: the time, in seconds.
            audio: the format of the audio sent, for the accounts.
            multichannel: each channel gets results of its own.
            drop_stale_interims: a result takes the place of an interim one of its channel that still waits in `events`.
            reconnect: how much is kept for another connection; None for nothing.
        """
        super().__init__(role, timers, now, audio=audio, multichannel=multichannel, reconnect=reconnect)
        self.metadata: Metadata | None = None
        self._drop_stale_interims = drop_stale_interims
        self._heard_audio = False

    def finalize(self, now: float, *, channel: int | None = None) -> None:
        """Ask for final results of what was sent so far, on one channel or all."""
        self.send(Finalize(channel=channel), now)

    def keep_alive(self, now: float) -> None:
        """Keep the idle stream open."""
        self.send(KeepAlive(), now)

    def configure(
        self, now: float, *, keyterms: Sequence[str] | None = None, features: dict[str, bool] | None = None
    ) -> None:
        """Change the running stream."""
        # A string is a sequence of strings too, but nobody means its letters.
        terms = [keyterms] if isinstance(keyterms, str) else keyterms
        self.send(Configure(keyterms=None if terms is None else list(terms), features=features), now)

    def receive_binary(self, data: bytes | memoryview, now: float) -> None:
        if self.role is Role.SERVER and not data:
            # The old way to end a stream, still understood by the API.
            if not self.ended:
                self._receive(CloseStream(), now)
            return
        super().receive_binary(data, now)

    def on_event(self, event: Any, now: float) -> None:
        if self.origin_s:
            shift(event, self.origin_s)
        if type(event) is Results:
            index = event.channel_index
            channel = index[0] if index else 0
            if self.resumed:
                # Where channels get results of their own, the replay begins with the one that is behind.
                cut_before(event, self.ledger.covered_s(channel))
            until_s, ledger = event.start + event.duration, self.ledger
            if ledger.first_result_s is None:
                self.note_first_result(now)
            if event.is_final:
                self.acknowledge(until_s, channel, now)
            else:
                ledger.interim_until_s, ledger.interim_sent_bytes = until_s, ledger.sent_bytes
            if self._drop_stale_interims:
                self._drop_interim(channel)
        elif type(event) is Audio:
            self._heard_audio = True
        elif type(event) is Metadata:
            self.metadata = event

    def _drop_interim(self, channel: int) -> None:
        for index, event in enumerate(self.events):
            if type(event) is Results and not event.is_final and (event.channel_index or [0])[0] == channel:
                del self.events[index]
                return

    def idle_since(self) -> float:
        # A stream that never gets audio is not kept open by KeepAlive messages.
        return super().idle_since() if self._heard_audio else self.opened_at

    def on_idle(self) -> None:
        self.close(1011, "NET-0001: did not receive audio data or a text message within the timeout window")
