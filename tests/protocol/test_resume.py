"""A transcription that goes on over another connection: what is sent again, what moves, what is told."""

from __future__ import annotations

import math
from typing import Any

import pytest

from deepgram_anyio.errors import ConnectionClosed, LocalProtocolError
from deepgram_anyio.protocol import flux, listen
from deepgram_anyio.protocol.flux_machine import FluxMachine, Gap
from deepgram_anyio.protocol.frames import Binary, Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.listen_machine import ListenMachine, State
from deepgram_anyio.protocol.machine import Machine, Resumption, Role
from deepgram_anyio.protocol.policy import ReconnectPolicy
from deepgram_anyio.protocol.timers import TimerSettings

from ..transport.fakes import metadata, results
from .flux_support import CONNECTED, turn

RATE = 1000
FORMAT = AudioFormat(encoding="mulaw", sample_rate=RATE)
POLICY = ReconnectPolicy(max_replay_s=10.0, replay_pace=1.25)
AT_ONCE = ReconnectPolicy(replay_pace=None)
SECOND = bytes(RATE)


def client(
    policy: ReconnectPolicy | None = POLICY, *, timers: TimerSettings | None = None, **options: Any
) -> ListenMachine:
    audio = options.pop("audio", FORMAT)
    return ListenMachine(Role.CLIENT, timers or TimerSettings(), 0.0, audio=audio, reconnect=policy, **options)


def flux_client(policy: ReconnectPolicy = AT_ONCE, **options: Any) -> FluxMachine:
    machine = FluxMachine(Role.CLIENT, TimerSettings(), 0.0, audio=FORMAT, reconnect=policy, **options)
    machine.receive_text(CONNECTED.to_json(), 0.0)
    return machine


def cut(broken: Any, successor: Any, now: float = 1.0, code: int = 1006) -> Any:
    """The connection breaks, and the next machine takes over; nothing is connected yet."""
    broken.receive_close(code, "", now)
    assert broken.failure is not None
    assert broken.beyond_repair is None
    successor.take_over(broken, now)
    return successor


def sent(machine: Machine[Any]) -> list[Any]:
    """What went out: audio as bytes, messages by their types."""
    found: list[Any] = []
    for frame in machine.outgoing:
        if isinstance(frame, Binary):
            found.append(bytes(frame.data))
        elif isinstance(frame, Text):
            found.append(bytes(frame.data).split(b'"')[3].decode())  # type: ignore[arg-type]
    machine.outgoing.clear()
    return found


def run_until(machine: Machine[Any], now: float) -> None:
    while (due := machine.next_deadline()) is not None and due <= now:
        machine.on_deadline(due)


def test_what_was_not_covered_is_sent_again_and_times_go_on() -> None:
    first = client(AT_ONCE)
    first.send_audio(b"a" * 500 + b"b" * 500, 0.0)
    first.receive_text(results(0.0, 0.5, text="one").to_json(), 0.5)
    second = cut(first, client(AT_ONCE))
    assert sent(second) == [], "nothing is written before there is a connection"
    second.opened(2.0)
    second.on_deadline(2.0)
    assert sent(second) == [b"b" * 500]
    assert second.resumption() == Resumption(replayed_s=0.5)
    second.receive_text(results(0.0, 0.5, text="two").to_json(), 2.5)
    assert [(event.start, event.transcript) for event in second.events] == [(0.0, "one"), (0.5, "two")]
    assert second.ledger.acknowledged_s == 1.0


def test_audio_of_the_outage_goes_out_behind_the_replay() -> None:
    second = cut(first := client(AT_ONCE), client(AT_ONCE))
    second.send_audio(b"later", 1.5)
    second.finalize(1.5)
    second.keep_alive(1.5)
    second.send_audio(b"!", 1.5)
    assert second.held_back_bytes == 6
    second.opened(2.0)
    second.on_deadline(2.0)
    assert sent(second) == [b"later", "Finalize", b"!"]
    assert (second.held_back_bytes, second.replaying) == (0, False)
    second.send_audio(b"straight", 2.0)
    assert sent(second) == [b"straight"]
    assert second.ledger is first.ledger
    assert second.ledger.sent_bytes == 14


