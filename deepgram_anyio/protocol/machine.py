"""The engine of every socket: one transition table, one state, timers, and queues of frames and events.

A socket kind is a value, `SocketKind`: an enum of states and one table. The table knows no role, so client and
embedded server run the same one from both ends. A `Machine` does no I/O and has no clock: its owner feeds it frames and
the time, writes what it finds in `outgoing`, hands on what it finds in `events`, and calls `on_deadline` at
`next_deadline`.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

from ..errors import ConnectionClosed, DeepgramError, LocalProtocolError, RemoteProtocolError, TimeoutError  # noqa: A004
from .codec import codec_for, tag_of
from .frames import Binary, Close, Frame, Ping, Text
from .measures import Measure
from .messages import Audio, Message, UnknownEvent
from .timers import Timer, TimerSettings

__all__ = ["Machine", "Resumption", "Role", "SocketKind", "staying"]

S = TypeVar("S", bound=enum.Enum)


class Role(enum.Enum):
    """Which end of the socket a machine is."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """What a new connection makes up for; see `Reconnected`."""

    replayed_s: float = 0.0
    lost_s: float = 0.0
    replayed_chars: int = 0
    repeated_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class SocketKind(Generic[S]):
    """Everything that makes one kind of socket different from another.

    Attributes:
        name: for errors and diagrams.
        initial: the state after the handshake.
        closed: the end in good order.
        failed: the end for any other reason.
        transitions: for each state, the messages allowed in it, by class, and the state that each leads to.
        orderly: the states in which the peer may close, and the close codes that count as good order; None means any.
        draining: the states in which this side has said its last word and waits for the peer's.
        opening: the states in which the stream is not usable yet: greetings are being exchanged.
        client_messages: JSON messages that a client sends.
        server_messages: JSON messages that a server sends.
        client_audio: whether a client sends binary messages.
        server_audio: whether a server does.
        keepalive: the message that keeps an idle stream open, if there is one.
        keepalive_states: the states in which it is sent.
    """

    name: str
    initial: S
    closed: S
    failed: S
    transitions: Mapping[S, Mapping[type, S]]
    orderly: Mapping[S, frozenset[int] | None]
    draining: frozenset[S]
    client_messages: tuple[type[Message], ...]
    server_messages: tuple[type[Message], ...]
    client_audio: bool = False
    server_audio: bool = False
    opening: frozenset[S] = frozenset()
    keepalive: Message | None = None
    keepalive_states: frozenset[S] = frozenset()


def staying(state: S, *kinds: type) -> dict[type, S]:
    """Return the part of a state's row for the messages that leave it as it is."""
    return dict.fromkeys(kinds, state)


