"""The engine of all sockets, on a socket kind made up for the purpose: what every kind can rely on."""

from __future__ import annotations

import enum
import math
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from deepgram_anyio.errors import (
    ConnectError,
    ConnectionClosed,
    DeepgramError,
    LocalProtocolError,
    RemoteProtocolError,
)
from deepgram_anyio.protocol.frames import Binary, Close, Text
from deepgram_anyio.protocol.machine import Machine, Resumption, Role, SocketKind
from deepgram_anyio.protocol.messages import Audio, Message, UnknownEvent
from deepgram_anyio.protocol.timers import TimerSettings

from . import take


class Step(enum.Enum):
    GREETING = "greeting"
    TALKING = "talking"
    LEAVING = "leaving"
    CLOSED = "closed"
    FAILED = "failed"


class Hello(Message):
    name: str


class Say(Message):
    text: str | None = None


class Bye(Message):
    pass


PARLOUR: SocketKind[Step] = SocketKind(
    name="parlour",
    initial=Step.GREETING,
    closed=Step.CLOSED,
    failed=Step.FAILED,
    transitions={
        Step.GREETING: {Hello: Step.TALKING, Audio: Step.TALKING},
        Step.TALKING: {Say: Step.TALKING, Audio: Step.TALKING, Bye: Step.LEAVING, UnknownEvent: Step.TALKING},
        Step.LEAVING: {},
    },
    orderly={Step.TALKING: frozenset({1000}), Step.LEAVING: None},
    draining=frozenset({Step.LEAVING}),
    opening=frozenset({Step.GREETING}),
    client_messages=(Say, Bye),
    server_messages=(Hello,),
    server_audio=True,
)


class Parlour(Machine[Step]):
    kind = PARLOUR


Move = Callable[[Machine[Any]], None]
LOCAL: list[Move] = [
    lambda machine: machine.send(Hello(name="a"), 1.0),
    lambda machine: machine.send(Say(), 1.0),
    lambda machine: machine.send_audio(b"\0", 1.0),
    lambda machine: machine.send_audio(b"", 1.0),
]
REMOTE: list[Move] = [
    lambda machine: machine.receive_text(b'{"type":"Hello","name":"a"}', 1.0),
    lambda machine: machine.receive_text(b'{"type":"Bye"}', 1.0),
    lambda machine: machine.receive_text(b"rubbish", 1.0),
    lambda machine: machine.receive_binary(b"\0", 1.0),
    lambda machine: machine.receive_close(1000, "", 1.0),
    lambda machine: machine.receive_close(1006, "", 1.0),
    lambda machine: machine.receive_pong(1.0),
    lambda machine: machine.close(1001, "again"),
    lambda machine: machine.fail(ConnectError("late")),
    lambda machine: machine.pause(1.0),
    lambda machine: machine.resume(1.0),
    lambda machine: machine.on_deadline(1000.0),
]


def guest(timers: TimerSettings | None = None) -> Parlour:
    return Parlour(Role.CLIENT, timers or TimerSettings(), 0.0)


def host(timers: TimerSettings | None = None) -> Parlour:
    return Parlour(Role.SERVER, timers or TimerSettings(), 0.0)


def talking() -> tuple[Parlour, Parlour]:
    near, far = guest(), host()
    far.send(Hello(name="a"), 0.0)
    take(far)
    near.receive_text(b'{"type":"Hello","name":"a"}', 0.0)
    near.events.clear()
    return near, far


def test_a_new_machine() -> None:
    machine = guest()
    assert machine.state is Step.GREETING
    assert not machine.ended
    assert machine.failure is None
    assert machine.unacknowledged_s is None
    assert machine.held_bytes == 0
    assert not machine.draining
    assert not machine.outgoing
    assert not machine.events
    assert machine.next_deadline() is None


def test_both_ends_take_the_same_step() -> None:
    near, far = guest(), host()
    assert not near.ready
    far.send(Hello(name="a"), 0.0)
    assert far.state is Step.TALKING
    assert far.ready
    (frame,) = take(far)
    assert isinstance(frame, Text)
    near.receive_text(frame.data, 0.0)
    assert near.state is Step.TALKING
    assert list(near.events) == [Hello(name="a")]


def test_audio_can_be_a_step() -> None:
    near, far = guest(), host()
    far.send_audio(b"\1", 0.0)
    assert take(far) == [Binary(b"\1")]
    near.receive_binary(b"\1", 0.0)
    assert (near.state, far.state) == (Step.TALKING, Step.TALKING)
    assert list(near.events) == [Audio(b"\1")]


