"""Live transcription's machine: its table, its accounts, and what is peculiar to `/v1/listen`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.codec import tag_of
from deepgram_anyio.protocol.frames import Binary, Close
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.listen_machine import LISTEN, ListenMachine, State
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.messages import Audio, UnknownEvent
from deepgram_anyio.protocol.timers import TimerSettings

from . import LINEAR16, METADATA, client, results, server, steady, take, wire_types

ANSWERS = "Results UtteranceEnd SpeechStarted ConfigureSuccess ConfigureFailure Error Warning UnknownEvent"
# The whole table once more, in words: what each state takes, and where that leads.
TABLE = {
    "streaming": {
        **dict.fromkeys(f"Audio KeepAlive Finalize Configure Metadata {ANSWERS}".split(), "streaming"),
        "CloseStream": "finishing",
    },
    "finishing": {
        **dict.fromkeys(f"KeepAlive Finalize CloseStream {ANSWERS}".split(), "finishing"),
        "Metadata": "complete",
    },
    "complete": dict.fromkeys(f"KeepAlive Finalize CloseStream Metadata {ANSWERS}".split(), "complete"),
}
KINDS: list[Any] = [*LISTEN.client_messages, *LISTEN.server_messages, Audio, UnknownEvent]


def _at(state: str, role: Role) -> ListenMachine:
    machine = ListenMachine(role, TimerSettings(), 0.0, audio=LINEAR16)
    if state != "streaming":
        _say(machine, listen.CloseStream, Role.CLIENT)
    if state == "complete":
        _say(machine, METADATA, Role.SERVER)
    assert machine.state.value == state
    machine.outgoing.clear()
    machine.events.clear()
    return machine


def _say(machine: ListenMachine, message: Any, by: Role) -> None:
    """Let one end of the socket say something, from the point of view of either."""
    if message is Audio:
        machine.send_audio(b"\0\0", 1.0) if machine.role is by else machine.receive_binary(b"\0\0", 1.0)
    elif machine.role is by:
        machine.send(message() if isinstance(message, type) else message, 1.0)
    else:
        data = message().to_json() if isinstance(message, type) else message.to_json()
        machine.receive_text(data, 1.0)


def _instance(kind: Any) -> Any:
    fields = {
        "request_id": "r",
        "code": "c",
        "description": "d",
        "channel": [0, 1],
        "timestamp": 0.5,
        "last_word_end": 1.0,
    }
    if kind is listen.Results:
        return results()
    if kind is listen.Metadata:
        return METADATA
    if kind in LISTEN.client_messages or kind is Audio:
        return kind
    return kind(**{name: value for name, value in fields.items() if name in kind.__struct_fields__})


def test_the_table_is_the_documented_one() -> None:
    found = {
        state.value: {kind.__name__: target.value for kind, target in row.items()}
        for state, row in LISTEN.transitions.items()
    }
    assert found == TABLE
    assert {state.value for state in State} == {*TABLE, "closed", "failed"}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("by", Role)
@pytest.mark.parametrize("state", TABLE)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not UnknownEvent], ids=lambda kind: kind.__name__)
def test_every_move_in_every_state(role: Role, by: Role, state: str, kind: Any) -> None:
    machine = _at(state, role)
    spoken_by = Role.SERVER if kind in LISTEN.server_messages else Role.CLIENT
    target = TABLE[state].get(kind.__name__)
    if role is by and (spoken_by is not role or target is None):
        with pytest.raises(LocalProtocolError):
            _say(machine, _instance(kind), by)
        assert machine.state.value == state
        assert not machine.outgoing
    elif spoken_by is not by:
        # What the peer may never say is not known to the decoder, and audio from a server is no message at all.
        _say(machine, _instance(kind), by)
        assert [type(event) for event in machine.events] == [UnknownEvent]
        assert machine.state.value == state
    elif target is None:
        _say(machine, _instance(kind), by)
        assert isinstance(machine.failure, RemoteProtocolError)
        assert take(machine) == [Close(1002, f"{kind.__name__} out of turn")]
    else:
        _say(machine, _instance(kind), by)
        assert machine.state.value == target
        assert len(machine.outgoing if role is by else machine.events) == 1


@pytest.mark.parametrize(
    ("state", "code", "closed"),
    [
        ("streaming", 1000, False),
        ("streaming", 1005, False),
        ("streaming", 1011, False),
        ("finishing", 1000, True),
        ("finishing", 1005, True),
        ("finishing", 1006, False),
        ("finishing", 1011, False),
        ("complete", 1000, True),
        ("complete", 1006, True),
        ("complete", 1011, True),
    ],
)
@pytest.mark.parametrize("role", Role)
def test_closes(state: str, code: int, closed: bool, role: Role) -> None:
    machine = _at(state, role)
    machine.receive_close(code, "NET-0000", 2.0)
    assert machine.state is (State.CLOSED if closed else State.FAILED)
    if not closed:
        assert isinstance(machine.failure, ConnectionClosed)
        assert (machine.failure.code, machine.failure.reason) == (code, "NET-0000")


# The client


def test_the_whole_life_of_a_stream() -> None:
    machine = client()
    machine.send_audio(bytes(32000), 0.0)
    machine.receive_text(results(0.0, 0.6).to_json(), 0.7)
    machine.receive_text(results(0.0, 1.0, is_final=True).to_json(), 1.2)
    assert machine.unacknowledged_s == 0.0
    assert machine.ledger.latency_s == pytest.approx(1.2)
    machine.close_stream(1.3)
    machine.receive_text(METADATA.to_json(), 1.4)
    machine.receive_close(1000, "", 1.5)
    assert machine.state is State.CLOSED
    assert machine.metadata == METADATA
    assert [type(event) for event in machine.events] == [listen.Results, listen.Results, listen.Metadata]
    assert wire_types(take(machine)) == ["Binary", "CloseStream"]


def test_the_best_reading() -> None:
    result = results()
    assert (result.transcript, result.words) == ("", [])
    word = listen.Word(word="hello", start=0.0, end=0.5, confidence=0.9)
    for transcript in ("Hello.", "Hollow."):
        result.channel.alternatives.append(listen.Alternative(transcript=transcript, confidence=0.9, words=[word]))
    del result.channel.alternatives[0]
    assert (result.transcript, result.words) == ("Hello.", [word])
    result.channel.alternatives.clear()
    assert (result.transcript, result.words) == ("", [])


def test_interim_results_cover_nothing() -> None:
    machine = client()
    machine.send_audio(bytes(32000), 0.0)
    machine.receive_text(results(0.0, 1.0).to_json(), 1.0)
    assert machine.unacknowledged_s == 1.0


def test_each_channel_counts_with_multichannel() -> None:
    stereo = AudioFormat(encoding="linear16", sample_rate=16000, channels=2)
    for multichannel, left in [(True, 1.0), (False, 0.0)]:
        machine = client(audio=stereo, multichannel=multichannel)
        machine.send_audio(bytes(64000), 0.0)
        machine.receive_text(results(0.0, 1.0, is_final=True).to_json(), 1.0)
        assert machine.unacknowledged_s == left
        machine.receive_text(results(0.0, 1.0, is_final=True, channel=1).to_json(), 1.0)
        assert machine.unacknowledged_s == 0.0


def test_a_result_without_a_channel_is_of_the_first() -> None:
    machine = client()
    machine.send_audio(bytes(32000), 0.0)
    result = results(0.0, 1.0, is_final=True)
    result.channel_index = []
    machine.receive_text(result.to_json(), 1.0)
    assert machine.unacknowledged_s == 0.0


def test_refused_audio_is_not_on_the_books() -> None:
    machine = client()
    machine.send_audio(b"\0\0", 0.0)
    machine.close_stream(0.0)
    with pytest.raises(LocalProtocolError):
        machine.send_audio(b"\0\0", 0.0)
    machine.fail(ConnectionClosed())
    with pytest.raises(ConnectionClosed):
        machine.send_audio(b"\0\0", 0.0)
    assert machine.ledger.sent_bytes == 2


def test_without_a_format_only_bytes_are_counted() -> None:
    machine = client(audio=None)
    machine.send_audio(bytes(100), 0.0)
    assert machine.ledger.sent_bytes == 100
    assert machine.unacknowledged_s is None
    assert machine.audio == AudioFormat()


def test_close_stream_again_does_nothing() -> None:
    for state in ("finishing", "complete"):
        machine = _at(state, Role.CLIENT)
        machine.close_stream(2.0)
        assert not machine.outgoing
    machine.receive_close(1000, "", 3.0)
    machine.close_stream(4.0)
    assert machine.state is State.CLOSED


def test_close_stream_tells_of_a_failure() -> None:
    machine = client()
    machine.receive_close(1006, "", 1.0)
    with pytest.raises(ConnectionClosed) as caught:
        machine.close_stream(2.0)
    assert caught.value is machine.failure


def test_a_server_cannot_end_the_stream() -> None:
    with pytest.raises(LocalProtocolError, match="CloseStream"):
        server().close_stream(0.0)


# Stale interim results


def _starts(machine: ListenMachine) -> list[tuple[int, float, bool]]:
    return [(event.channel_index[0], event.duration, event.is_final) for event in machine.events]


def test_newer_results_take_the_place_of_stale_ones() -> None:
    machine = client(drop_stale_interims=True)
    for result in (
        results(0.0, 1.0),
        results(0.0, 2.0),
        results(0.0, 1.5, channel=1),
        results(0.0, 3.0, is_final=True),
        results(3.0, 0.5),
        results(0.0, 2.5, channel=1),
    ):
        machine.receive_text(result.to_json(), 0.0)
    assert _starts(machine) == [(0, 3.0, True), (0, 0.5, False), (1, 2.5, False)]


def test_nothing_is_dropped_unless_asked_for() -> None:
    machine = client()
    for duration in (1.0, 2.0, 3.0):
        machine.receive_text(results(0.0, duration).to_json(), 0.0)
    assert _starts(machine) == [(0, 1.0, False), (0, 2.0, False), (0, 3.0, False)]


RESULTS = st.tuples(st.integers(0, 1), st.booleans())
OTHERS = st.sampled_from([METADATA, listen.Warning(), listen.SpeechStarted(channel=[0, 1], timestamp=0.0)])


@steady()
@given(st.lists(RESULTS | OTHERS | st.none(), max_size=40))
def test_only_stale_interims_are_dropped(script: list[Any]) -> None:
    machine = client(drop_stale_interims=True)
    received: list[Any] = []
    handed: list[Any] = []
    for index, step in enumerate(script):
        if step is None:  # the consumer takes an event
            handed += [machine.events.popleft()] if machine.events else []
            continue
        received.append(results(float(index), channel=step[0], is_final=step[1]) if isinstance(step, tuple) else step)
        machine.receive_text(received[-1].to_json(), 0.0)
    waiting = list(machine.events)
    handed += waiting
    assert handed == [message for message in received if message in handed]
    dropped = [message for message in received if message not in handed]
    assert all(isinstance(message, listen.Results) and not message.is_final for message in dropped)
    for index, message in enumerate(waiting):
        if isinstance(message, listen.Results) and not message.is_final:
            later = [event for event in waiting[index + 1 :] if isinstance(event, listen.Results)]
            assert all(event.channel_index != message.channel_index for event in later)
    for message in dropped:
        replaced_by = [event for event in received[received.index(message) + 1 :] if isinstance(event, listen.Results)]
        assert any(event.channel_index == message.channel_index for event in replaced_by)


# The server


def test_an_empty_binary_message_ends_the_stream() -> None:
    machine = server()
    machine.receive_binary(b"\0\0", 0.0)
    machine.receive_binary(b"", 1.0)
    assert machine.state.value == "finishing"
    assert list(machine.events) == [Audio(b"\0\0"), listen.CloseStream()]
    machine.receive_binary(memoryview(b""), 2.0)
    assert not machine.ended
    machine.close()
    machine.receive_binary(b"", 3.0)
    assert machine.state is State.CLOSED
    assert len(machine.events) == 3


def test_an_empty_binary_message_says_nothing_to_a_client() -> None:
    machine = client()
    machine.receive_binary(b"", 0.0)
    assert list(machine.events) == [UnknownEvent(type=None, raw=b"", reason="binary message")]
    assert machine.state is State.STREAMING


def test_audio_after_the_end_of_the_stream() -> None:
    machine = _at("finishing", Role.SERVER)
    machine.receive_binary(b"\0\0", 1.0)
    assert isinstance(machine.failure, RemoteProtocolError)
    assert str(machine.failure) == "listen v1: Audio received while finishing"


def test_the_kind_is_consistent() -> None:
    states = set(LISTEN.transitions)
    assert {LISTEN.closed, LISTEN.failed}.isdisjoint(states)
    assert states | {LISTEN.closed, LISTEN.failed} == set(State)
    assert LISTEN.initial in states
    assert set(LISTEN.orderly) | LISTEN.draining | LISTEN.keepalive_states <= states
    for row in LISTEN.transitions.values():
        assert set(row.values()) <= states
        assert set(row) <= set(KINDS)
    tags = [tag_of(kind) for kind in (*LISTEN.client_messages, *LISTEN.server_messages)]
    assert len(tags) == len(set(tags))
    assert type(LISTEN.keepalive) in LISTEN.client_messages


def test_frames_are_values() -> None:
    assert Binary(b"a") == Binary(b"a")
    assert hash(Close(1000)) == hash(Close(1000, ""))
    with pytest.raises(AttributeError):
        Binary(b"a").data = b"b"  # type: ignore[misc]