class Machine(Generic[S]):
    """One end of one socket.

    Attributes:
        state: where it stands.
        ended: the socket is over, in good order or not.
        ready: the greetings are over.
        failure: why it failed; None in every other state.
        fault: what the peer said was wrong, if that was its last word: a close is then no good order, and this is the
            reason of one that gives none.
        outgoing: frames to write, oldest first; the owner takes them out.
        events: messages received, oldest first; the owner takes them out.
        opened_at: when the connection was made.
        retimed: a deadline may have come nearer though the state is the same; the owner puts it back.
        measured: called with what was measured, and how many seconds that is; None when nobody wants to know.
    """

    __slots__ = (
        "_beyond_repair",
        "_close",
        "_codec",
        "_decode",
        "_heard_at",
        "_message_at",
        "_paused",
        "_pinged_at",
        "_progressed",
        "_receives_audio",
        "_row",
        "_sendable",
        "_sends_audio",
        "_sent_at",
        "_timers",
        "_unanswered_at",
        "ended",
        "events",
        "failure",
        "fault",
        "measured",
        "opened_at",
        "outgoing",
        "ready",
        "retimed",
        "role",
        "state",
    )  # more than fit into a shared dictionary: half the memory, and half the cache lines

    kind: ClassVar[SocketKind[Any]]

    def __init__(self, role: Role, timers: TimerSettings, now: float) -> None:
        """
        Args:
            role: which end this is.
            timers: the intervals to keep.
            now: the time, in seconds, on the clock that all later calls use.
        """
        kind, client = self.kind, role is Role.CLIENT
        self.role: Role = role
        self.outgoing: deque[Frame] = deque()
        self.events: deque[Any] = deque()
        self.failure: DeepgramError | None = None
        self.fault: str = ""
        self._timers = timers
        self._close: Close | None = None
        sent, received = kind.client_messages, kind.server_messages
        self._sends_audio, self._receives_audio = kind.client_audio, kind.server_audio
        if not client:
            sent, received = received, sent
            self._sends_audio, self._receives_audio = self._receives_audio, self._sends_audio
        self._sendable = frozenset(sent)
        self._codec = codec_for(received)
        self._decode = self._codec.decode
        self._sent_at = self._heard_at = self._message_at = self._pinged_at = now
        self._unanswered_at: float | None = None  # when the oldest ping went out that nothing was heard after
        self._paused = False
        self.opened_at: float = now
        self._progressed = False
        self._beyond_repair = False
        self.retimed: bool = False
        self.measured: Callable[[Measure, float], None] | None = None
        self._enter(kind.initial)

    def _enter(self, state: S) -> None:
        # The only place that assigns the state, and what follows from it alone.
        kind = self.kind
        self.state: S = state
        self.ended: bool = state is kind.closed or state is kind.failed
        self.ready: bool = state not in kind.opening
        self._row: Mapping[type, S] = kind.transitions.get(state, {})

    @property
    def draining(self) -> bool:
        """Whether this side has said its last word and waits for the peer's."""
        return self.state in self.kind.draining

    @property
    def close_code(self) -> int | None:
        """Code of the close frame that came or was sent, 1006 for a connection that broke off; None before that."""
        return None if self._close is None else self._close.code

    @property
    def held_bytes(self) -> int:
        """Bytes received that wait for a consumer elsewhere than in `events`."""
        return 0

    @property
    def unacknowledged_s(self) -> float | None:
        """Seconds of audio sent that the peer has not confirmed; None when that cannot be told."""
        return None

    @property
    def held_back_bytes(self) -> int:
        """Bytes accepted from the caller that are not in `outgoing` yet, since something has to go before them."""
        return 0

    def room_at(self, count_bytes: int) -> float:
        """Return from when on so much may be sent; infinity when that depends on what arrives."""
        return -math.inf

    def note_fault(self, text: str) -> None:
        """Keep what the peer says is wrong; an empty text takes it back."""
        self.fault = text

    def note_retimed(self) -> None:
        """Say that a deadline may have come nearer though the state is the same."""
        self.retimed = True

    # This side speaks.

    def send(self, message: Message, now: float) -> None:
        """Send a JSON message.

        Raises:
            LocalProtocolError: it is not this side's to send, or not now; nothing changed.
            ConnectionClosed: the socket has ended; or the failure that ended it.
        """
        self._send_text(type(message), message, now)

    def send_mapping(self, kind: type[Message], fields: Mapping[str, Any], now: float) -> None:
        """Send a JSON message of which only the ``type`` is ours: its fields go out as they are.

        Raises:
            LocalProtocolError, ConnectionClosed: as for `send`.
        """
        self._send_text(kind, {"type": tag_of(kind), **fields}, now)

    def _send_text(self, kind: type[Message], content: Message | dict[str, Any], now: float) -> None:
        target = self._row.get(kind)
        if target is None or kind not in self._sendable:
            self._refuse(kind)
        self.outgoing.append(Text(self._codec.encode(content)))
        self._sent_at = now
        if target is not self.state:
            self._enter(target)

    def send_audio(self, data: bytes | memoryview, now: float) -> None:
        """Send a binary message. An empty one is left out: on the wire it would end the stream.

        Raises:
            LocalProtocolError: no audio may be sent now; nothing changed.
            ConnectionClosed: the socket has ended; or the failure that ended it.
        """
        target = self._row.get(Audio)
        if target is None or not self._sends_audio:
            self._refuse(Audio)
        if not data:
            return
        self.outgoing.append(Binary(data))
        self._sent_at = now
        if target is not self.state:
            self._enter(target)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the socket from this side, at once; harmless when it has ended."""
        if not self.ended:
            self._close = Close(code, reason)
            self.outgoing.append(self._close)
            self._enter(self.kind.closed)

    def fail(self, error: DeepgramError, *, beyond_repair: bool = False) -> None:
        """Record that the socket is broken; the first cause is kept.

        Args:
            error: the cause.
            beyond_repair: it is no fault of the connection, so that another one would not help.
        """
        if not self.ended:
            self.failure = error
            self._beyond_repair = beyond_repair
            self._enter(self.kind.failed)

    def _refuse(self, kind: type) -> NoReturn:
        if self.failure is not None:
            raise self.failure.with_traceback(None)
        if self.ended:
            code = self._close.code if self._close else 1000
            raise ConnectionClosed("the stream has ended", code=code)
        raise LocalProtocolError(f"{self.kind.name}: {kind.__name__} cannot be sent while {self.state.value}")

    # The peer speaks.

    def receive_text(self, data: str | bytes | memoryview, now: float) -> None:
        """Take in a text message."""
        if not self.ended:
            self._receive(self._decode(data), now)

    def receive_binary(self, data: bytes | memoryview, now: float) -> None:
        """Take in a binary message."""
        if self.ended:
            return
        if self._receives_audio:
            self._receive(Audio(data), now)
        else:
            self._receive(UnknownEvent(type=None, raw=bytes(data), reason="binary message"), now)

    def receive_pong(self, now: float) -> None:
        """Take in any sign of life that is no message."""
        self._heard_at = now

    def receive_close(self, code: int, reason: str, now: float) -> None:
        """Take in the peer's close frame, or the end of the connection (1006)."""
        if self.ended:
            return
        self._close = Close(code, reason)
        codes = self.kind.orderly.get(self.state, frozenset())
        # A close right after the peer said what is wrong is no good order, whatever its code.
        if codes is None or (code in codes and not self.fault):
            self._enter(self.kind.closed)
        else:
            self.fail(ConnectionClosed(_describe_close(code), code=code, reason=reason or self.fault))

    def _receive(self, event: Any, now: float) -> None:
        self._heard_at = self._message_at = now
        target = self._row.get(type(event))
        if target is None:
            name = type(event).__name__
            self.outgoing.append(Close(1002, f"{name} out of turn"))
            error = RemoteProtocolError(f"{self.kind.name}: {name} received while {self.state.value}")
            self.fail(error, beyond_repair=True)
            return
        if target is not self.state:
            self._enter(target)
        self.on_event(event, now)
        self.hand_on(event)

    def on_event(self, event: Any, now: float) -> None:
        """Hook for what a socket kind keeps count of; called for each event before it is handed on."""

    def hand_on(self, event: Any) -> None:
        """Hook: where an event goes. The default is to `events`."""
        self.events.append(event)

    # One connection follows another.

    @property
    def beyond_repair(self) -> str | None:
        """Why a new connection could not take the stream up where this one left it; None when it could."""
        return "the connection itself is sound" if self._beyond_repair else None

    @property
    def progressed(self) -> bool:
        """Whether this connection has brought the stream any further than the one before."""
        return self._progressed

    def note_progress(self) -> None:
        """Say that this connection has brought the stream further."""
        self._progressed = True

    def take_over(self, broken: Any, now: float) -> None:
        """Go on where a machine of the same kind failed, with the same events; `opened` has to follow.

        Args:
            broken: that machine; nothing may be done with it afterwards.
            now: the time, in seconds.
        """
        self.events = broken.events
        self.measured = broken.measured

    def opened(self, now: float) -> None:
        """The connection stands, and all intervals count from now: for a machine that was made before it did."""
        self._sent_at = self._heard_at = self._message_at = self._pinged_at = self.opened_at = now

    def resumption(self) -> Resumption:
        """Return what the new connection makes up for; a second call counts nothing that the first one did."""
        return Resumption()

    # Time passes.

    def pause(self, now: float) -> None:
        """The owner stops reading: silence is now its own doing, not the peer's. Keepalives and pings go on."""
        self._paused = True

    def resume(self, now: float) -> None:
        """The owner reads again; the peer gets its full time to be heard."""
        self._paused = False
        self._heard_at = self._message_at = now
        self._unanswered_at = None

    def next_deadline(self) -> float | None:
        """Return when `on_deadline` is due; None when nothing is waited for."""
        return min((due for _, due in self._pending()), default=None)

    def on_deadline(self, now: float) -> None:
        """Do what is due at `now`; calling it early does nothing."""
        for timer, due in self._pending():
            if due <= now and not self.ended:
                self._on_timer(timer, now)

    def _pending(self) -> list[tuple[Timer, float]]:
        timers, kind = self._timers, self.kind
        if self.ended:
            return []
        pending: list[tuple[Timer, float]] = []
        if timers.keepalive_s is not None and self.state in kind.keepalive_states and self.role is Role.CLIENT:
            pending.append((Timer.KEEPALIVE, self.keepalive_since() + timers.keepalive_s))
        if timers.greeting_s is not None and not self.ready and self.role is Role.CLIENT:
            pending.append((Timer.GREETING, self.opened_at + timers.greeting_s))
        if not self._paused:
            if timers.pong_s is not None and self._unanswered_at is not None:
                pending.append((Timer.PONG, self._unanswered_at + timers.pong_s))
            if timers.drain_s is not None and self.draining and self.role is Role.CLIENT:
                pending.append((Timer.DRAIN, max(self._message_at, self._sent_at) + timers.drain_s))
            if timers.idle_s is not None and not self.draining:
                pending.append((Timer.IDLE, self.idle_since() + timers.idle_s))
        # Last, so that a new ping is not taken for the overdue one.
        if timers.ping_s is not None:
            pending.append((Timer.PING, self._pinged_at + timers.ping_s))
        return pending

    def _on_timer(self, timer: Timer, now: float) -> None:
        if timer is Timer.KEEPALIVE:
            assert self.kind.keepalive is not None
            self.send(self.kind.keepalive, now)
        elif timer is Timer.PING:
            self._pinged_at = now
            if self._ping_is_answered():
                self._unanswered_at = now
            self.outgoing.append(Ping())
        elif timer is Timer.PONG:
            self._on_pong_due()
        elif timer is Timer.DRAIN:
            silence = f"the server sent nothing for {self._timers.drain_s:g} s after the end of the stream"
            self.fail(TimeoutError(silence), beyond_repair=True)
        elif timer is Timer.GREETING:
            self.fail(TimeoutError(f"the server did not greet within {self._timers.greeting_s:g} s"))
        else:
            self.on_idle()

    def _ping_is_answered(self) -> bool:
        # Anything heard since the ping shows that the peer lives, even when its pong waits behind other messages.
        return self._unanswered_at is None or self._heard_at >= self._unanswered_at

    def _on_pong_due(self) -> None:
        if self._ping_is_answered():
            self._unanswered_at = None
        else:
            self.outgoing.append(Close(1011, "ping timeout"))
            self.fail(TimeoutError(f"the peer did not answer a ping within {self._timers.pong_s:g} s"))

    def keepalive_since(self) -> float:
        """Hook: from when `TimerSettings.keepalive_s` counts. The default is the last message sent."""
        return self._sent_at

    def idle_since(self) -> float:
        """Hook: from when `TimerSettings.idle_s` counts. The default is the last sign of life."""
        return self._heard_at

    def on_idle(self) -> None:
        """Hook: the peer was silent for `TimerSettings.idle_s`. The default closes with 1011."""
        self.close(1011, "nothing received within the timeout window")


def _describe_close(code: int) -> str:
    if code == 1006:
        return "the connection broke off without a close frame"
    if code == 1005:
        return "the peer closed without a status"
    return f"the peer closed with code {code}"
