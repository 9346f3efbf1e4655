"""The faults of one stream, without a socket: what passes, when, and what comes between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deepgram_anyio.local.fault_options import FaultOptions
from deepgram_anyio.local.stream_faults import KINDS, StreamFaults
from deepgram_anyio.protocol.agent_machine import AgentMachine
from deepgram_anyio.protocol.codec import Codec
from deepgram_anyio.protocol.flux_machine import FluxMachine
from deepgram_anyio.protocol.flux_speak_machine import FluxSpeakMachine
from deepgram_anyio.protocol.listen_machine import ListenMachine
from deepgram_anyio.protocol.messages import UnknownEvent
from deepgram_anyio.protocol.speak_machine import SpeakMachine
from deepgram_anyio.protocol.wav import wav_header

MACHINES: dict[str, Any] = {
    "/v1/listen": ListenMachine,
    "/v2/listen": FluxMachine,
    "/v1/speak": SpeakMachine,
    "/v2/speak": FluxSpeakMachine,
    "/v1/agent/converse": AgentMachine,
}
CLOSE = {"type": "websocket.close", "code": 1000, "reason": ""}
RAW = b"encoding=linear16&sample_rate=8000"  # 16,000 bytes a second


def faults(path: str = "/v1/listen", query: bytes = RAW, *, number: int = 0, **options: Any) -> StreamFaults:
    return StreamFaults(FaultOptions(**options), path, query, 0.0, request_id="r", number=number)


def text(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "websocket.send", "text": json.dumps({"type": kind, **fields})}


def received(**fields: Any) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": None, "bytes": None, **fields}


def results(number: int, *, final: bool) -> dict[str, Any]:
    return text("Results", start=number, is_final=final)


def say(stream: StreamFaults, message: dict[str, Any], now: float = 0.0) -> list[Any]:
    stream.say(message, now)
    return stream.take_due(now)


def types(messages: list[Any]) -> list[Any]:
    return [json.loads(message["text"])["type"] for message in messages]


def numbers(messages: list[Any]) -> list[int]:
    return [json.loads(message["text"])["sequence_id"] for message in messages]


# When.


def test_a_final_result_is_held_back_and_nothing_overtakes_it() -> None:
    stream = faults(late_finals_s=2.0)
    assert say(stream, results(0, final=False)) == [results(0, final=False)]
    assert say(stream, results(1, final=True)) == []
    assert say(stream, results(2, final=False), 1.0) == []
    assert stream.next_deadline() == 2.0
    assert stream.take_due(1.99) == []
    assert stream.take_due(2.0) == [results(1, final=True), results(2, final=False)]
    assert stream.next_deadline() is None


def test_delays_do_not_add_up() -> None:
    stream = faults(late_finals_s=2.0)
    for second in range(3):
        stream.say(results(second, final=True), float(second))
    stream.say(CLOSE, 2.5)
    assert [len(stream.take_due(now)) for now in (2.0, 3.0, 3.9)] == [1, 1, 0]
    assert stream.take_due(4.0) == [results(2, final=True), CLOSE]
    assert stream.closing == CLOSE


def test_the_end_of_a_turn_is_as_final_as_a_final_result() -> None:
    stream = faults("/v2/listen", late_finals_s=1.0)
    update, end = (text("TurnInfo", sequence_id=n, event=event) for n, event in enumerate(("Update", "EndOfTurn")))
    assert say(stream, update) == [update]
    assert say(stream, end) == []
    assert stream.take_due(1.0) == [end]


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("/v1/listen", set()),
        ("/v2/listen", {"Connected"}),
        ("/v1/speak", {"Metadata"}),
        ("/v2/speak", {"Connected"}),
        ("/v1/agent/converse", {"Welcome", "SettingsApplied"}),
    ],
)
def test_greetings_are_held_back(path: str, held: set[str]) -> None:
    for kind in ("Connected", "Metadata", "Welcome", "SettingsApplied", "Flushed"):
        assert (say(faults(path, greeting_delay_s=1.0), text(kind)) == []) == (kind in held)


# What.


@pytest.mark.parametrize(
    ("path", "farewell"), [("/v1/listen", "Metadata"), ("/v2/speak", "SessionMetadata"), ("/v1/speak", None)]
)
def test_the_closing_metadata_is_dropped_and_the_close_is_not(path: str, farewell: str | None) -> None:
    stream = faults(path, drop_metadata=True)
    for kind in ("Metadata", "SessionMetadata"):
        assert (say(stream, text(kind)) == []) == (kind == farewell)
    assert say(stream, CLOSE) == [CLOSE]


def client_codec(path: str) -> Codec:
    return Codec(MACHINES[path].kind.server_messages)


@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize("kind", ["unknown_type", "wrong_form", "invalid_json"])
def test_an_odd_message_comes_before_every_nth_and_no_client_knows_it(path: str, kind: str) -> None:
    stream = faults(path, odd_every=2, odd_kind=kind)
    first, second = text("X", sequence_id=0), text("X", sequence_id=1)
    assert say(stream, first) == [first]
    assert say(stream, {"type": "websocket.send", "bytes": b"audio"}) == [{"type": "websocket.send", "bytes": b"audio"}]
    odd, passed = say(stream, second)
    assert types([passed]) == ["X"]
    event = client_codec(path).decode(odd["text"])
    assert isinstance(event, UnknownEvent)
    assert (event.reason is None) == (kind == "unknown_type")
    assert (event.type is None) == (kind == "invalid_json")


def test_an_unknown_field_is_added_to_the_message_itself() -> None:
    message = text("Warning", description="d")
    (odd,) = say(faults(odd_every=1, odd_kind="unknown_field"), message)
    codec = client_codec("/v1/listen")
    assert "injected_field" in json.loads(odd["text"])
    assert codec.decode(odd["text"]) == codec.decode(message["text"])


def test_the_seed_and_the_number_of_the_stream_settle_what_is_mixed() -> None:
    def drawn(seed: int, number: int) -> list[Any]:
        stream = faults(odd_every=1, odd_kind="mixed", seed=seed, number=number)
        return [message for n in range(20) for message in say(stream, results(n, final=True))]

    assert drawn(1, 1) == drawn(1, 1)
    assert drawn(1, 1) != drawn(2, 1)
    assert drawn(1, 1) != drawn(1, 2)
    texts = [message["text"] for message in drawn(1, 1)]
    for sign in ("no such message", '"channel":0', '{"type":"InjectedFault",', "injected_field"):
        assert any(sign in odd for odd in texts)


@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize(("kind", "name"), [("error", "Error"), ("warning", "Warning")])
def test_an_error_is_one_that_the_client_of_the_socket_knows(path: str, kind: str, name: str) -> None:
    stream = faults(path, error_after_messages=0, error_kind=kind, error_code="SLOW")
    (said,) = stream.take_due(0.0)
    event = client_codec(path).decode(said["text"])
    assert type(event).__name__ == name
    assert event.to_dict()["code"] == "SLOW"
    assert stream.take_due(0.0) == []


def test_what_is_put_in_is_numbered_where_messages_are() -> None:
    stream = faults("/v2/listen", odd_every=2, error_after_messages=3)
    sent = [message for n in range(5) for message in say(stream, text("TurnInfo", sequence_id=n))]
    assert types(sent) == [
        "TurnInfo",
        "InjectedFault",
        "TurnInfo",
        "TurnInfo",
        "Error",
        "InjectedFault",
        *["TurnInfo"] * 2,
    ]
    assert numbers(sent) == list(range(8))
    assert "sequence_id" not in json.loads(faults(error_after_messages=0).take_due(0.0)[0]["text"])


# The end.


def test_a_close_after_messages_follows_the_last_of_them_and_nothing_follows_it() -> None:
    stream = faults(close_after_messages=2, close_code=4000, close_reason="enough")
    assert len(say(stream, text("A"))) == 1
    _, close = say(stream, {"type": "websocket.send", "bytes": b"x"})
    assert close == {"type": "websocket.close", "code": 4000, "reason": "enough"} == stream.closing
    assert say(stream, text("B")) == []
    assert stream.next_deadline() is None


@pytest.mark.parametrize(("code", "reason"), [(1011, "NET-0000"), (1008, "DATA-0000"), (1012, "")])
def test_the_reasons_are_the_apis(code: int, reason: str) -> None:
    (close,) = faults(close_after_messages=0, close_code=code).take_due(0.0)
    assert close["reason"].startswith(reason)
    assert bool(close["reason"]) == bool(reason)


def test_a_close_after_a_time_cuts_off_what_is_held_back() -> None:
    stream = faults(close_after_s=3.0, late_finals_s=5.0)
    assert say(stream, results(0, final=True)) == []
    assert stream.next_deadline() == 3.0
    assert stream.take_due(2.9) == []
    assert [message["type"] for message in stream.take_due(3.0)] == ["websocket.close"]
    assert stream.take_due(9.0) == []


def test_a_server_that_stops_waits_for_nothing() -> None:
    stream = faults(late_finals_s=5.0)
    assert say(stream, results(0, final=True)) == []
    going_away = {**CLOSE, "code": 1001}
    assert say(stream, going_away) == [going_away]


def test_an_error_may_be_the_end() -> None:
    stream = faults("/v1/agent/converse", error_after_messages=1, error_closes=True, close_code=1008)
    passed, error, close = say(stream, text("Welcome"))
    assert types([passed, error]) == ["Welcome", "Error"]
    assert close["code"] == 1008


def audio_at(stream: StreamFaults, pieces: list[bytes]) -> Iterator[bool]:
    for piece in pieces:
        stream.hear(received(bytes=piece), 0.0)
        yield bool(stream.take_due(0.0))


@pytest.mark.parametrize(
    ("path", "query", "before", "rate"),
    [
        ("/v1/listen", RAW, [], 16000),
        ("/v1/listen", b"encoding=mulaw&sample_rate=8000&channels=2", [], 16000),
        ("/v2/listen", b"model=flux-general-en&" + RAW, [], 16000),
        ("/v1/listen", b"", [wav_header(data_bytes=None, sample_rate=8000)], 16000),
    ],
)
def test_audio_is_counted_in_seconds(path: str, query: bytes, before: list[bytes], rate: int) -> None:
    stream = faults(path, query, close_after_audio_s=1.0)
    pieces = [*before, bytes(rate // 2), bytes(rate // 2 - 2), bytes(2)]
    assert list(audio_at(stream, pieces)) == [False] * (len(pieces) - 1) + [True]


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        (None, 48000),
        ({"encoding": "mulaw", "sample_rate": 8000}, 8000),
        ({"encoding": "g729", "sample_rate": 8000}, None),
    ],
)
def test_an_agents_settings_tell_the_length_of_its_audio(given: Any, rate: int | None) -> None:
    stream = faults("/v1/agent/converse", b"", close_after_audio_s=1.0)
    stream.hear(received(text="no settings"), 0.0)
    audio = {} if given is None else {"input": given}
    settings = {"type": "Settings", "audio": audio, "agent": {"think": {"provider": {"type": "open_ai"}}}}
    stream.hear(received(text=json.dumps(settings)), 0.0)
    assert list(audio_at(stream, [bytes((rate or 8000) - 2), bytes(2)])) == [False, rate is not None]


def test_audio_of_unknown_length_is_not_counted() -> None:
    stream = faults(query=b"", close_after_audio_s=0.1)
    assert list(audio_at(stream, [b"OggS" + bytes(100000), bytes(100000)])) == [False, False]
    stream = faults("/v1/speak", query=b"", close_after_audio_s=0.1)
    assert list(audio_at(stream, [bytes(100000)])) == [False]


def idle_at(message: dict[str, Any], **options: Any) -> float | None:
    stream = faults(idle_kill_s=2.0, **options)
    assert stream.next_deadline() == 2.0
    stream.hear(message, 1.0)
    return stream.next_deadline()


@pytest.mark.parametrize(
    ("message", "due"),
    [
        (received(bytes=b"audio"), 3.0),
        (received(text='{"type":"KeepAlive"}'), 3.0),
        (received(text="nonsense"), 3.0),
        (received(text='{"type":"CloseStream"}'), None),
        (received(text='{"type":"Close"}'), None),
        (received(bytes=b""), None),
        ({"type": "websocket.disconnect", "code": 1000}, 2.0),
    ],
)
def test_what_counts_as_a_sign_of_life(message: dict[str, Any], due: float | None) -> None:
    assert idle_at(message) == due


def test_a_keep_alive_may_not_count() -> None:
    assert idle_at(received(text='{"type":"KeepAlive"}'), idle_ignores_keep_alive=True) == 2.0
    assert idle_at(received(text='{"type":"Finalize"}'), idle_ignores_keep_alive=True) == 3.0


def test_an_idle_stream_is_closed_with_net_0001() -> None:
    stream = faults(idle_kill_s=2.0, close_after_s=9.0, close_code=4000)
    (close,) = stream.take_due(2.0)
    assert (close["code"], close["reason"][:8]) == (1011, "NET-0001")
