"""Replay, reconnection and keepalive together, in virtual time: a client that is cut off in every possible moment.

The walk plays the network and the server. Audio is numbered, so that the server can tell what it hears; it checks every
byte, and the walk keeps the accounts.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deepgram_anyio.errors import ConnectError, ConnectionClosed, LocalProtocolError, TransportError
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.frames import Binary, Close, Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.listen_machine import ListenMachine, State
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.policy import Reconnection, ReconnectPolicy
from deepgram_anyio.protocol.timers import TimerSettings

from ..transport.fakes import metadata, results

RATE = 1000  # bytes a second: mulaw at 1 kHz
BOUND_S = 6.0
PACE = 1.25
KEEPALIVE_S = 4.0
FORMAT = AudioFormat(encoding="mulaw", sample_rate=RATE)
TIMERS = TimerSettings(keepalive_s=KEEPALIVE_S, ping_s=20.0, pong_s=20.0, drain_s=30.0)
POLICY = ReconnectPolicy(max_attempts=6, max_outage_s=60.0, max_replay_s=BOUND_S, replay_pace=PACE)


def stream(start: int, end: int) -> bytes:
    return bytes(position % 251 for position in range(start, end))


class Server:
    """One connection's other end."""

    def __init__(self, origin: int, now: float) -> None:
        self.origin = origin
        self.began = now
        self.heard = 0
        self.covered = 0
        self.finishing = False

    def hear(self, frame: Any) -> None:
        if isinstance(frame, Binary):
            data = bytes(frame.data)
            place = self.origin + self.heard
            assert data == stream(place, place + len(data))
            self.heard += len(data)
        elif isinstance(frame, Text) and b"CloseStream" in bytes(frame.data):  # type: ignore[arg-type]
            self.finishing = True


