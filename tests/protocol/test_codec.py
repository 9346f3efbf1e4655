"""The codec: what fits is typed, what does not is an `UnknownEvent` that says why, and nothing is ever raised."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deepgram_anyio.errors import LocalProtocolError
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.listen_machine import LISTEN, State
from deepgram_anyio.protocol.messages import Message, UnknownEvent

from ..shared import shared
from . import SAMPLES, client, steady

CODEC = Codec(LISTEN.server_messages)
DEEP = 100_000
# JSON numbers beyond 2**53 are compared elsewhere: as floats they lose digits.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in _places(inner, (*path, key)))]


@st.composite
def _mutated(draw: st.DrawFn) -> Any:
    """A valid message with one value replaced by any other, or taken out."""
    message = copy.deepcopy(SAMPLES[draw(st.sampled_from(sorted(SAMPLES)))])
    *path, last = draw(st.sampled_from(_places(message)[1:]))
    parent: Any = message
    for step in path:
        parent = parent[step]
    if draw(st.booleans()):
        del parent[last]
    else:
        parent[last] = draw(JSON)
    return message


def _check(data: bytes, event: object) -> None:
    """Whatever was decoded is either the message, or says truly why it is not."""
    if not isinstance(event, UnknownEvent):
        assert isinstance(event, LISTEN.server_messages)
        _check_fields(json.loads(data), event.to_dict())
        return
    assert event.raw == data
    try:
        value = json.loads(data)
    except ValueError:
        assert event.reason
        return
    tag = value.get("type") if isinstance(value, dict) else None
    assert event.type == (tag if isinstance(tag, str) else None)
    if tag in SAMPLES if isinstance(tag, str) else not isinstance(value, dict):
        assert event.reason
    elif not tag and (tag is None or isinstance(tag, str)):
        assert event.reason == "no type"
    else:
        assert (event.reason is None) == isinstance(tag, str)


def _check_fields(sent: Any, decoded: Any) -> None:
    if isinstance(decoded, dict):
        for name, value in decoded.items():
            # Flags are always written out; everything else that was decoded must have been sent.
            _check_fields(sent.get(name, False) if value is False else sent[name], value)
    elif isinstance(decoded, list):
        assert len(sent) == len(decoded)
        for sent_item, item in zip(sent, decoded, strict=True):
            _check_fields(sent_item, item)
    else:
        assert sent == decoded
        assert isinstance(sent, bool) == isinstance(decoded, bool)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    "form", [str, str.encode, lambda text: memoryview(text.encode())], ids=["str", "bytes", "view"]
)
def test_messages_are_typed(name: str, form: Any) -> None:
    event = CODEC.decode(form(json.dumps(SAMPLES[name])))
    assert type(event) is getattr(listen, name)
    assert isinstance(event, Message)
    assert event.to_dict() == SAMPLES[name]
    assert json.loads(event.to_json()) == json.loads(CODEC.encode(event)) == SAMPLES[name]


def test_every_server_message_has_a_sample() -> None:
    assert {tag_of(message) for message in LISTEN.server_messages} == set(SAMPLES)
    for message in LISTEN.server_messages:
        assert set(SAMPLES[tag_of(message)]) == {"type", *message.__struct_fields__}


@pytest.mark.parametrize("folder", ["listen_websocket"])
def test_recorded_messages_survive(folder: str) -> None:
    recordings = sorted(shared(f"fixtures/{folder}").glob("*.json"))
    assert recordings
    for recording in recordings:
        data = recording.read_bytes()
        event = CODEC.decode(data)
        assert isinstance(event, Message), event
        assert json.loads(CODEC.encode(event)) == json.loads(data)


def test_what_is_not_known_is_ignored_inside_a_message() -> None:
    message = {**SAMPLES["UtteranceEnd"], "new": {"deep": [1, {"er": None}]}}
    assert CODEC.decode(json.dumps(message)) == listen.UtteranceEnd(channel=[0, 1], last_word_end=2.5)


def test_absent_fields_are_not_written() -> None:
    assert Codec.encode(listen.Warning()) == b'{"type":"Warning"}'
    assert CODEC.decode(b'{"type":"Warning"}') == listen.Warning()


def test_flags_are_always_written() -> None:
    required = {
        name: SAMPLES["Results"][name] for name in ("type", "channel_index", "duration", "start", "channel", "metadata")
    }
    event = CODEC.decode(json.dumps(required))
    assert isinstance(event, listen.Results)
    assert event.to_dict() == {**required, "is_final": False, "speech_final": False, "from_finalize": False}


@pytest.mark.parametrize(
    ("data", "type_", "reason"),
    [
        (b'{"type":"Nope","a":1}', "Nope", None),
        (b"{}", None, "no type"),
        (b'{"type":null}', None, "no type"),
        (b'{"type":""}', "", "no type"),
        (b'{"type":1}', None, "Expected `str` - at `$.type`"),
        (b'{"type":["Results"]}', None, "Expected `str` - at `$.type`"),
        (b"[]", None, "Expected `object`, got `array`"),
        (b"null", None, "Expected `object`, got `null`"),
        (b'"Results"', None, "Expected `object`, got `str`"),
        (b'{"type":"Results"}', "Results", "Object missing required field `channel_index`"),
        (b'{"type":"UtteranceEnd","channel":[0,1],"last_word_end":"1"}', "UtteranceEnd", "Expected `float`, got `str`"),
        (b'{"type":"UtteranceEnd","channel":[0,1],"last_word_end":1e999}', "UtteranceEnd", "Number out of range"),
        (b'{"type":"UtteranceEnd","channel":[0,1],"last_word_end":NaN}', None, "JSON is malformed"),
        (b'{"type":"Finalize"}', "Finalize", None),  # the client's to send
    ],
)
def test_reasons(data: bytes, type_: str | None, reason: str | None) -> None:
    event = CODEC.decode(data)
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.raw) == (type_, data)
    assert event.reason == reason if reason is None else (event.reason or "").startswith(reason)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\x00",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"type":"Warning"}',
        b'{"type":"Warning"} {"type":"Warning"}',
        b'{"type":"\xff"}',
        b'{"type":"\xed\xa0\x80"}',
        b'{"type":"\\ud800"}',
        b'{"type":"Warning","code":"\xff"}',
        b'{"type":"Warning","code":"\\ud800"}',
        b'{"type":"Metadata","channels":' + b"9" * 5000 + b"}",
        b'{"type":"Metadata","extra":{"a":' + b"9" * 5000 + b"}}",
        b'{"type":"UtteranceEnd","channel":[],"last_word_end":-' + b"9" * 5000 + b"}",
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"type":"Results","new":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"new":' + b'{"a":' * DEEP + b"0" + b"}" * DEEP + b',"type":"Nope"}',
        b'{"type":"Metadata","extra":{"a":' + b"[" * DEEP + b"]" * DEEP + b"}}",
    ],
    ids=range(19),
)
def test_rubbish_is_reported_with_a_reason(data: bytes) -> None:
    for form in (data, memoryview(data)):
        event = CODEC.decode(form)
        assert isinstance(event, UnknownEvent)
        assert event.raw == data
        assert event.reason


def test_text_that_is_no_unicode() -> None:
    event = CODEC.decode('{"type":"Warning","code":"\ud800"}')
    assert isinstance(event, UnknownEvent)
    assert event.reason
    assert event.raw == b'{"type":"Warning","code":"\xed\xa0\x80"}'
    assert isinstance(CODEC.decode('{"type":"\ud800"}'), UnknownEvent)


@steady(400)
@given(_mutated())
def test_any_value_at_any_place(message: Any) -> None:
    data = json.dumps(message).encode()
    _check(data, CODEC.decode(data))


@steady(200)
@given(JSON)
@example({"type": "Results"})
@example({"type": {}})
def test_any_json(value: Any) -> None:
    data = json.dumps(value).encode()
    _check(data, CODEC.decode(data))


@steady(300)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_any_damage_to_the_bytes(name: str, data: st.DataObject) -> None:
    whole = json.dumps(SAMPLES[name]).encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 8)))
    damaged = whole[:start] + data.draw(st.binary(max_size=4)) + whole[end:]
    event = CODEC.decode(damaged)
    if isinstance(event, UnknownEvent):
        assert event.raw == damaged
    else:
        assert isinstance(event, LISTEN.server_messages)


@steady(200)
@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    event = CODEC.decode(data)
    assert isinstance(event, UnknownEvent)
    assert event.raw == data


@steady(200)
@given(_mutated())
def test_one_bad_message_changes_nothing(message: Any) -> None:
    machine = client()
    machine.close_stream(0.0)
    machine.receive_text(json.dumps(message), 1.0)
    event = machine.events.pop()
    # A Metadata is the only message that moves this state, and it does so only when it is one.
    assert machine.state is (State.COMPLETE if isinstance(event, listen.Metadata) else State.FINISHING)
    machine.receive_text(json.dumps(SAMPLES["Results"]), 2.0)
    assert isinstance(machine.events.pop(), listen.Results)
    assert machine.failure is None


def test_an_unknown_event_shows_its_data() -> None:
    event = CODEC.decode(b'{"type":"Nope","a":[1]}')
    assert isinstance(event, UnknownEvent)
    assert event.to_dict() == {"type": "Nope", "a": [1]}
    with pytest.raises(msgspec.DecodeError):
        UnknownEvent(type=None, raw=b"{").to_dict()


@pytest.mark.parametrize(
    "message",
    [
        listen.Configure(keyterms=["\ud800"]),
        listen.Configure(features={"numerals": object()}),  # type: ignore[dict-item]
    ],
)
def test_what_json_cannot_hold_is_refused(message: listen.Configure) -> None:
    machine = client()
    with pytest.raises(LocalProtocolError, match="Configure"):
        machine.send(message, 0.0)
    assert not machine.outgoing
    assert machine.state is State.STREAMING
    machine.keep_alive(1.0)
    assert len(machine.outgoing) == 1
