"""Keepalives, pings and deadlines, in virtual time: hours of silence take milliseconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import TimeoutError  # noqa: A004 - the error that machines keep
from deepgram_anyio.protocol.frames import Close, Frame, Ping, Text
from deepgram_anyio.protocol.listen import CloseStream, KeepAlive
from deepgram_anyio.protocol.listen_machine import ListenMachine, State
from deepgram_anyio.protocol.machine import Machine
from deepgram_anyio.protocol.timers import TimerSettings

from . import CLIENT_TIMERS, METADATA, client, results, server, steady, take, wire_types

HOUR_S = 3600.0
KEEPALIVE_ONLY = TimerSettings(keepalive_s=4.0)
PINGS_ONLY = TimerSettings(ping_s=20.0, pong_s=20.0)
DRAIN_ONLY = TimerSettings(drain_s=30.0)
SERVER_TIMERS = TimerSettings(idle_s=10.0)
SILENCE = "NET-0001: did not receive audio data or a text message within the timeout window"


def walk(machine: Machine[Any], until: float) -> Iterator[tuple[float, Frame]]:
    """Wake a machine exactly when it asks to be woken, and show what it sends, and when."""
    while (due := machine.next_deadline()) is not None and due <= until:
        machine.on_deadline(due)
        after = machine.next_deadline()
        assert after is None or after > due
        for frame in take(machine):
            yield due, frame


def sent(machine: Machine[Any], until: float) -> list[tuple[float, str]]:
    return [(now, wire_types([frame])[0]) for now, frame in walk(machine, until)]


# KeepAlive


def test_keepalive_after_four_seconds_without_sending() -> None:
    machine = client(KEEPALIVE_ONLY)
    machine.on_deadline(3.999)
    assert not machine.outgoing
    assert sent(machine, 12.0) == [(4.0, "KeepAlive"), (8.0, "KeepAlive"), (12.0, "KeepAlive")]


def test_whatever_is_sent_puts_the_keepalive_off() -> None:
    machine = client(KEEPALIVE_ONLY)
    machine.send_audio(b"\0\0", 3.0)
    assert machine.next_deadline() == 7.0
    machine.finalize(5.0)
    assert machine.next_deadline() == 9.0
    machine.keep_alive(6.0)
    assert machine.next_deadline() == 10.0


def test_what_is_not_sent_does_not_put_it_off() -> None:
    machine = client(TimerSettings(keepalive_s=4.0, ping_s=3.0))
    machine.send_audio(b"", 3.5)
    machine.receive_text(results().to_json(), 3.6)
    assert sent(machine, 4.0) == [(3.0, "Ping"), (4.0, "KeepAlive")]


def test_two_idle_hours_of_keepalives() -> None:
    machine = client(KEEPALIVE_ONLY)
    times = [now for now, frame in walk(machine, 2 * HOUR_S) if isinstance(frame, Text)]
    assert times == [4.0 * n for n in range(1, 1801)]


def test_a_late_owner_sends_one_keepalive_not_many() -> None:
    machine = client(KEEPALIVE_ONLY)
    machine.on_deadline(HOUR_S)
    assert wire_types(take(machine)) == ["KeepAlive"]
    assert machine.next_deadline() == HOUR_S + 4.0


@steady()
@given(st.lists(st.floats(0.0, 9.0), max_size=20))
def test_never_more_than_four_seconds_without_a_message(pauses: list[float]) -> None:
    machine, now, last = client(KEEPALIVE_ONLY), 0.0, 0.0
    for pause in pauses:
        for when, _ in walk(machine, now + pause):
            assert when == last + 4.0
            last = when
        now += pause
        machine.send_audio(b"\0\0", now)
        take(machine)
        assert now - last <= 4.0
        last = now


def test_no_keepalive_after_the_last_word() -> None:
    machine = client(KEEPALIVE_ONLY)
    machine.close_stream(1.0)
    assert machine.next_deadline() is None


def test_a_server_sends_no_keepalive() -> None:
    assert server(KEEPALIVE_ONLY).next_deadline() is None


def test_keepalives_go_on_while_the_owner_does_not_read() -> None:
    machine = client(KEEPALIVE_ONLY)
    machine.pause(1.0)
    assert sent(machine, 9.0) == [(4.0, "KeepAlive"), (8.0, "KeepAlive")]


# Pings


@pytest.mark.parametrize("pong_s", [None, 1.0, 20.0, 45.0])
@pytest.mark.parametrize("busy", [False, True])
def test_pings_every_twenty_seconds(pong_s: float | None, busy: bool) -> None:
    machine = client(TimerSettings(ping_s=20.0, pong_s=pong_s))
    times = []
    for second in range(1, 201):
        times += [when for when, frame in walk(machine, second) if isinstance(frame, Ping)]
        if times[-1:] == [second]:
            machine.receive_pong(second + 0.25)
        elif busy:
            machine.receive_text(results().to_json(), second)
    assert times == [20.0 * n for n in range(1, 11)]
    assert machine.failure is None


@pytest.mark.parametrize(("ping_s", "pong_s"), [(20.0, 20.0), (20.0, 5.0), (5.0, 60.0)])
def test_a_mute_peer_is_given_up(ping_s: float, pong_s: float) -> None:
    machine = client(TimerSettings(ping_s=ping_s, pong_s=pong_s))
    frames = list(walk(machine, 1000.0))
    assert frames[0] == (ping_s, Ping())
    assert frames[-1] == (ping_s + pong_s, Close(1011, "ping timeout"))
    assert machine.state is State.FAILED
    assert isinstance(machine.failure, TimeoutError)
    assert str(machine.failure) == f"the peer did not answer a ping within {pong_s:g} s"


@pytest.mark.parametrize(
    "life",
    [
        lambda machine, now: machine.receive_pong(now),
        lambda machine, now: machine.receive_text(results().to_json(), now),
        lambda machine, now: machine.receive_text("rubbish", now),
        lambda machine, now: machine.receive_binary(b"\0", now),
    ],
    ids=["pong", "message", "rubbish", "binary"],
)
def test_anything_heard_is_life(life: Any) -> None:
    machine = client(PINGS_ONLY)
    assert sent(machine, 39.0) == [(20.0, "Ping")]
    life(machine, 39.0)
    assert sent(machine, 59.0) == [(40.0, "Ping")]
    assert not machine.ended
    assert sent(machine, 100.0) == [(60.0, "Close")]


def test_a_peer_that_falls_silent_later() -> None:
    machine = client(PINGS_ONLY)
    for now, frame in walk(machine, 2 * HOUR_S):
        assert isinstance(frame, Ping)
        machine.receive_pong(now + 0.5)
    assert sent(machine, 3 * HOUR_S) == [(7220.0, "Ping"), (7240.0, "Close")]


def test_pings_go_on_while_the_owner_does_not_read() -> None:
    machine = client(PINGS_ONLY)
    machine.pause(5.0)
    assert sent(machine, 100.0) == [(20.0 * n, "Ping") for n in range(1, 6)]
    assert not machine.ended


def test_silence_does_not_count_while_the_owner_does_not_read() -> None:
    machine = client(CLIENT_TIMERS)
    assert sent(machine, 21.0)[-1] == (20.0, "Ping")
    machine.pause(21.0)
    assert Counter(kind for _, kind in sent(machine, HOUR_S)) == {"KeepAlive": 895, "Ping": 179}
    machine.resume(HOUR_S + 1.0)
    after = sent(machine, HOUR_S + 100.0)
    # A full ping and its full answering time, from the moment that somebody listens again.
    assert after[-1] == (HOUR_S + 40.0, "Close")
    assert isinstance(machine.failure, TimeoutError)


def test_resuming_makes_a_ping_count_as_answered() -> None:
    machine = client(PINGS_ONLY)
    assert sent(machine, 20.0) == [(20.0, "Ping")]
    machine.pause(30.0)
    machine.resume(39.0)
    assert sent(machine, 59.0) == [(40.0, "Ping")]


# The end of the stream


def test_draining_ends_after_silence() -> None:
    machine = client(DRAIN_ONLY)
    assert machine.next_deadline() is None
    machine.close_stream(5.0)
    take(machine)
    assert machine.next_deadline() == 35.0
    machine.on_deadline(34.9)
    assert not machine.ended
    assert list(walk(machine, 35.0)) == []
    assert machine.state is State.FAILED
    assert isinstance(machine.failure, TimeoutError)
    assert str(machine.failure) == "the server sent nothing for 30 s after the end of the stream"


def test_draining_counts_from_the_last_message_and_pongs_do_not_put_it_off() -> None:
    machine = client(DRAIN_ONLY)
    machine.receive_text(results().to_json(), 1.0)
    machine.close_stream(2.0)
    assert machine.next_deadline() == 32.0
    machine.receive_text(results().to_json(), 10.0)
    assert machine.next_deadline() == 40.0
    machine.receive_text(METADATA.to_json(), 39.0)
    assert machine.state is State.COMPLETE
    assert machine.next_deadline() == 69.0
    machine.receive_pong(50.0)
    assert machine.next_deadline() == 69.0


def test_draining_waits_for_an_owner_that_does_not_read() -> None:
    machine = client(DRAIN_ONLY)
    machine.close_stream(0.0)
    machine.pause(10.0)
    assert machine.next_deadline() is None
    machine.resume(100.0)
    assert machine.next_deadline() == 130.0


# The server


def idle_end(machine: ListenMachine) -> float | None:
    for now, frame in walk(machine, 1000.0):
        assert frame == Close(1011, SILENCE)
        assert machine.state is State.CLOSED
        return now
    return None


def test_a_server_closes_after_ten_silent_seconds() -> None:
    assert idle_end(server(SERVER_TIMERS)) == 10.0


def test_keepalives_do_not_replace_the_first_audio() -> None:
    machine = server(SERVER_TIMERS)
    for now in (3.0, 6.0, 9.0):
        machine.receive_text(KeepAlive().to_json(), now)
    assert idle_end(machine) == 10.0


def test_keepalives_count_after_the_first_audio() -> None:
    machine = server(SERVER_TIMERS)
    machine.receive_binary(b"\0\0", 9.0)
    machine.receive_text(KeepAlive().to_json(), 18.0)
    assert idle_end(machine) == 28.0


def test_a_server_that_still_has_to_answer_does_not_close() -> None:
    machine = server(SERVER_TIMERS)
    machine.receive_text(CloseStream().to_json(), 1.0)
    assert machine.next_deadline() is None
    machine.send(METADATA, 50.0)
    assert machine.state is State.COMPLETE
    assert machine.next_deadline() is None


def test_a_server_that_does_not_read_cannot_find_its_client_silent() -> None:
    machine = server(SERVER_TIMERS)
    machine.receive_binary(b"\0\0", 1.0)
    machine.pause(2.0)
    assert machine.next_deadline() is None
    machine.resume(60.0)
    assert idle_end(machine) == 70.0


def test_a_server_does_not_drain() -> None:
    machine = server(DRAIN_ONLY)
    machine.receive_text(CloseStream().to_json(), 1.0)
    assert machine.next_deadline() is None


def test_a_day_of_silence_between_two_ends() -> None:
    near, far = client(CLIENT_TIMERS), server(SERVER_TIMERS)
    near.send_audio(b"\0\0", 0.0)
    far.receive_binary(b"\0\0", 0.0)
    take(near)
    frames: Counter[str] = Counter()
    while (now := min(near.next_deadline() or 0.0, far.next_deadline() or 0.0)) <= 24 * HOUR_S:
        near.on_deadline(now)
        far.on_deadline(now)
        for frame in take(near):
            frames.update(wire_types([frame]))
            if isinstance(frame, Ping):
                near.receive_pong(now)
            elif isinstance(frame, Text):
                far.receive_text(frame.data, now)
        assert not take(far)
    assert frames == {"KeepAlive": 21600, "Ping": 4320}
    assert (near.state, far.state) == (State.STREAMING, State.STREAMING)


# All of them


def test_without_timers_nothing_is_waited_for() -> None:
    for machine in (client(TimerSettings()), server()):
        assert machine.next_deadline() is None
        machine.on_deadline(HOUR_S)
        assert not machine.outgoing
        assert machine.state is State.STREAMING


def test_an_ended_machine_waits_for_nothing() -> None:
    machine = client(CLIENT_TIMERS)
    machine.close()
    take(machine)
    assert machine.next_deadline() is None
    machine.on_deadline(HOUR_S)
    assert not machine.outgoing


def test_of_several_overdue_timers_only_the_first_end_counts() -> None:
    machine = client(TimerSettings(keepalive_s=4.0, ping_s=20.0, pong_s=20.0, drain_s=30.0))
    machine.on_deadline(20.0)
    machine.close_stream(25.0)
    take(machine)
    machine.on_deadline(HOUR_S)
    assert take(machine) == [Close(1011, "ping timeout")]
    assert "ping" in str(machine.failure)