@pytest.mark.parametrize(
    ("machine", "move", "message"),
    [
        (guest(), lambda machine: machine.send(Say(), 0.0), "parlour: Say cannot be sent while greeting"),
        (guest(), lambda machine: machine.send(Hello(name=""), 0.0), "parlour: Hello cannot be sent while greeting"),
        (host(), lambda machine: machine.send(Say(), 0.0), "parlour: Say cannot be sent while greeting"),
        (guest(), lambda machine: machine.send_audio(b"\0", 0.0), "parlour: Audio cannot be sent while greeting"),
        (guest(), lambda machine: machine.send_audio(b"", 0.0), "parlour: Audio cannot be sent while greeting"),
        (talking()[0], lambda machine: machine.send(Hello(name=""), 0.0), "Hello cannot be sent while talking"),
        (talking()[0], lambda machine: machine.send_audio(b"\0", 0.0), "Audio cannot be sent while talking"),
        (talking()[1], lambda machine: machine.send(Say(), 0.0), "Say cannot be sent while talking"),
        (talking()[1], lambda machine: machine.send(Hello(name=""), 0.0), "Hello cannot be sent while talking"),
    ],
)
def test_illegal_local_moves_change_nothing(machine: Parlour, move: Move, message: str) -> None:
    before = machine.state
    with pytest.raises(LocalProtocolError, match=message):
        move(machine)
    assert machine.state is before
    assert machine.failure is None
    assert not machine.outgoing


def test_an_empty_binary_message_is_not_sent() -> None:
    machine = host()
    machine.send_audio(b"", 0.0)
    assert machine.state is Step.GREETING
    assert not machine.outgoing


@pytest.mark.parametrize(
    ("data", "name"),
    [(b'{"type":"Hello"}', "UnknownEvent"), (b'{"type":"New"}', "UnknownEvent")],
)
def test_a_row_without_unknown_events_refuses_them(data: bytes, name: str) -> None:
    machine = guest()
    machine.receive_text(data, 0.0)
    assert machine.state is Step.FAILED
    assert isinstance(machine.failure, RemoteProtocolError)
    assert str(machine.failure) == f"parlour: {name} received while greeting"
    assert take(machine) == [Close(1002, f"{name} out of turn")]
    assert not machine.events


def test_a_message_out_of_turn() -> None:
    near, _ = talking()
    near.receive_text(b'{"type":"Hello","name":"again"}', 1.0)
    assert isinstance(near.failure, RemoteProtocolError)
    assert str(near.failure) == "parlour: Hello received while talking"
    assert take(near) == [Close(1002, "Hello out of turn")]
    assert not near.events


def test_the_peer_speaks_with_its_own_messages_only() -> None:
    near, _ = talking()
    near.receive_text(b'{"type":"Say"}', 1.0)
    assert list(near.events) == [UnknownEvent(type="Say", raw=b'{"type":"Say"}')]
    assert near.state is Step.TALKING


def test_binary_where_none_is_sent() -> None:
    _, far = talking()
    far.receive_binary(memoryview(b"\1\2"), 0.0)
    assert list(far.events) == [UnknownEvent(type=None, raw=b"\1\2", reason="binary message")]


# The end


def _closed_by_us() -> Parlour:
    machine = guest()
    machine.close(1001, "bye")
    assert take(machine) == [Close(1001, "bye")]
    return machine


def _closed_by_peer() -> Parlour:
    near, _ = talking()
    near.receive_close(1000, "", 1.0)
    return near


def _failed() -> Parlour:
    machine = guest()
    machine.fail(ConnectError("unplugged"))
    return machine


def _broken_by_peer() -> Parlour:
    machine = guest()
    machine.receive_text("{}", 0.0)
    take(machine)
    return machine


ENDED = [_closed_by_us, _closed_by_peer, _failed, _broken_by_peer]


@pytest.mark.parametrize("ended", ENDED)
@pytest.mark.parametrize("move", REMOTE, ids=range(len(REMOTE)))
def test_what_has_ended_stays_ended(ended: Callable[[], Parlour], move: Move) -> None:
    machine = ended()
    before = (machine.state, machine.failure)
    assert machine.ended
    move(machine)
    assert (machine.state, machine.failure) == before
    assert not machine.outgoing
    assert not machine.events
    assert machine.next_deadline() is None


