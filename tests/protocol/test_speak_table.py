"""The tables of `/v1/speak` and `/v2/speak`: in words, move by move, and walked from both ends at once."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st

from deepgram_anyio.errors import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol import flux_speak, speak
from deepgram_anyio.protocol.codec import tag_of
from deepgram_anyio.protocol.flux_speak_machine import FLUX_SPEAK, FluxSpeakMachine
from deepgram_anyio.protocol.flux_speak_machine import State as FluxState
from deepgram_anyio.protocol.frames import Close, Frame
from deepgram_anyio.protocol.machine import Machine, Role, SocketKind
from deepgram_anyio.protocol.messages import UnknownEvent
from deepgram_anyio.protocol.speak_machine import SPEAK, SpeakMachine, State
from deepgram_anyio.protocol.timers import TimerSettings

from . import steady, take
from .walk import BothEnds, End

V1_ANSWERS = "Metadata Flushed Cleared Warning Error UnknownEvent"
V2_TURN = "SpeechStarted Flushed SpeechMetadata SpeechInterrupted ConfigureSuccess ConfigureFailure"
V2_COMMON = "Warning Error UnknownEvent"
# The whole tables once more, in words: what each state takes, and where that leads.
V1_TABLE = {
    "streaming": {
        **dict.fromkeys(f"Speak Flush Clear Audio {V1_ANSWERS}".split(), "streaming"),
        "Close": "closing",
    },
    "closing": dict.fromkeys(f"Audio {V1_ANSWERS}".split(), "closing"),
}
V2_TABLE = {
    "connecting": {
        **dict.fromkeys(f"Speak Flush Interrupt Configure {V2_COMMON}".split(), "connecting"),
        "Connected": "streaming",
        "Close": "closing",
    },
    "streaming": {
        **dict.fromkeys(f"Speak Flush Interrupt Configure Audio {V2_TURN} {V2_COMMON}".split(), "streaming"),
        "Close": "closing",
    },
    "closing": {
        **dict.fromkeys(f"Connected Audio {V2_TURN} {V2_COMMON}".split(), "closing"),
        "SessionMetadata": "complete",
    },
    "complete": dict.fromkeys(V2_COMMON.split(), "complete"),
}
CONTROLS = flux_speak.ControlsApplied(pronunciations_applied=0, pronunciation_warnings=0)
SUMMARY: dict[str, Any] = {
    "speech_id": "s",
    "audio_duration_ms": 1,
    "input_character_count": 1,
    "billable_character_count": 1,
    "controls_applied": CONTROLS,
}
V1_MESSAGES: list[Any] = [
    speak.Speak(text="a"),
    speak.Flush(),
    speak.Clear(),
    speak.Close(),
    speak.Metadata(request_id="r", model_name="m", model_version="v", model_uuid="u"),
    speak.Flushed(sequence_id=0),
    speak.Cleared(sequence_id=1),
    speak.Warning(),
    speak.Error(description="d"),
]
CONNECTED = flux_speak.Connected(request_id="r", model_name="m", model_version="v", model_uuids=["u"])
SESSION = flux_speak.SessionMetadata(
    total_audio_duration_ms=1, total_input_character_count=1, total_billable_character_count=1
)
V2_MESSAGES: list[Any] = [
    flux_speak.Speak(text="a"),
    flux_speak.Flush(),
    flux_speak.Interrupt(),
    flux_speak.Configure(speed=1.0),
    flux_speak.Close(),
    CONNECTED,
    flux_speak.SpeechStarted(speech_id="s"),
    flux_speak.Flushed(speech_id="s"),
    flux_speak.SpeechMetadata(**SUMMARY),
    flux_speak.SpeechInterrupted(audio_played_ms=1, metadata=flux_speak.TurnMetadata(**SUMMARY)),
    flux_speak.ConfigureSuccess(applied=flux_speak.Applied()),
    flux_speak.ConfigureFailure(code="c", description="d"),
    flux_speak.Warning(code="NO_ACTIVE_SPEECH", description="d"),
    flux_speak.Error(code="NET-0000", description="d"),
    SESSION,
]
MOVES = [
    pytest.param(cls, table, messages, state, message, id=f"{cls.__name__}-{state}-{tag_of(type(message))}")
    for cls, table, messages in ((SpeakMachine, V1_TABLE, V1_MESSAGES), (FluxSpeakMachine, V2_TABLE, V2_MESSAGES))
    for state in table
    for message in messages
]


def _say(machine: Machine[Any], message: Any, by: Role) -> None:
    """Let one end of the socket say something, from the point of view of either."""
    if machine.role is by:
        machine.send(message, 1.0)
    else:
        machine.receive_text(message.to_json(), 1.0)


def _at(cls: Any, state: str, role: Role) -> Machine[Any]:
    machine: Machine[Any] = cls(role, TimerSettings(), 0.0)
    flux = cls is FluxSpeakMachine
    if flux and state != "connecting":
        _say(machine, CONNECTED, Role.SERVER)
    if state in ("closing", "complete"):
        _say(machine, flux_speak.Close() if flux else speak.Close(), Role.CLIENT)
    if state == "complete":
        _say(machine, SESSION, Role.SERVER)
    assert machine.state.value == state
    machine.outgoing.clear()
    machine.events.clear()
    return machine


@pytest.mark.parametrize(("kind", "table"), [(SPEAK, V1_TABLE), (FLUX_SPEAK, V2_TABLE)], ids=["v1", "v2"])
def test_the_table_is_the_documented_one(kind: SocketKind[Any], table: Any) -> None:
    found = {
        state.value: {message.__name__: target.value for message, target in row.items()}
        for state, row in kind.transitions.items()
    }
    assert found == table
    assert {state.value for state in type(kind.initial)} == {*table, "closed", "failed"}
    assert kind.draining | set(kind.orderly) | kind.opening <= set(kind.transitions)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("cls", "table", "messages", "state", "message"), MOVES)
def test_every_move_in_every_state(cls: Any, table: Any, messages: Any, state: str, message: Any, role: Role) -> None:
    machine = _at(cls, state, role)
    kind = machine.kind
    by = Role.SERVER if type(message) in kind.server_messages else Role.CLIENT
    target = table[state].get(type(message).__name__)
    if target is not None:
        _say(machine, message, by)
        assert machine.state.value == target
        assert len(machine.outgoing if role is by else machine.events) == 1
    elif role is by:
        with pytest.raises(LocalProtocolError):
            _say(machine, message, by)
        assert machine.state.value == state
        assert not machine.outgoing
    else:
        _say(machine, message, by)
        assert isinstance(machine.failure, RemoteProtocolError)
        assert take(machine) == [Close(1002, f"{type(message).__name__} out of turn")]


@pytest.mark.parametrize(
    ("cls", "state", "code", "closed"),
    [
        (SpeakMachine, "streaming", 1000, False),
        (SpeakMachine, "streaming", 1011, False),
        (SpeakMachine, "closing", 1000, True),
        (SpeakMachine, "closing", 1006, True),
        (FluxSpeakMachine, "connecting", 1000, False),
        (FluxSpeakMachine, "streaming", 1000, False),
        (FluxSpeakMachine, "closing", 1000, True),
        (FluxSpeakMachine, "closing", 1005, True),
        (FluxSpeakMachine, "closing", 1006, False),
        (FluxSpeakMachine, "complete", 1006, True),
    ],
)
@pytest.mark.parametrize("role", Role)
def test_closes(cls: Any, state: str, code: int, closed: bool, role: Role) -> None:
    machine = _at(cls, state, role)
    machine.receive_close(code, "", 2.0)
    assert machine.state.value == ("closed" if closed else "failed")


@pytest.mark.parametrize(
    ("cls", "error"), [(SpeakMachine, V1_MESSAGES[-1]), (FluxSpeakMachine, flux_speak.Error(code="c", description="d"))]
)
def test_an_error_is_the_reason_of_a_close_without_one(cls: Any, error: Any) -> None:
    machine = _at(cls, "streaming", Role.CLIENT)
    machine.receive_text(error.to_json(), 1.0)
    machine.receive_close(1000, "", 1.0)
    assert isinstance(machine.failure, ConnectionClosed)
    assert machine.failure.reason == "d"


def test_audio_that_a_client_sends_is_no_message() -> None:
    for cls in (SpeakMachine, FluxSpeakMachine):
        machine = _at(cls, "streaming", Role.SERVER)
        machine.receive_binary(b"\0\0", 1.0)
        assert list(machine.events) == [UnknownEvent(type=None, raw=b"\0\0", reason="binary message")]
        with pytest.raises(LocalProtocolError):
            _at(cls, "streaming", Role.CLIENT).send_audio(b"\0\0", 1.0)


class SpeakWalk(BothEnds):
    KIND: ClassVar[SocketKind[Any]] = SPEAK
    ORDERLY = {State.CLOSING: range(1000, 5000)}  # noqa: RUF012 - of the base class
    CLIENT_TIMERS = TimerSettings(ping_s=20.0, pong_s=20.0, drain_s=30.0)
    SERVER_TIMERS = TimerSettings(ping_s=15.0, pong_s=30.0)
    PATIENT = TimerSettings(ping_s=20.0)
    CLIENT_MESSAGES = st.sampled_from([message for message in V1_MESSAGES if type(message) in SPEAK.client_messages])
    SERVER_MESSAGES = st.sampled_from([message for message in V1_MESSAGES if type(message) in SPEAK.server_messages])

    def make(self, role: Role, timers: TimerSettings) -> Machine[Any]:
        return SpeakMachine(role, timers, self.now)

    def sent_by_timer(self, end: End, frames: list[Frame]) -> None:
        assert not frames

    def ended_by_timer(self, end: End, silence_s: float) -> None:
        assert isinstance(end.machine.failure, DeadlineError)
        # Pings keep a connection alive, and not a stream whose end is awaited.
        assert silence_s >= 20.0 or "after the end of the stream" in str(end.machine.failure)


class FluxSpeakWalk(SpeakWalk):
    KIND = FLUX_SPEAK
    ORDERLY = {FluxState.CLOSING: {1000, 1005}, FluxState.COMPLETE: range(1000, 5000)}  # noqa: RUF012 - as above
    CLIENT_MESSAGES = st.sampled_from(
        [message for message in V2_MESSAGES if type(message) in FLUX_SPEAK.client_messages]
    )
    SERVER_MESSAGES = st.sampled_from(
        [CONNECTED, CONNECTED, *(message for message in V2_MESSAGES if type(message) in FLUX_SPEAK.server_messages)]
    )

    def make(self, role: Role, timers: TimerSettings) -> Machine[Any]:
        return FluxSpeakMachine(role, timers, self.now)

    def faulty(self, end: End) -> bool:
        last = end.received[-1] if end.received else None
        return end.state is FluxState.CLOSING and isinstance(last, flux_speak.Error)


TestSpeak = pytest.mark.timeout(60)(SpeakWalk.TestCase)
TestFluxSpeak = pytest.mark.timeout(60)(FluxSpeakWalk.TestCase)
SpeakWalk.TestCase.settings = FluxSpeakWalk.TestCase.settings = steady(60)
