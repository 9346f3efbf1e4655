"""The table of `/v1/agent/converse` walked from both ends at once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant

from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol import agent
from deepgram_anyio.protocol.agent_machine import AGENT, AgentMachine, State
from deepgram_anyio.protocol.frames import Frame, Text
from deepgram_anyio.protocol.machine import Machine, Role
from deepgram_anyio.protocol.timers import TimerSettings

from . import steady
from .walk import BothEnds, End

SETTINGS = agent.Settings(audio=agent.AudioSettings(), agent=agent.Agent(greeting="Hello"))
TIMED_OUT = "We did not receive a client message within the timeout window."


class AgentWalk(BothEnds):
    KIND = AGENT
    ORDERLY = {State.READY: {1000}}  # noqa: RUF012 - of the base class
    CLIENT_TIMERS = TimerSettings(keepalive_s=8.0, ping_s=20.0, pong_s=20.0)
    SERVER_TIMERS = TimerSettings(idle_s=10.0, ping_s=15.0, pong_s=30.0)
    PATIENT = TimerSettings(keepalive_s=8.0, ping_s=20.0)
    CLIENT_MESSAGES = st.sampled_from(
        [
            agent.KeepAlive(),
            agent.InjectUserMessage(content="hello"),
            agent.InjectAgentMessage(message="hello", behavior="queue"),
            agent.UpdatePrompt(prompt="be brief"),
            agent.UpdateThink(think=agent.Think(provider={"type": "open_ai"})),
            agent.ForceEndTurn(),
        ]
    )
    # Often enough the steps of the opening, and not too often the end.
    SERVER_MESSAGES = st.sampled_from(
        [
            *[agent.Welcome(request_id="r"), agent.SettingsApplied()] * 4,
            agent.ConversationText(role="user", content="hello"),
            agent.UserStartedSpeaking(),
            agent.EndOfThought(),
            agent.FunctionCallRequest(
                functions=[agent.FunctionCall(id="1", name="f", arguments="{}", client_side=True)]
            ),
            agent.FunctionCallCancelled(functions=[agent.CancelledFunction(id="1", name="f")]),
            agent.AgentStartedSpeaking(total_latency=1.0, tts_latency=0.5, ttt_latency=0.5),
            agent.AgentAudioDone(),
            agent.History(role="user", content="hello"),
            agent.Warning(code="c", description="d"),
            agent.Error(code="c", description="d"),
        ]
    )

    def make(self, role: Role, timers: TimerSettings) -> Machine[Any]:
        settings = {"audio": {}, "agent": {"greeting": "Hello"}} if role is Role.CLIENT else None
        return AgentMachine(role, timers, self.now, settings=settings)

    def expect(self, end: End, kind: type) -> Any:
        target = super().expect(end, kind)
        if end is self.client and kind is agent.Welcome:
            end.sent.append(SETTINGS)
            return State.CONFIGURED
        if end is self.client and kind is agent.Error and target in AGENT.opening:
            return State.FAILED
        return target

    def faulty(self, end: End) -> bool:
        return any(isinstance(event, agent.Error) for event in end.received)

    def sent_by_timer(self, end: End, frames: list[Frame]) -> None:
        if end is self.client:
            assert all(frame == Text(b'{"type":"KeepAlive"}') for frame in frames)
            end.sent += [agent.KeepAlive() for _ in frames]
        elif frames:
            error = agent.Error(code="CLIENT_MESSAGE_TIMEOUT", description=TIMED_OUT)
            assert frames == [Text(msgspec.json.encode(error))]
            end.sent.append(error)

    def ended_by_timer(self, end: End, silence_s: float) -> None:
        if end.machine.state is State.CLOSED:
            assert end is self.server
            assert silence_s >= 10.0
        else:
            assert isinstance(end.machine.failure, DeadlineError)
            # Pings keep a connection alive, and not a stream whose end is awaited.
            assert silence_s >= 20.0 or "after the end of the stream" in str(end.machine.failure)

    @invariant()
    def a_client_is_configured_by_the_welcome(self) -> None:
        assert self.client.machine.state is not State.WELCOMED

    def teardown(self) -> None:
        """From wherever a healthy connection stands, it can be opened, used, and closed in good order."""
        if any(end.cut or end.machine.ended for end in self.ends) or self.faulty(self.client):
            return
        for state, message in (
            (State.CONNECTING, agent.Welcome(request_id="r")),
            (State.CONFIGURED, agent.SettingsApplied()),
        ):
            self.deliver(to_client=True, count=len(self.client.inbox))
            self.deliver(to_client=False, count=len(self.server.inbox))
            if self.server.machine.state is state:
                self.send(self.server, message)
        self.deliver(to_client=True, count=len(self.client.inbox))
        if any(end.machine.ended for end in self.ends):
            return  # an Error was under way
        assert [end.machine.state for end in self.ends] == [State.READY, State.READY]
        self.close(by_client=True, code=1000)
        self.deliver(to_client=False, count=len(self.server.inbox))
        assert [end.machine.state for end in self.ends] == [State.CLOSED, State.CLOSED]
        sent = [data for data in self.server.sent if isinstance(data, bytes)]
        assert [event.data for event in self.client.received if isinstance(event, agent.Audio)] == sent


TestBothEnds = pytest.mark.timeout(60)(AgentWalk.TestCase)
AgentWalk.TestCase.settings = steady(150)