def test_a_replay_is_no_faster_than_its_pace_and_new_audio_waits_behind_it() -> None:
    first = client()
    first.send_audio(SECOND, 0.0)
    second = cut(first, client())
    second.opened(10.0)
    run_until(second, 10.4)
    assert len(b"".join(sent(second))) == pytest.approx((0.4 * 1.25 + 0.1) * RATE, abs=101)
    second.send_audio(SECOND, 10.4)
    run_until(second, 11.0)
    assert second.replaying
    run_until(second, 11.6)
    assert not second.replaying
    assert second.replay is not None
    assert second.replay.caught_up


def test_the_end_of_the_stream_is_said_again_and_nothing_comes_behind_it() -> None:
    first = client(AT_ONCE)
    first.send_audio(SECOND, 0.0)
    first.close_stream(0.0)
    second = cut(first, client(AT_ONCE))
    with pytest.raises(LocalProtocolError, match="after the end"):
        second.send_audio(SECOND, 1.0)
    with pytest.raises(LocalProtocolError, match="after the end"):
        second.finalize(1.0)
    second.close_stream(1.0)
    second.opened(2.0)
    second.on_deadline(2.0)
    assert sent(second) == [SECOND, "CloseStream"]
    for message in (results(0.0, 1.0), metadata(1.0)):
        second.receive_text(message.to_json(), 2.0)
    second.receive_close(1000, "", 2.0)
    assert second.state is State.CLOSED


def test_the_end_said_in_an_outage_waits_for_the_connection() -> None:
    second = cut(client(AT_ONCE), client(AT_ONCE))
    second.close_stream(1.0)
    assert second.state is State.STREAMING
    second.opened(2.0)
    second.on_deadline(2.0)
    assert sent(second) == ["CloseStream"]


def test_settings_are_said_again_before_the_audio() -> None:
    first = client(AT_ONCE)
    first.configure(0.0, keyterms=["x"])
    first.send_audio(SECOND, 0.0)
    second = cut(first, client(AT_ONCE))
    second.opened(2.0)
    second.on_deadline(2.0)
    assert sent(second) == ["Configure", SECOND]


def test_what_cannot_be_encoded_is_refused_at_once_in_an_outage_too() -> None:
    second = cut(client(), client())
    with pytest.raises(LocalProtocolError, match="encoded"):
        second.configure(1.0, features={"a": object()})


def test_more_than_the_bound_is_refused_in_an_outage() -> None:
    second = cut(client(), client())
    second.send_audio(bytes(10 * RATE), 1.0)
    assert second.room_at(1) == math.inf
    with pytest.raises(LocalProtocolError, match="no more audio"):
        second.send_audio(b"x", 1.0)
    assert second.ledger.sent_bytes == 10 * RATE


def test_who_sends_faster_than_real_time_waits_for_results_and_real_time_does_not() -> None:
    machine = client()
    machine.send_audio(bytes(9 * RATE), 0.0)
    assert machine.room_at(RATE) == -math.inf
    machine.send_audio(SECOND, 0.0)
    assert machine.room_at(1) == 10.0
    machine.receive_text(results(0.0, 1.0).to_json(), 0.0)
    assert machine.room_at(RATE) == -math.inf
    second = cut(machine, client())
    second.opened(100.0)
    run_until(second, 200.0)
    second.send_audio(SECOND, 200.0)
    assert second.room_at(1) == 110.0, "long over"


def test_what_fell_out_before_the_break_is_told_once() -> None:
    first = client()
    first.send_audio(bytes(12 * RATE), 0.0)
    second = cut(first, client())
    second.opened(1.0)
    assert second.resumption() == Resumption(replayed_s=10.0, lost_s=2.0)
    assert second.resumption().lost_s == 0.0
    third = cut(second, client())
    assert third.resumption() == Resumption(replayed_s=10.0)
    assert third.origin_s == 2.0


def test_losses_of_a_connection_that_never_stood_are_told_by_the_next() -> None:
    first = client()
    first.send_audio(bytes(12 * RATE), 0.0)
    third = cut(cut(first, client()), client())
    assert third.resumption().lost_s == 2.0


