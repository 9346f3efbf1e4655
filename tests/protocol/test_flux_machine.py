"""Flux's machine: its table, its accounts, its numbers, and its silence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from deepgram_anyio.protocol import flux
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.flux_machine import FLUX, FluxMachine, Gap, State
from deepgram_anyio.protocol.frames import Binary, Close, Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.messages import Audio, UnknownEvent
from deepgram_anyio.protocol.timers import TimerSettings

from . import LINEAR16, steady, take, wire_types
from .flux_support import CONNECTED, FLUX_TIMERS, connected, flux_client, flux_server, turn

HOUR_S = 3600.0
ANSWERS = "TurnInfo ConfigureSuccess ConfigureFailure Error Warning UnknownEvent"
# The whole table once more, in words: what each state takes, and where that leads.
TABLE = {
    "connecting": {
        **dict.fromkeys(["Audio", "Configure", "ForceEndTurn", "Error", "Warning", "UnknownEvent"], "connecting"),
        "Connected": "streaming",
        "CloseStream": "finishing",
    },
    "streaming": {
        **dict.fromkeys(f"Audio Configure ForceEndTurn {ANSWERS}".split(), "streaming"),
        "CloseStream": "finishing",
    },
    "finishing": dict.fromkeys(f"CloseStream Connected {ANSWERS}".split(), "finishing"),
}
ERROR = flux.Error(sequence_id=1, code="INTERNAL_SERVER_ERROR", description="sorry")
MESSAGES: list[Any] = [
    Audio(b"\0\0"),
    flux.Configure(),
    flux.ForceEndTurn(),
    flux.CloseStream(),
    CONNECTED,
    turn(),
    flux.ConfigureSuccess(request_id="r", sequence_id=1, thresholds=flux.Thresholds(), keyterms=[]),
    flux.ConfigureFailure(request_id="r", sequence_id=1),
    ERROR,
    flux.Warning(request_id="r", sequence_id=1, code="c", description="d"),
]


def _at(state: str, role: Role) -> FluxMachine:
    machine = FluxMachine(role, TimerSettings(), 0.0, audio=LINEAR16)
    if state != "connecting":
        _say(machine, CONNECTED, Role.SERVER)
    if state == "finishing":
        _say(machine, flux.CloseStream(), Role.CLIENT)
    assert machine.state.value == state
    machine.outgoing.clear()
    machine.events.clear()
    return machine


def _say(machine: FluxMachine, message: Any, by: Role) -> None:
    """Let one end of the socket say something, from the point of view of either."""
    if isinstance(message, Audio):
        machine.send_audio(message.data, 1.0) if machine.role is by else machine.receive_binary(message.data, 1.0)
    elif machine.role is by:
        machine.send(message, 1.0)
    else:
        machine.receive_text(message.to_json(), 1.0)


def test_the_table_is_the_documented_one() -> None:
    found = {
        state.value: {kind.__name__: target.value for kind, target in row.items()}
        for state, row in FLUX.transitions.items()
    }
    assert found == TABLE
    assert {state.value for state in State} == {*TABLE, "closed", "failed"}
    assert FLUX.opening == {State.CONNECTING}
    assert FLUX.keepalive is None
    assert {tag_of(kind) for kind in FLUX.client_messages} == {"Configure", "ForceEndTurn", "CloseStream"}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("by", Role)
@pytest.mark.parametrize("state", TABLE)
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_move_in_every_state(role: Role, by: Role, state: str, message: Any) -> None:
    machine = _at(state, role)
    name = type(message).__name__
    spoken_by = Role.SERVER if type(message) in FLUX.server_messages else Role.CLIENT
    target = TABLE[state].get(name)
    if role is by and (spoken_by is not role or target is None):
        with pytest.raises(LocalProtocolError):
            _say(machine, message, by)
        assert machine.state.value == state
        assert not machine.outgoing
    elif spoken_by is not by:
        _say(machine, message, by)
        assert [type(event) for event in machine.events] == [UnknownEvent]
        assert machine.state.value == state
    elif target is None:
        _say(machine, message, by)
        assert isinstance(machine.failure, RemoteProtocolError)
        assert take(machine) == [Close(1002, f"{name} out of turn")]
    else:
        _say(machine, message, by)
        assert machine.state.value == target
        assert len(machine.outgoing if role is by else machine.events) == 1


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("code", [1000, 1005, 1006, 1011])
@pytest.mark.parametrize("state", TABLE)
def test_closes(state: str, code: int, role: Role) -> None:
    machine = _at(state, role)
    machine.receive_close(code, "", 2.0)
    orderly = state == "finishing" and code in (1000, 1005)
    assert machine.state is (State.CLOSED if orderly else State.FAILED)
    if not orderly:
        assert isinstance(machine.failure, ConnectionClosed)
        assert (machine.failure.code, machine.failure.reason) == (code, "")


# The client


def test_it_is_ready_when_it_was_greeted() -> None:
    machine = flux_client()
    assert not machine.ready
    machine.receive_text(CONNECTED.to_json(), 0.1)
    assert machine.ready
    assert list(machine.events) == [CONNECTED]


def test_the_whole_life_of_a_stream() -> None:
    machine = connected()
    machine.send_audio(bytes(32000), 0.0)
    machine.receive_text(turn("StartOfTurn", 1, until=0.5).to_json(), 0.5)
    assert machine.unacknowledged_s == 1.0
    machine.receive_text(turn("EndOfTurn", 2, until=0.75).to_json(), 0.9)
    assert machine.unacknowledged_s == 0.25
    assert machine.ledger.latency_s == pytest.approx(0.9)
    machine.close_stream(1.0)
    machine.close_stream(1.1)
    machine.receive_text(turn("Update", 3, until=1.0).to_json(), 1.2)
    assert machine.unacknowledged_s == 0.0
    machine.receive_close(1005, "", 1.3)
    machine.close_stream(1.4)
    assert machine.state is State.CLOSED
    assert machine.missed == 0
    assert wire_types(take(machine)) == ["Binary", "CloseStream"]


@pytest.mark.parametrize("event", ["StartOfTurn", "Update", "EagerEndOfTurn", "TurnResumed", "Brandnew"])
def test_what_may_be_revised_acknowledges_nothing(event: str) -> None:
    machine = connected()
    machine.send_audio(bytes(32000), 0.0)
    machine.receive_text(turn(event).to_json(), 1.0)
    assert machine.unacknowledged_s == 1.0


def test_the_events_of_a_turn() -> None:
    names = {name: turn(name) for name in ("StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EndOfTurn", "Update")}
    for name, info in names.items():
        found = (info.is_start, info.is_eager_end, info.is_resumed, info.is_end)
        assert found == tuple(name == other for other in list(names)[:4])
    assert turn(until=1.5).duration == 1.5


@pytest.mark.parametrize("code", [1000, 1005, 1006, 1011])
@pytest.mark.parametrize("finishing", [False, True])
def test_an_error_is_the_reason_of_the_close_that_follows(code: int, finishing: bool) -> None:
    machine = connected()
    if finishing:
        machine.close_stream(0.5)
    machine.receive_text(ERROR.to_json(), 1.0)
    assert list(machine.events) == [ERROR]
    assert not machine.ended
    machine.close_stream(1.0)  # it did not know yet
    machine.receive_close(code, "", 1.1)
    assert isinstance(machine.failure, ConnectionClosed)
    assert (machine.failure.code, machine.failure.reason) == (code, "INTERNAL_SERVER_ERROR: sorry")


def test_an_error_instead_of_the_greeting() -> None:
    machine = flux_client()
    machine.receive_text(ERROR.to_json(), 1.0)
    assert not machine.ready
    machine.receive_close(1005, "", 1.1)
    assert isinstance(machine.failure, ConnectionClosed)
    assert machine.failure.reason == "INTERNAL_SERVER_ERROR: sorry"


def test_an_error_after_which_the_server_goes_on_is_forgotten() -> None:
    machine = connected()
    machine.receive_text(ERROR.to_json(), 1.0)
    machine.receive_text('{"type":"Brandnew"}', 1.0)
    assert machine.fault
    machine.receive_text(turn(number=2).to_json(), 1.1)
    machine.close_stream(1.2)
    machine.receive_close(1005, "", 1.3)
    assert machine.state is State.CLOSED


# Numbers


@pytest.mark.parametrize(
    ("numbers", "gaps"),
    [
        ([0, 1, 2, 3], []),
        ([0, 2], [Gap(1, 1)]),
        ([0, 3, 4, 7], [Gap(1, 2), Gap(5, 6)]),
        ([2], [Gap(0, 1)]),
        ([0, 1, 1, 0, 2], []),
        ([0, -5, 1], []),
    ],
)
def test_gaps_are_noticed(numbers: list[int], gaps: list[Gap]) -> None:
    machine = connected()
    machine._next_number = 0
    for number in numbers:
        machine.receive_text(turn(number=number).to_json(), 1.0)
    assert list(machine.gaps) == gaps
    assert machine.missed == sum(gap.last - gap.first + 1 for gap in gaps)


def test_messages_that_nobody_knows_have_numbers_too() -> None:
    machine = connected()
    machine.receive_text('{"type":"Brandnew","sequence_id":1}', 1.0)
    machine.receive_text('{"type":"TurnInfo","sequence_id":2}', 1.0)
    machine.receive_text(turn(number=3).to_json(), 1.0)
    assert machine.missed == 0
    for strange in ("not json", '{"sequence_id":"x"}', "[" * 5000, b"\xff\xfe", '{"type":"Brandnew"}'):
        machine.receive_text(strange, 1.0)
    machine.receive_binary(b"\0", 1.0)
    machine.receive_text(turn(number=4).to_json(), 1.0)
    assert machine.missed == 0


def test_only_the_newest_gaps_are_kept() -> None:
    machine = connected()
    for number in range(2, 402, 2):
        machine.receive_text(turn(number=number).to_json(), 1.0)
    assert machine.missed == 200
    assert machine.gaps[-1] == Gap(399, 399)
    assert len(machine.gaps) == 64


@steady(50)
@given(st.lists(st.integers(0, 30), max_size=20, unique=True).map(sorted))
def test_missed_is_what_never_came(numbers: list[int]) -> None:
    machine = connected()
    for number in (number + 1 for number in numbers):
        machine.receive_text(turn(number=number).to_json(), 1.0)
    assert machine.missed == (numbers[-1] + 1 - len(numbers) if numbers else 0)


# Silence


def test_silence_of_the_length_that_passed() -> None:
    machine = connected(silence_after_s=0.5, now=100.0)
    assert machine.next_deadline() == 100.5
    machine.send_audio(bytes(640), 100.25)
    machine.send_audio(b"", 100.4)
    machine.on_deadline(100.7)
    assert machine.next_deadline() == 100.75
    machine.on_deadline(100.75)
    machine.on_deadline(101.375)
    assert take(machine) == [Binary(bytes(640)), Binary(bytes(16000)), Binary(bytes(20000))]
    assert machine.ledger.sent_bytes == 36640


@pytest.mark.parametrize(
    ("encoding", "silence"),
    [("linear16", bytes(400)), ("linear32", bytes(800)), ("mulaw", b"\xff" * 200), ("alaw", b"\xd5" * 200)],
)
def test_silence_sounds_like_silence_in_every_encoding(encoding: str, silence: bytes) -> None:
    machine = connected(audio=AudioFormat(encoding=encoding, sample_rate=800), silence_after_s=0.25)
    machine.on_deadline(0.25)
    assert take(machine) == [Binary(silence)]


def test_two_idle_hours_of_silence() -> None:
    machine = connected(TimerSettings(ping_s=20.0), silence_after_s=0.25)
    while (due := machine.next_deadline()) is not None and due <= 2 * HOUR_S:
        machine.on_deadline(due)
    frames = take(machine)
    assert sum(isinstance(frame, Binary) for frame in frames) == 4 * 2 * 3600
    assert not any(isinstance(frame, Text) for frame in frames)
    assert machine.ledger.sent_s == 2 * HOUR_S


def test_a_late_owner_sends_a_minute_at_most_and_never_nothing() -> None:
    machine = connected(silence_after_s=0.25)
    machine.on_deadline(HOUR_S)
    assert take(machine) == [Binary(bytes(60 * 32000))]
    machine = connected(silence_after_s=1e-9)
    machine.on_deadline(1e-9)
    assert take(machine) == [Binary(b"\0\0")]


def test_no_silence_before_the_greeting_after_the_end_or_from_a_server() -> None:
    machine = flux_client(silence_after_s=0.5)
    assert machine.next_deadline() is None
    machine.receive_text(CONNECTED.to_json(), 3.0)
    assert machine.next_deadline() == 3.5
    machine.close_stream(3.2)
    assert machine.next_deadline() is None
    server = FluxMachine(Role.SERVER, TimerSettings(), 0.0, audio=LINEAR16, silence_after_s=0.5)
    server.send(CONNECTED, 0.0)
    assert server.next_deadline() is None
    assert connected().next_deadline() is None


def test_an_idle_client_never_says_anything_but_pings() -> None:
    machine = connected(FLUX_TIMERS)
    for _ in range(100):
        due = machine.next_deadline()
        assert due is not None
        machine.on_deadline(due)
        machine.receive_pong(due)
    assert set(wire_types(take(machine))) == {"Ping"}


# The server


def test_the_server_numbers_what_it_sends() -> None:
    machine = flux_server()
    update = turn(number=77)
    for message in (CONNECTED, update, update, ERROR):
        machine.send(message, 0.0)
    with pytest.raises(LocalProtocolError):
        machine.send(flux.CloseStream(), 0.0)
    machine.send(update, 0.0)
    codec = Codec(FLUX.server_messages)
    sent = [codec.decode(frame.data) for frame in take(machine) if isinstance(frame, Text)]
    assert [getattr(message, "sequence_id", None) for message in sent] == [0, 1, 2, 3, 4]
    assert update.sequence_id == 77
    assert machine.missed == 0


def test_a_refused_message_uses_up_no_number() -> None:
    machine = flux_server()
    with pytest.raises(LocalProtocolError):
        machine.send(turn(), 0.0)
    machine.send(CONNECTED, 0.0)
    assert take(machine) == [Text(b'{"type":"Connected","request_id":"r","sequence_id":0}')]


def test_an_idle_client_is_told_and_left() -> None:
    machine = flux_server(TimerSettings(idle_s=10.0))
    machine.send(CONNECTED, 0.0)
    take(machine)
    machine.receive_binary(b"\0\0", 5.0)
    machine.on_deadline(14.9)
    assert not machine.outgoing
    machine.on_deadline(15.0)
    told, closed = take(machine)
    assert isinstance(told, Text)
    assert isinstance(told.data, bytes)
    assert b'"sequence_id":1,"code":"INACTIVE_CLIENT"' in told.data
    assert closed == Close(1005)
    machine.give_up("AGAIN", "and again", 16.0)
    assert not machine.outgoing


def test_a_server_counts_nothing_of_the_clients() -> None:
    machine = flux_server()
    machine.receive_text('{"type":"KeepAlive","sequence_id":9}', 0.0)
    machine.receive_text('{"type":"ForceEndTurn"}', 0.0)
    assert [type(event) for event in machine.events] == [UnknownEvent, flux.ForceEndTurn]
    assert (machine.missed, machine.fault) == (0, "")
