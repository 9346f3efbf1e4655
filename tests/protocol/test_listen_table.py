"""The table of `/v1/listen` walked from both ends at once: two machines, two queues, and a clock.

Delivery keeps its order and takes as long as it likes. Whatever happens, each end does what the table says, and two
ends that keep to the table never find each other out of turn.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deepgram_anyio.errors import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Ping, Pong, Text
from deepgram_anyio.protocol.listen_machine import LISTEN, ListenMachine, State
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.messages import Audio, Message, UnknownEvent
from deepgram_anyio.protocol.timers import TimerSettings

from . import CLIENT_TIMERS, LINEAR16, METADATA, results, steady

SERVER_TIMERS = TimerSettings(idle_s=10.0, ping_s=15.0, pong_s=30.0)
PATIENT = TimerSettings(keepalive_s=4.0, ping_s=20.0)
BY_TAG: dict[str, type] = {tag_of(kind): kind for kind in (*LISTEN.client_messages, *LISTEN.server_messages)}
# What the other end may make of a close frame, as the specification of the socket has it.
ORDERLY = {State.FINISHING: {1000, 1005}, State.COMPLETE: range(1000, 5000)}

CLIENT_MESSAGES = st.sampled_from(
    [listen.KeepAlive(), listen.Finalize(), listen.Finalize(channel=1), listen.CloseStream(), listen.Configure()]
)
SERVER_MESSAGES = st.sampled_from(
    [
        results(),
        results(0.0, 2.0, is_final=True),
        METADATA,
        METADATA,
        listen.UtteranceEnd(channel=[0, 1], last_word_end=1.0),
        listen.SpeechStarted(channel=[0, 1], timestamp=0.5),
        listen.ConfigureSuccess(request_id="r"),
        listen.ConfigureFailure(request_id="r", code="c", description="d"),
        listen.Error(description="d"),
        listen.Warning(),
    ]
)


class End:
    """One machine, what is under way to it, and what a reader of the table expects of it."""

    def __init__(self, machine: ListenMachine) -> None:
        self.machine = machine
        self.inbox: deque[Frame] = deque()
        self.cut = False  # nothing more will arrive
        self.state = State.STREAMING
        self.failure: Exception | None = None
        self.sent: list[Message | bytes] = []
        self.received: list[Any] = []
        self.heard_at = machine._heard_at
        self.accepted_bytes = 0

    def target(self, kind: type) -> State | None:
        return LISTEN.transitions.get(self.state, {}).get(kind)

    def snapshot(self) -> tuple[Any, ...]:
        machine = self.machine
        queued = (list(machine.outgoing), list(machine.events))
        return (machine.state, machine.failure, *queued, machine.ledger.sent_bytes, machine.next_deadline())

    def settle(self) -> None:
        """Take over a state that the machine reached by itself; it may only have ended."""
        if self.machine.state is not self.state:
            assert self.machine.ended
            self.state, self.failure = self.machine.state, self.machine.failure


class BothEnds(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.begin(calm=False)

    @initialize(calm=st.booleans())
    def begin(self, calm: bool) -> None:
        # Calm walks go deep into the table; the others end early, in every way that there is.
        self.calm = calm
        self.client = End(ListenMachine(Role.CLIENT, PATIENT if calm else CLIENT_TIMERS, self.now, audio=LINEAR16))
        self.server = End(ListenMachine(Role.SERVER, PATIENT if calm else SERVER_TIMERS, self.now))
        self.ends = [self.client, self.server]

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

    def act(self, end: End, kind: type, step: Callable[[], None], expected: Sequence[Frame]) -> None:
        """One local move: done as the table says, or refused without a trace."""
        machine, before = end.machine, end.snapshot()
        mine = LISTEN.client_messages if machine.role is Role.CLIENT else LISTEN.server_messages
        legal = kind in mine or (kind is Audio and machine.role is Role.CLIENT)
        target = end.target(kind) if legal else None
        if end.state in (State.CLOSED, State.FAILED):
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
            return
        assert end.snapshot() == before

    def send(self, end: End, message: Message) -> None:
        before = end.state
        self.act(end, type(message), lambda: end.machine.send(message, self.now), [Text(Codec.encode(message))])
        if LISTEN.transitions.get(before, {}).get(type(message)) and end.machine.failure is None:
            end.sent.append(message)

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
            kind = BY_TAG.get(json.loads(frame.data)["type"], UnknownEvent)
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

    def expect(self, end: End, kind: type) -> State:
        target = end.target(kind)
        assert target is not None, f"{kind.__name__} while {end.state}: the two ends of one table disagree"
        return target

    def expect_close(self, end: End, frame: Close) -> None:
        if end.state not in (State.CLOSED, State.FAILED):
            orderly = frame.code in ORDERLY.get(end.state, ())
            end.state = State.CLOSED if orderly else State.FAILED

    def pass_time(self, end: End) -> None:
        machine = end.machine
        machine.on_deadline(self.now)
        due = machine.next_deadline()
        assert due is None or due > self.now
        keepalives = [frame for frame in machine.outgoing if isinstance(frame, Text)]
        assert all(frame == Text(b'{"type":"KeepAlive"}') for frame in keepalives)
        end.sent += [listen.KeepAlive() for _ in keepalives]
        if machine.ended and end.state is not machine.state:
            silence_s = self.now - end.heard_at
            if machine.role is Role.SERVER and machine.state is State.CLOSED:
                assert silence_s >= 10.0 or not any(isinstance(event, Audio) for event in end.received)
            else:
                assert isinstance(machine.failure, DeadlineError)
                assert silence_s >= 20.0
        end.settle()
        self.transmit(end)

    # What may happen.

    @rule(data=st.binary(max_size=6))
    def send_audio(self, data: bytes) -> None:
        end, machine = self.client, self.client.machine
        if not data and end.state is State.STREAMING:
            before = end.snapshot()
            machine.send_audio(data, self.now)
            assert end.snapshot() == before
            return
        accepted = end.state is State.STREAMING
        self.act(end, Audio, lambda: machine.send_audio(data, self.now), [Binary(data)])
        if accepted:
            end.sent.append(data)
            end.accepted_bytes += len(data)

    @rule(message=CLIENT_MESSAGES)
    def client_sends(self, message: Message) -> None:
        self.send(self.client, message)

    @rule(message=SERVER_MESSAGES)
    def server_sends(self, message: Message) -> None:
        self.send(self.server, message)

    @rule(by_client=st.booleans(), data=st.data())
    def one_end_speaks_as_the_other(self, by_client: bool, data: st.DataObject) -> None:
        end, messages = (self.client, SERVER_MESSAGES) if by_client else (self.server, CLIENT_MESSAGES)
        message = data.draw(messages)
        self.act(end, type(message), lambda: end.machine.send(message, self.now), ())
        self.act(self.server, Audio, lambda: self.server.machine.send_audio(b"\0", self.now), ())

    @rule()
    def close_stream(self) -> None:
        end, machine = self.client, self.client.machine
        if end.state is State.STREAMING:
            self.act(end, listen.CloseStream, lambda: machine.close_stream(self.now), [Text(b'{"type":"CloseStream"}')])
            end.sent.append(listen.CloseStream())
        elif end.state is not State.FAILED:
            before = end.snapshot()
            machine.close_stream(self.now)
            assert end.snapshot() == before

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
    @rule(by_client=st.booleans(), code=st.sampled_from([1000, 1001, 1011]))
    def close(self, by_client: bool, code: int) -> None:
        end = self.client if by_client else self.server
        before, ended = end.snapshot(), end.machine.ended
        end.machine.close(code)
        if ended:
            assert end.snapshot() == before
        else:
            assert list(end.machine.outgoing) == [Close(code)]
            end.state = State.CLOSED
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
            assert (end.failure is not None) == (end.state is State.FAILED)
            assert not isinstance(end.failure, RemoteProtocolError)
            assert not end.machine.outgoing

    @invariant()
    def everything_arrives_in_order(self) -> None:
        for end in self.ends:
            sent = self.peer(end).sent
            got = [bytes(event.data) if isinstance(event, Audio) else event for event in end.received]
            known = [event for event in got if not isinstance(event, UnknownEvent)]
            assert known == sent[: len(known)]

    @invariant()
    def the_ledger_is_right(self) -> None:
        ledger = self.client.machine.ledger
        assert ledger.sent_bytes == self.client.accepted_bytes
        assert ledger.sent_s == self.client.accepted_bytes / 32000
        covered = [event for event in self.client.received if isinstance(event, listen.Results) and event.is_final]
        assert ledger.acknowledged_s == (2.0 if covered else 0.0)

    def teardown(self) -> None:
        """From wherever a healthy connection stands, the client can bring it to its end in good order."""
        if any(end.cut or end.machine.ended for end in self.ends):
            return
        self.close_stream()
        self.deliver(to_client=False, count=len(self.server.inbox))
        self.server_sends(METADATA)
        self.close(by_client=False, code=1000)
        self.deliver(to_client=True, count=len(self.client.inbox))
        assert [end.machine.state for end in self.ends] == [State.CLOSED, State.CLOSED]
        assert self.client.machine.metadata == METADATA
        assert [event for event in self.server.received if isinstance(event, Audio)] == [
            Audio(data) for data in self.client.sent if isinstance(data, bytes)
        ]


TestBothEnds = pytest.mark.timeout(60)(BothEnds.TestCase)
BothEnds.TestCase.settings = steady(150)