STEREO: dict[str, Any] = {
    "audio": AudioFormat(encoding="mulaw", sample_rate=RATE // 2, channels=2),
    "multichannel": True,
}


def said(channel: int, start: float, duration: float, text: str, **options: Any) -> str:
    """A result of one of two channels, with a word each second."""
    result = results(start, duration, text=text, **options)
    result.channel_index = [channel, 2]
    for number, word in enumerate(result.words):
        word.start, word.end = start + number, start + number + 0.5
    return result.to_json()


def test_channels_that_are_ahead_say_nothing_twice() -> None:
    first = client(AT_ONCE, **STEREO)
    first.send_audio(bytes(4 * RATE), 0.0)
    first.receive_text(said(0, 0.0, 3.0, "a b c"), 0.0)
    first.receive_text(said(1, 0.0, 1.0, "x"), 0.0)
    second = cut(first, client(AT_ONCE, **STEREO))
    assert second.origin_s == 1.0
    second.opened(2.0)
    second.on_deadline(2.0)
    second.events.clear()
    second.receive_text(said(0, 0.0, 3.0, "b c d"), 2.0)
    second.receive_text(said(1, 0.0, 3.0, "y z w"), 2.0)
    ahead, behind = second.events
    assert (ahead.start, ahead.duration, ahead.transcript) == (3.0, 1.0, "d")
    assert (behind.start, behind.duration, behind.transcript) == (1.0, 3.0, "y z w")
    assert second.ledger.acknowledged_s == 4.0


def test_a_channel_that_is_ahead_says_nothing_twice_when_everything_begins_again() -> None:
    first = client(AT_ONCE, **STEREO)
    first.send_audio(bytes(4 * RATE), 0.0)
    first.receive_text(said(0, 0.0, 2.0, "a b"), 0.0)
    second = cut(first, client(AT_ONCE, **STEREO))
    assert second.origin_s == 0.0
    second.opened(2.0)
    second.on_deadline(2.0)
    second.events.clear()
    second.receive_text(said(0, 0.0, 3.0, "a b c"), 2.0)
    (ahead,) = second.events
    assert (ahead.start, ahead.duration, ahead.transcript) == (2.0, 1.0, "c")


def test_an_interim_result_of_what_was_final_before_does_not_go_back_in_time() -> None:
    first = client(AT_ONCE, **STEREO)
    first.send_audio(bytes(4 * RATE), 0.0)
    first.receive_text(said(0, 0.0, 2.0, "a b"), 0.0)
    second = cut(first, client(AT_ONCE, **STEREO))
    second.opened(2.0)
    second.on_deadline(2.0)
    second.events.clear()
    second.receive_text(said(0, 0.0, 1.0, "a", final=False), 2.0)
    (early,) = second.events
    assert (early.start, early.duration, early.transcript) == (2.0, 0.0, "")


@pytest.mark.parametrize("audio", [None, AudioFormat(encoding="opus", sample_rate=48000)])
def test_containers_are_beyond_repair(audio: AudioFormat | None) -> None:
    machine = client(audio=audio)
    machine.send_audio(b"OggS", 0.0)
    assert machine.replay is None
    assert "container" in str(machine.beyond_repair)
    assert machine.room_at(1 << 30) == -math.inf
    assert (machine.held_back_bytes, machine.resumption()) == (0, Resumption())


def test_without_a_policy_nothing_is_kept() -> None:
    for machine in (client(None), client(ReconnectPolicy(max_attempts=0))):
        machine.send_audio(SECOND, 0.0)
        machine.finalize(0.0)
        assert machine.replay is None
        assert not machine.progressed
        assert cut(machine, client(None)).replay is None


def test_only_new_final_results_are_progress() -> None:
    first = client(AT_ONCE)
    first.send_audio(SECOND, 0.0)
    first.receive_text(results(0.0, 0.5, final=False).to_json(), 0.0)
    assert not first.progressed
    first.receive_text(results(0.0, 0.5).to_json(), 0.0)
    assert first.progressed
    second = cut(first, client(AT_ONCE))
    second.opened(1.0)
    second.on_deadline(1.0)
    assert not second.progressed
    second.receive_text(results(0.0, 0.1).to_json(), 0.0)
    assert second.progressed


def test_what_is_wrong_with_messages_is_beyond_repair() -> None:
    machine = flux_client()
    machine.receive_text(CONNECTED.to_json(), 0.0)
    assert "sound" in str(machine.beyond_repair)


def test_a_stream_that_ended_takes_nothing_though_it_was_replaying() -> None:
    second = cut(client(), client())
    second.fail(ConnectionClosed("given up"))
    with pytest.raises(ConnectionClosed, match="given up"):
        second.send_audio(b"x", 1.0)
    with pytest.raises(ConnectionClosed, match="given up"):
        second.keep_alive(1.0)


def test_a_greeting_that_never_comes_ends_the_connection() -> None:
    machine = FluxMachine(Role.CLIENT, TimerSettings(greeting_s=5.0), 0.0, audio=FORMAT, reconnect=POLICY)
    machine.opened(10.0)
    assert machine.next_deadline() == 15.0
    machine.on_deadline(15.0)
    assert "greet" in str(machine.failure)


# Turn by turn.


def test_turns_and_numbers_go_on() -> None:
    first = flux_client()
    first.send_audio(bytes(3 * RATE), 0.0)
    first.receive_text(turn("EndOfTurn", 1, until=1.0, text="one").to_json(), 0.0)
    second = cut(first, FluxMachine(Role.CLIENT, TimerSettings(), 0.0, audio=FORMAT, reconnect=AT_ONCE))
    assert second.next_deadline() is None, "audio waits for the greeting"
    second.opened(2.0)
    second.receive_text(CONNECTED.to_json(), 2.0)
    second.on_deadline(2.0)
    assert sent(second) == [bytes(2 * RATE)]
    second.receive_text(turn("EndOfTurn", 2, until=1.5, text="two").to_json(), 2.0)
    second.receive_text('{"type":"New","sequence_id":3}', 2.0)
    _, one, again, two, _ = second.events
    assert (one.turn_index, one.sequence_id, one.audio_window_end) == (0, 1, 1.0)
    assert (again.sequence_id, two.sequence_id) == (2, 4)
    assert (two.turn_index, two.audio_window_start, two.audio_window_end) == (1, 1.0, 2.5)
    assert (second.missed, list(second.gaps)) == (1, [Gap(3, 3)])


def test_a_turn_under_way_begins_again_under_its_number() -> None:
    first = flux_client()
    first.send_audio(bytes(3 * RATE), 0.0)
    first.receive_text(turn("EndOfTurn", 1, until=1.0, text="one").to_json(), 0.0)
    moved = turn("StartOfTurn", 2, until=2.0, text="tw")
    moved.turn_index = 1
    first.receive_text(moved.to_json(), 0.0)
    second = cut(first, flux_client())
    second.receive_text(turn("StartOfTurn", 1, until=1.0, text="tw").to_json(), 2.0)
    assert second.events[-1].turn_index == 1
    assert second.origin_s == 1.0


def test_silence_between_turns_need_not_be_heard_again() -> None:
    machine = flux_client()
    machine.send_audio(bytes(9 * RATE), 0.0)
    machine.receive_text(turn("Update", 1, until=8.0).to_json(), 0.0)
    assert machine.replay is not None
    assert machine.replay.start_s == 7.0
    machine.receive_text(turn("StartOfTurn", 2, until=8.5, text="no").to_json(), 0.0)
    assert machine.replay.start_s == 7.0
    assert machine.ledger.acknowledged_s == 0.0


def test_silence_is_not_made_while_a_replay_goes_on() -> None:
    first = flux_client(POLICY, silence_after_s=0.5)
    first.send_audio(SECOND, 0.0)
    second = cut(first, flux_client(POLICY, silence_after_s=0.5))
    second.opened(2.0)
    run_until(second, 2.75)
    assert b"".join(sent(second)) == SECOND
    run_until(second, 3.5)
    assert b"".join(sent(second)).strip(b"\xff") == b""


def test_settings_and_the_forced_end_of_a_turn_keep_their_places() -> None:
    first = flux_client()
    first.configure(0.0, numerals=True)
    first.send_audio(SECOND, 0.0)
    first.force_end_turn(0.0)
    second = cut(first, flux_client())
    second.opened(1.0)
    second.on_deadline(1.0)
    assert sent(second) == ["Configure", SECOND, "ForceEndTurn"]


def test_what_the_server_does_not_understand_is_not_said_again() -> None:
    machine = flux_client()
    error = flux.Error(sequence_id=1, code="UNPARSABLE_CLIENT_MESSAGE", description="what?")
    machine.receive_text(error.to_json(), 0.0)
    machine.receive_close(1011, "", 0.0)
    assert "understand" in str(machine.beyond_repair)


def test_a_close_without_a_reason_is_repaired() -> None:
    assert cut(flux_client(), flux_client(), code=1005).replaying


def test_every_event_stays_in_its_queue() -> None:
    first = client()
    first.receive_text(results().to_json(), 0.0)
    second = cut(first, client())
    assert second.events is first.events
    assert isinstance(second.events[0], listen.Results)