class CutOff(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.now = 1000.0
        self.client = self.make()
        self.reconnection = Reconnection(POLICY)
        self.server: Server | None = Server(0, self.now)
        self.attempt_at: float | None = None
        self.accepted = 0
        self.closing = False
        self.given_up = False
        self.frames_at = self.now
        self.final_until = 0.0  # up to where the caller has final results
        self.reported_lost_s = 0.0
        self.gaps: list[tuple[float, float]] = []

    def make(self) -> ListenMachine:
        return ListenMachine(Role.CLIENT, TIMERS, self.now, audio=FORMAT, reconnect=POLICY)

    # What the owner of a machine does.

    def deliver(self) -> None:
        outgoing = self.client.outgoing
        if self.server is None:
            assert not outgoing, "nothing can be written while there is no connection"
            return
        if outgoing:
            self.frames_at = self.now
        while outgoing:
            frame = outgoing.popleft()
            if not isinstance(frame, Close):
                self.server.hear(frame)
        self.check_events()

    def check_events(self) -> None:
        while self.client.events:
            event = self.client.events.popleft()
            if isinstance(event, listen.Results):
                end = event.start + event.duration
                assert event.start >= self.final_until - 1e-6, "what was final came again"
                if event.is_final:
                    if event.start > self.final_until + 1e-6:
                        self.gaps.append((self.final_until, event.start))
                    self.final_until = end

    def pass_time(self, until: float) -> None:
        while self.server is not None and not self.client.ended:
            due = self.client.next_deadline()
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.client.receive_pong(self.now)  # a peer that lives
            replaying = self.client.replaying
            self.client.on_deadline(self.now)
            self.deliver()
            if replaying:
                # The first tenth of a second comes at once.
                elapsed_s = self.now - self.server.began
                assert self.server.heard <= (elapsed_s * PACE + 0.1) * RATE + 1, "the replay is too fast"
        self.now = until

    def lose(self) -> None:
        assert self.client.failure is not None
        broken = self.client
        self.client = self.make()
        self.reconnection.broke(self.now, progressed=broken.progressed, lasted_s=self.now - broken.opened_at)
        self.client.take_over(broken, self.now)
        self.server = None
        self.plan(broken.failure)

    def plan(self, cause: Any) -> None:
        outage = self.reconnection.next_attempt(cause, self.now, 0.5)
        if outage is None:
            self.given_up = True
            self.client.fail(ConnectionClosed("given up"))
        else:
            self.attempt_at = self.now + outage.wait_s

    @property
    def connected(self) -> bool:
        return self.server is not None and not self.client.ended

    # What happens.

    @precondition(lambda self: not self.closing and not self.client.ended)
    @rule(size=st.integers(1, 4000))
    def send(self, size: int) -> None:
        if self.client.room_at(size) <= self.now:
            self.client.send_audio(stream(self.accepted, self.accepted + size), self.now)
            self.accepted += size
            self.deliver()

    @precondition(lambda self: not self.client.ended)
    @rule(for_s=st.floats(0.01, 30))
    def wait(self, for_s: float) -> None:
        self.pass_time(self.now + for_s)

    @precondition(lambda self: not self.closing and not self.client.ended)
    @rule()
    def finalize(self) -> None:
        self.client.finalize(self.now)
        self.deliver()

    @precondition(lambda self: not self.closing and not self.client.ended)
    @rule(really=st.sampled_from([False] * 9 + [True]))
    def close(self, really: bool) -> None:
        if not really:
            return  # most walks are to go on for long
        self.client.close_stream(self.now)
        self.closing = True
        self.deliver()

    @precondition(lambda self: self.connected)
    @rule(share=st.floats(0, 1), final=st.booleans())
    def result(self, share: float, final: bool) -> None:
        server = self.server
        assert server is not None
        end = server.covered + int((server.heard - server.covered) * share)
        if end > server.covered:
            event = results(server.covered / RATE, (end - server.covered) / RATE, text="word", final=final)
            if final:
                server.covered = end
            self.client.receive_text(event.to_json(), self.now)
            self.check_events()

    @precondition(lambda self: self.connected)
    @rule()
    def drop(self) -> None:
        self.client.receive_close(1006, "", self.now)
        self.lose()

    @precondition(lambda self: self.server is None and not self.client.ended)
    @rule(refuse=st.sampled_from([False, False, False, True]))
    def reopen(self, refuse: bool) -> None:
        assert self.attempt_at is not None
        self.now = max(self.now, self.attempt_at)
        if refuse:
            self.plan(ConnectError("refused"))
            return
        replay = self.client.replay
        assert replay is not None
        self.server = Server(replay.start, self.now)
        self.frames_at = self.now
        self.client.opened(self.now)
        made_up = self.client.resumption()
        self.reported_lost_s += made_up.lost_s
        assert abs(made_up.replayed_s - replay.held_s) < 1e-9
        self.pass_time(self.now)

    @precondition(lambda self: self.connected and self.server.finishing)
    @rule()
    def finish(self) -> None:
        server = self.server
        assert server is not None
        last = results(server.covered / RATE, (server.heard - server.covered) / RATE, text="last")
        for message in (last, metadata(server.heard / RATE)):
            self.client.receive_text(message.to_json(), self.now)
        summary = self.client.metadata
        assert summary is not None
        assert abs(summary.duration - self.accepted / RATE) < 1e-6
        self.client.receive_close(1000, "", self.now)
        self.check_events()
        assert self.client.state is State.CLOSED
        assert abs(self.final_until - self.accepted / RATE) < 1e-6

    @precondition(lambda self: self.closing or self.client.ended)
    @rule()
    def send_after_the_end(self) -> None:
        with pytest.raises((LocalProtocolError, TransportError)):
            self.client.send_audio(b"late", self.now)

    # What always holds.

    @invariant()
    def every_byte_is_accounted_for(self) -> None:
        replay = self.client.replay
        assert replay is not None
        assert replay.accepted_bytes == self.accepted
        known = replay.acknowledged_bytes + replay.held_bytes + replay.forgotten_bytes + replay.lost_bytes
        assert known == self.accepted
        if self.server is not None:
            assert abs(self.reported_lost_s - replay.lost_bytes / RATE) < 1e-6

    @invariant()
    def never_more_is_held_than_the_bound(self) -> None:
        assert self.client.replay is not None
        assert self.client.replay.held_bytes <= BOUND_S * RATE

    @invariant()
    def what_is_missing_was_reported_lost(self) -> None:
        assert sum(end - start for start, end in self.gaps) <= self.reported_lost_s + 1e-6

    @invariant()
    def an_idle_stream_is_kept_alive(self) -> None:
        if self.connected and self.client.state is State.STREAMING:
            assert self.now - self.frames_at <= KEEPALIVE_S + 1e-6


TestCutOff = CutOff.TestCase
TestCutOff.settings = settings(max_examples=200, stateful_step_count=80, deadline=None)