@pytest.mark.parametrize("ended", ENDED)
@pytest.mark.parametrize("move", LOCAL, ids=range(len(LOCAL)))
def test_nothing_can_be_sent_after_the_end(ended: Callable[[], Parlour], move: Move) -> None:
    machine = ended()
    before, failure = machine.state, machine.failure
    with pytest.raises(DeepgramError) as caught:
        move(machine)
    if failure is None:
        assert isinstance(caught.value, ConnectionClosed)
        assert str(caught.value) == "the stream has ended"
        assert caught.value.code == (1001 if ended is _closed_by_us else 1000)
    else:
        assert caught.value is failure
    assert (machine.state, machine.failure) == (before, failure)
    assert not machine.outgoing


def test_a_failure_that_is_raised_twice_does_not_grow() -> None:
    machine = _failed()
    lengths = []
    for _ in range(3):
        with pytest.raises(ConnectError) as caught:
            machine.send(Say(), 0.0)
        lengths.append(len(traceback.extract_tb(caught.value.__traceback__)))
    assert len(set(lengths)) == 1


def test_the_first_failure_is_kept() -> None:
    machine, first = guest(), ConnectError("first")
    machine.fail(first)
    machine.fail(ConnectError("second"))
    machine.receive_close(1011, "third", 1.0)
    assert machine.failure is first


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1006, "the connection broke off without a close frame"),
        (1005, "the peer closed without a status"),
        (1000, "the peer closed with code 1000"),
        (4321, "the peer closed with code 4321"),
    ],
)
def test_a_close_at_the_wrong_time(code: int, said: str) -> None:
    machine = guest()
    machine.receive_close(code, "why", 1.0)
    assert machine.state is Step.FAILED
    failure = machine.failure
    assert isinstance(failure, ConnectionClosed)
    assert (failure.code, failure.reason, str(failure)) == (code, "why", f"{said}: why")
    assert not machine.outgoing


@pytest.mark.parametrize(
    ("leaving", "code", "state"),
    [
        (False, 1000, Step.CLOSED),
        (False, 1001, Step.FAILED),
        (False, 1006, Step.FAILED),
        (True, 1000, Step.CLOSED),
        (True, 1006, Step.CLOSED),
        (True, 4321, Step.CLOSED),
    ],
)
def test_a_close_in_good_order(leaving: bool, code: int, state: Step) -> None:
    near, _ = talking()
    if leaving:
        near.send(Bye(), 0.0)
    assert near.draining is leaving
    near.receive_close(code, "", 1.0)
    assert near.state is state
    assert (near.failure is None) == (state is Step.CLOSED)


def test_silence_closes_an_end_that_keeps_no_other_rule() -> None:
    machine = host(TimerSettings(idle_s=5.0))
    machine.receive_pong(3.0)
    machine.on_deadline(7.9)
    assert not machine.ended
    assert machine.next_deadline() == 8.0
    machine.on_deadline(8.0)
    assert machine.state is Step.CLOSED
    assert take(machine) == [Close(1011, "nothing received within the timeout window")]


def test_events_pass_the_hook_before_they_are_handed_on() -> None:
    seen: list[Any] = []

    class Attentive(Parlour):
        def on_event(self, event: Any, now: float) -> None:
            seen.append((event, now, self.state, list(self.events)))

    machine = Attentive(Role.CLIENT, TimerSettings(), 0.0)
    machine.receive_text(b'{"type":"Hello","name":"a"}', 7.0)
    assert seen == [(Hello(name="a"), 7.0, Step.TALKING, [])]
    assert list(machine.events) == [Hello(name="a")]


def test_another_machine_goes_on_with_the_same_events() -> None:
    broken, successor = Parlour(Role.CLIENT, TimerSettings(), 0.0), Parlour(Role.CLIENT, TimerSettings(ping_s=5.0), 0.0)
    broken.receive_text(Hello(name="a").to_json(), 1.0)
    broken.receive_close(1006, "", 2.0)
    assert broken.beyond_repair is None
    successor.take_over(broken, 2.0)
    successor.opened(10.0)
    assert [type(event) for event in successor.events] == [Hello]
    assert (successor.opened_at, successor.next_deadline()) == (10.0, 15.0)
    assert successor.resumption() == Resumption()
    assert (successor.room_at(1 << 40), successor.held_back_bytes, successor.progressed) == (-math.inf, 0, False)
    successor.note_progress()
    assert successor.progressed


def test_a_peer_that_breaks_the_table_would_do_so_again() -> None:
    machine = Parlour(Role.CLIENT, TimerSettings(), 0.0)
    machine.receive_text(Hello(name="a").to_json(), 1.0)
    machine.receive_text(Hello(name="a").to_json(), 1.0)
    assert machine.beyond_repair is not None
