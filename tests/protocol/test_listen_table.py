"""The table of `/v1/listen` walked from both ends at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.frames import Frame, Text
from deepgram_anyio.protocol.listen_machine import LISTEN, ListenMachine, State
from deepgram_anyio.protocol.machine import Machine, Role
from deepgram_anyio.protocol.messages import Audio
from deepgram_anyio.protocol.timers import TimerSettings

from . import CLIENT_TIMERS, LINEAR16, METADATA, results, steady
from .walk import BothEnds, End


class ListenWalk(BothEnds):
    KIND = LISTEN
    ORDERLY = {State.FINISHING: {1000, 1005}, State.COMPLETE: range(1000, 5000)}  # noqa: RUF012 - of the base class
    CLIENT_TIMERS = CLIENT_TIMERS
    SERVER_TIMERS = TimerSettings(idle_s=10.0, ping_s=15.0, pong_s=30.0)
    PATIENT = TimerSettings(keepalive_s=4.0, ping_s=20.0)
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

    def make(self, role: Role, timers: TimerSettings) -> Machine[Any]:
        return ListenMachine(role, timers, self.now, audio=LINEAR16 if role is Role.CLIENT else None)

    def sent_by_timer(self, end: End, frames: list[Frame]) -> None:
        assert all(frame == Text(b'{"type":"KeepAlive"}') for frame in frames)
        end.sent += [listen.KeepAlive() for _ in frames]

    def ended_by_timer(self, end: End, silence_s: float) -> None:
        machine = end.machine
        if machine.role is Role.SERVER and machine.state is State.CLOSED:
            assert silence_s >= 10.0 or not any(isinstance(event, Audio) for event in end.received)
        else:
            assert isinstance(machine.failure, DeadlineError)
            # Pings keep a connection alive, and not a stream whose end is awaited.
            assert silence_s >= 20.0 or "after the end of the stream" in str(end.machine.failure)

    @property
    def machine(self) -> ListenMachine:
        assert isinstance(self.client.machine, ListenMachine)
        return self.client.machine

    @rule()
    def close_stream(self) -> None:
        end, machine = self.client, self.machine
        if end.state is State.STREAMING:
            self.act(end, listen.CloseStream, lambda: machine.close_stream(self.now), [Text(b'{"type":"CloseStream"}')])
            end.sent.append(listen.CloseStream())
        elif end.state is not State.FAILED:
            before = end.snapshot()
            machine.close_stream(self.now)
            assert end.snapshot() == before

    @invariant()
    def the_ledger_is_right(self) -> None:
        ledger = self.machine.ledger
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
        self.send(self.server, METADATA)
        self.close(by_client=False, code=1000)
        self.deliver(to_client=True, count=len(self.client.inbox))
        assert [end.machine.state for end in self.ends] == [State.CLOSED, State.CLOSED]
        assert self.machine.metadata == METADATA
        assert [event for event in self.server.received if isinstance(event, Audio)] == [
            Audio(data) for data in self.client.sent if isinstance(data, bytes)
        ]


TestBothEnds = pytest.mark.timeout(60)(ListenWalk.TestCase)
ListenWalk.TestCase.settings = steady(150)
