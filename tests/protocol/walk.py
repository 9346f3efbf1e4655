"""A table walked from both ends at once: two machines, two queues, and a clock.

Delivery keeps its order and takes as long as it likes. Whatever happens, each end does what the table says, and two
ends that keep to the table never find each other out of turn.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deepgram_anyio.errors import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Ping, Pong, Text
from deepgram_anyio.protocol.machine import Machine, Role, SocketKind
from deepgram_anyio.protocol.messages import Audio, Message, UnknownEvent
from deepgram_anyio.protocol.timers import TimerSettings

__all__ = ["BothEnds", "End"]


class End:
    """One machine, what is under way to it, and what a reader of the table expects of it."""

    def __init__(self, machine: Machine[Any]) -> None:
        self.machine = machine
        self.kind = machine.kind
        self.inbox: deque[Frame] = deque()
        self.cut = False  # nothing more will arrive
        self.state: Any = self.kind.initial
        self.failure: Exception | None = None
        self.sent: list[Message | bytes] = []
        self.received: list[Any] = []
        self.heard_at = machine._heard_at
        self.accepted_bytes = 0

    @property
    def over(self) -> bool:
        return self.state in (self.kind.closed, self.kind.failed)

    def target(self, kind: type) -> Any:
        return self.kind.transitions.get(self.state, {}).get(kind)

    def snapshot(self) -> tuple[Any, ...]:
        machine = self.machine
        queued = (list(machine.outgoing), list(machine.events))
        return (machine.state, machine.failure, *queued, machine.unacknowledged_s, machine.next_deadline())

    def settle(self) -> None:
        """Take over a state that the machine reached by itself; it may only have ended."""
        if self.machine.state is not self.state:
            assert self.machine.ended
            self.state, self.failure = self.machine.state, self.machine.failure


class BothEnds(RuleBasedStateMachine):
    """A walk; a socket kind fills in what is its own."""

    KIND: ClassVar[SocketKind[Any]]
    # What the other end may make of a close frame, as the specification of the socket has it.
    ORDERLY: ClassVar[Mapping[Any, Container[int]]]
    CLIENT_MESSAGES: ClassVar[st.SearchStrategy[Message]]
    SERVER_MESSAGES: ClassVar[st.SearchStrategy[Message]]
    CLIENT_TIMERS: ClassVar[TimerSettings]
    SERVER_TIMERS: ClassVar[TimerSettings]
    PATIENT: ClassVar[TimerSettings]

    def __init__(self) -> None:
        super().__init__()
        messages = (*self.KIND.client_messages, *self.KIND.server_messages)
        self.by_tag: dict[str, type] = {tag_of(kind): kind for kind in messages}
        self.now = 1000.0
        self.begin(calm=False)

    @initialize(calm=st.booleans())
    def begin(self, calm: bool) -> None:
        # Calm walks go deep into the table; the others end early, in every way that there is.
        self.calm = calm
        self.client = End(self.make(Role.CLIENT, self.PATIENT if calm else self.CLIENT_TIMERS))
        self.server = End(self.make(Role.SERVER, self.PATIENT if calm else self.SERVER_TIMERS))
        self.ends = [self.client, self.server]

    # What a socket kind fills in.

    def make(self, role: Role, timers: TimerSettings) -> Machine[Any]:
        raise NotImplementedError

    def on_the_wire(self, end: End, message: Message) -> Message:
        """What becomes of a message when it is sent."""
        return message

    def faulty(self, end: End) -> bool:
        """Whether the peer's last word was that something is wrong."""
        return False

    def sent_by_timer(self, end: End, frames: list[Frame]) -> None:
        """Check what a deadline made a machine send, and take it into `End.sent`."""
        raise NotImplementedError

    def ended_by_timer(self, end: End, silence_s: float) -> None:
        """Check why a deadline ended a machine."""
        raise NotImplementedError

    # How it is done.

    def peer(self, end: End) -> End:
        return self.server if end is self.client else self.client

    def transmit(self, end: End) -> None:
        """What the owner does: put frames on the way, and the connection's end after the last one."""
        machine, peer = end.machine, self.peer(end)
        frames = list(machine.outgoing)
        machine.outgoing.clear()
        if machine.ended and not any(isinstance(frame, Close) for frame in frames):
            frames.append(Close(1006))
        if not peer.cut:
            peer.inbox.extend(frames)
        peer.cut = peer.cut or machine.ended

    def act(self, end: End, kind: type, step: Callable[[], None], expected: Sequence[Frame]) -> bool:
        """One local move: done as the table says, or refused without a trace; returns which."""
        machine, before = end.machine, end.snapshot()
        mine = self.KIND.client_messages if machine.role is Role.CLIENT else self.KIND.server_messages
        audible = self.KIND.client_audio if machine.role is Role.CLIENT else self.KIND.server_audio
        legal = kind in mine or (kind is Audio and audible)
        target = end.target(kind) if legal else None
        if end.over:
            with pytest.raises(type(end.failure) if end.failure else ConnectionClosed) as caught:
                step()
            assert end.failure is None or caught.value is end.failure
        elif target is None:
            with pytest.raises(LocalProtocolError):
                step()
        else:
            step()
            end.state = target
            assert list(machine.outgoing) == list(expected)
            assert machine.state is target
            self.transmit(end)
            return True
        assert end.snapshot() == before
        return False

    def send(self, end: End, message: Message) -> None:
        wire = self.on_the_wire(end, message)
        if self.act(end, type(message), lambda: end.machine.send(message, self.now), [Text(Codec.encode(wire))]):
            end.sent.append(wire)

    def deliver_one(self, end: End) -> None:
        frame, machine, was = end.inbox.popleft(), end.machine, end.state
        ended = machine.ended
        before = end.snapshot()
        if isinstance(frame, Close):
            self.expect_close(end, frame)
            machine.receive_close(frame.code, frame.reason, self.now)
        elif isinstance(frame, Ping):
            if not self.peer(end).cut:
                self.peer(end).inbox.append(Pong(frame.data))  # the transport's doing
            machine.receive_pong(self.now)
        elif isinstance(frame, Pong):
            machine.receive_pong(self.now)
        elif isinstance(frame, Text):
            assert isinstance(frame.data, bytes)
            kind = self.by_tag.get(json.loads(frame.data)["type"], UnknownEvent)
            end.state = end.state if ended else self.expect(end, kind)
            machine.receive_text(frame.data, self.now)
        else:
            end.state = end.state if ended else self.expect(end, Audio)
            machine.receive_binary(frame.data, self.now)
        if ended:
            assert end.snapshot() == before
            assert was is end.state
            return
        end.heard_at = self.now
        assert machine.state is end.state
        end.failure = machine.failure
        end.received += machine.events
        machine.events.clear()
        self.transmit(end)

    def expect(self, end: End, kind: type) -> Any:
        target = end.target(kind)
        assert target is not None, f"{kind.__name__} while {end.state}: the two ends of one table disagree"
        return target

    def expect_close(self, end: End, frame: Close) -> None:
        if not end.over:
            orderly = frame.code in self.ORDERLY.get(end.state, ()) and not self.faulty(end)
            end.state = self.KIND.closed if orderly else self.KIND.failed

    def pass_time(self, end: End) -> None:
        machine = end.machine
        machine.on_deadline(self.now)
        due = machine.next_deadline()
        assert due is None or due > self.now
        self.sent_by_timer(end, [frame for frame in machine.outgoing if isinstance(frame, (Text, Binary))])
        if machine.ended and end.state is not machine.state:
            self.ended_by_timer(end, self.now - end.heard_at)
        end.settle()
        self.transmit(end)

    # What may happen.

    @rule(data=st.binary(max_size=6))
    def send_audio(self, data: bytes) -> None:
        end, machine = self.client, self.client.machine
        if not data and self.KIND.client_audio and end.target(Audio) is not None:
            before = end.snapshot()
            machine.send_audio(data, self.now)
            assert end.snapshot() == before
        elif self.act(end, Audio, lambda: machine.send_audio(data, self.now), [Binary(data)]):
            end.sent.append(data)
            end.accepted_bytes += len(data)

    @rule(data=st.data())
    def client_sends(self, data: st.DataObject) -> None:
        self.send(self.client, data.draw(self.CLIENT_MESSAGES))

    @rule(data=st.data())
    def server_sends(self, data: st.DataObject) -> None:
        self.send(self.server, data.draw(self.SERVER_MESSAGES))

    @rule(by_client=st.booleans(), data=st.data())
    def one_end_speaks_as_the_other(self, by_client: bool, data: st.DataObject) -> None:
        end, messages = (self.client, self.SERVER_MESSAGES) if by_client else (self.server, self.CLIENT_MESSAGES)
        message = data.draw(messages)
        self.act(end, type(message), lambda: end.machine.send(message, self.now), ())
        if not self.KIND.server_audio:
            self.act(self.server, Audio, lambda: self.server.machine.send_audio(b"\0", self.now), ())

    @precondition(lambda self: self.KIND.server_audio)
    @rule(data=st.binary(min_size=1, max_size=6))
    def server_sends_audio(self, data: bytes) -> None:
        end, machine = self.server, self.server.machine
        if self.act(end, Audio, lambda: machine.send_audio(data, self.now), [Binary(data)]):
            end.sent.append(data)

    @precondition(lambda self: not self.client.cut)
    @rule()
    def a_newer_server_says_something(self) -> None:
        self.client.inbox.append(Text(b'{"type":"Newer"}'))

    @rule(to_client=st.booleans(), count=st.integers(1, 8))
    def deliver(self, to_client: bool, count: int) -> None:
        end = self.client if to_client else self.server
        for _ in range(min(count, len(end.inbox))):
            self.deliver_one(end)

    @rule(seconds=st.floats(0.0, 25.0), punctual=st.booleans())
    def time_passes(self, seconds: float, punctual: bool) -> None:
        """The owners wake exactly when they should, or sleep past it all."""
        until = self.now + seconds
        while punctual and (due := min(self.dues(), default=until)) < until:
            self.now = due
            for end in self.ends:
                self.pass_time(end)
        self.now = until
        for end in self.ends:
            self.pass_time(end)

    def dues(self) -> list[float]:
        return [due for end in self.ends if (due := end.machine.next_deadline()) is not None]

    @precondition(lambda self: not self.calm)
    @rule(by_client=st.booleans(), code=st.sampled_from([1000, 1001, 1005, 1011]))
    def close(self, by_client: bool, code: int) -> None:
        end = self.client if by_client else self.server
        before, ended = end.snapshot(), end.machine.ended
        end.machine.close(code)
        if ended:
            assert end.snapshot() == before
        else:
            assert list(end.machine.outgoing) == [Close(code)]
            end.state = self.KIND.closed
            self.transmit(end)

    @precondition(lambda self: not self.calm)
    @rule(lost=st.integers(0, 3))
    def the_network_breaks(self, lost: int) -> None:
        for end in self.ends:
            for _ in range(0 if end.cut else min(lost, len(end.inbox))):
                end.inbox.pop()
            if not end.cut:
                end.inbox.append(Close(1006))
                end.cut = True

    # What always holds.

    @invariant()
    def states_are_those_of_the_table(self) -> None:
        for end in self.ends:
            assert end.machine.state is end.state
            assert end.machine.failure is end.failure
            assert (end.failure is not None) == (end.state is self.KIND.failed)
            assert not isinstance(end.failure, RemoteProtocolError)
            assert not end.machine.outgoing

    @invariant()
    def everything_arrives_in_order(self) -> None:
        for end in self.ends:
            sent = self.peer(end).sent
            got = [bytes(event.data) if isinstance(event, Audio) else event for event in end.received]
            known = [event for event in got if not isinstance(event, UnknownEvent)]
            assert known == sent[: len(known)]
