"""The table of `/v2/listen` walked from both ends at once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol import flux
from deepgram_anyio.protocol.flux_machine import FLUX, FluxMachine, State
from deepgram_anyio.protocol.frames import Binary, Frame, Text
from deepgram_anyio.protocol.machine import Machine, Role
from deepgram_anyio.protocol.messages import Audio, Message, UnknownEvent
from deepgram_anyio.protocol.timers import TimerSettings

from . import LINEAR16, steady
from .flux_support import CONNECTED, FLUX_TIMERS, turn
from .walk import BothEnds, End

SILENCE_AFTER_S = 3.0


class FluxWalk(BothEnds):
    KIND = FLUX
    ORDERLY = {State.FINISHING: {1000, 1005}}  # noqa: RUF012 - of the base class
    CLIENT_TIMERS = FLUX_TIMERS
    SERVER_TIMERS = TimerSettings(idle_s=10.0, ping_s=15.0, pong_s=30.0)
    PATIENT = TimerSettings(ping_s=20.0)
    CLIENT_MESSAGES = st.sampled_from(
        [flux.ForceEndTurn(), flux.Configure(), flux.Configure(keyterms=["a"]), flux.CloseStream()]
    )
    SERVER_MESSAGES = st.sampled_from(
        [
            CONNECTED,
            CONNECTED,
            turn("Update"),
            turn("EndOfTurn", until=2.0),
            flux.ConfigureSuccess(request_id="r", sequence_id=0, thresholds=flux.Thresholds(), keyterms=[]),
            flux.ConfigureFailure(request_id="r", sequence_id=0),
            flux.Error(sequence_id=0, code="c", description="d"),
            flux.Warning(request_id="r", sequence_id=0, code="c", description="d"),
        ]
    )

    def make(self, role: Role, timers: TimerSettings) -> Machine[Any]:
        return FluxMachine(role, timers, self.now, audio=LINEAR16, silence_after_s=SILENCE_AFTER_S)

    def on_the_wire(self, end: End, message: Message) -> Message:
        if end is self.client or type(message) not in FLUX.server_messages:
            return message
        return msgspec.structs.replace(message, sequence_id=len(end.sent))

    def faulty(self, end: End) -> bool:
        known = [event for event in end.received if type(event) is not UnknownEvent]
        return end is self.client and bool(known) and type(known[-1]) is flux.Error

    def sent_by_timer(self, end: End, frames: list[Frame]) -> None:
        for frame in frames:
            if end is self.client:
                assert isinstance(frame, Binary)
                assert end.state is State.STREAMING
                assert not any(frame.data)
                assert len(frame.data) >= SILENCE_AFTER_S * 32000 - 2
                assert len(frame.data) % 2 == 0
                end.accepted_bytes += len(frame.data)
                end.sent.append(bytes(frame.data))
            else:
                assert isinstance(frame, Text)
                error = msgspec.json.decode(frame.data, type=flux.Error)
                assert (error.code, error.sequence_id) == ("INACTIVE_CLIENT", len(end.sent))
                end.sent.append(error)

    def ended_by_timer(self, end: End, silence_s: float) -> None:
        if end is self.server and end.machine.state is State.CLOSED:
            assert silence_s >= 10.0
        else:
            assert isinstance(end.machine.failure, DeadlineError)
            # Pings keep a connection alive, and not a stream whose end is awaited.
            assert silence_s >= 20.0 or "after the end of the stream" in str(end.machine.failure)

    @property
    def machine(self) -> FluxMachine:
        assert isinstance(self.client.machine, FluxMachine)
        return self.client.machine

    @rule()
    def close_stream(self) -> None:
        end, machine = self.client, self.machine
        if end.state in (State.CONNECTING, State.STREAMING):
            wire = Text(b'{"type":"CloseStream"}')
            assert self.act(end, flux.CloseStream, lambda: machine.close_stream(self.now), [wire])
            end.sent.append(flux.CloseStream())
        elif end.state is not State.FAILED:
            before = end.snapshot()
            machine.close_stream(self.now)
            assert end.snapshot() == before

    @invariant()
    def the_ledger_is_right(self) -> None:
        ledger = self.machine.ledger
        assert ledger.sent_bytes == self.client.accepted_bytes
        turns = [event for event in self.client.received if isinstance(event, flux.TurnInfo)]
        assert ledger.acknowledged_s in {0.0, *(event.audio_window_end for event in turns)}
        assert not any(event.is_end for event in turns) or ledger.acknowledged_s == 2.0

    @invariant()
    def nothing_is_missed(self) -> None:
        assert self.machine.missed == 0

    def teardown(self) -> None:
        """From wherever a healthy connection stands, the client can bring it to its end in good order."""
        if any(end.cut or end.machine.ended for end in self.ends):
            return
        self.close_stream()
        self.deliver(to_client=False, count=len(self.server.inbox))
        self.send(self.server, turn("Update", until=3.0))
        self.close(by_client=False, code=1005)
        self.deliver(to_client=True, count=len(self.client.inbox))
        assert [end.machine.state for end in self.ends] == [State.CLOSED, State.CLOSED]
        assert self.machine.ledger.acknowledged_s == 3.0
        assert [event for event in self.server.received if isinstance(event, Audio)] == [
            Audio(data) for data in self.client.sent if isinstance(data, bytes)
        ]


TestBothEnds = pytest.mark.timeout(60)(FluxWalk.TestCase)
FluxWalk.TestCase.settings = steady(120)
