"""Flux's wire, byte by byte, and the options of a request."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol import flux
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.flux_machine import FLUX
from deepgram_anyio.protocol.flux_options import FluxOptions, FluxParams
from deepgram_anyio.protocol.frames import Binary, Close, Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.messages import Message
from deepgram_anyio.protocol.options import merge_options, parse_query

from . import take
from .flux_support import CONNECTED, connected, flux_server, turn

CLIENT_WIRE: list[tuple[Message, bytes]] = [
    (flux.ForceEndTurn(), b'{"type":"ForceEndTurn"}'),
    (flux.Configure(), b'{"type":"Configure"}'),
    (
        flux.Configure(
            thresholds=flux.Thresholds(eager_eot_threshold=0.4, eot_threshold=0.8, eot_timeout_ms=3000),
            keyterms=["Tromsø"],
            language_hints=["en", "es"],
            numerals=False,
        ),
        '{"type":"Configure","thresholds":{"eager_eot_threshold":0.4,"eot_threshold":0.8,"eot_timeout_ms":3000},'
        '"keyterms":["Tromsø"],"language_hints":["en","es"],"numerals":false}'.encode(),
    ),
    (flux.Configure(keyterms="one"), b'{"type":"Configure","keyterms":"one"}'),
    (flux.CloseStream(), b'{"type":"CloseStream"}'),
]

SERVER_WIRE: list[tuple[Message, bytes]] = [
    (CONNECTED, b'{"type":"Connected","request_id":"r","sequence_id":0}'),
    (
        turn("EndOfTurn", 7, until=1.5, text="Hi.", trigger="model", languages=["en"], languages_hinted=["en", "es"]),
        b'{"type":"TurnInfo","request_id":"r","sequence_id":7,"event":"EndOfTurn","turn_index":0,'
        b'"audio_window_start":0.0,"audio_window_end":1.5,"transcript":"Hi.",'
        b'"words":[{"word":"Hi.","confidence":1.0}],"end_of_turn_confidence":0.5,"trigger":"model",'
        b'"languages":["en"],"languages_hinted":["en","es"]}',
    ),
    (
        flux.ConfigureSuccess(
            request_id="r", thresholds=flux.Thresholds(eot_threshold=0.7), keyterms=[], sequence_id=2, numerals=True
        ),
        b'{"type":"ConfigureSuccess","request_id":"r","thresholds":{"eot_threshold":0.7},"keyterms":[],'
        b'"sequence_id":2,"numerals":true}',
    ),
    (
        flux.ConfigureFailure(request_id="r", sequence_id=3, code="C"),
        b'{"type":"ConfigureFailure","request_id":"r","sequence_id":3,"code":"C"}',
    ),
    (
        flux.Error(sequence_id=4, code="INTERNAL_SERVER_ERROR", description="d"),
        b'{"type":"Error","sequence_id":4,"code":"INTERNAL_SERVER_ERROR","description":"d"}',
    ),
    (
        flux.Warning(request_id="r", sequence_id=5, code="C", description="d"),
        b'{"type":"Warning","request_id":"r","sequence_id":5,"code":"C","description":"d"}',
    ),
]


@pytest.mark.parametrize(("message", "wire"), CLIENT_WIRE + SERVER_WIRE, ids=repr)
def test_messages_on_the_wire(message: Message, wire: bytes) -> None:
    assert Codec.encode(message) == wire
    codec = Codec([*FLUX.client_messages, *FLUX.server_messages])
    assert codec.decode(wire) == message


def test_every_message_is_here() -> None:
    assert {tag_of(type(message)) for message, _ in CLIENT_WIRE} == {tag_of(kind) for kind in FLUX.client_messages}
    assert {tag_of(type(message)) for message, _ in SERVER_WIRE} == {tag_of(kind) for kind in FLUX.server_messages}


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ('{"type":"TurnInfo","request_id":"r"}', "TurnInfo"),
        ('{"type":"Connected","request_id":7,"sequence_id":0}', "Connected"),
        ('{"type":"Error","sequence_id":1,"code":7,"description":"d"}', "Error"),
        ('{"type":"ConfigureSuccess","request_id":"r","sequence_id":1,"thresholds":0,"keyterms":[]}', None),
    ],
)
def test_wrong_shapes_are_unknown_events_with_a_reason(text: str, tag: str | None) -> None:
    machine = connected()
    machine.receive_text(text, 1.0)
    (event,) = machine.events
    assert isinstance(event, flux.UnknownEvent)
    assert event.type == (tag or "ConfigureSuccess")
    assert event.reason
    assert event.raw == text.encode()
    assert not machine.ended


def test_a_conversation_on_the_wire() -> None:
    machine = connected()
    machine.send_audio(b"\x01\x02", 0.0)
    machine.send_audio(b"", 0.5)
    machine.configure(1.0, thresholds=flux.Thresholds(eot_threshold=1.0))
    machine.configure(1.0, keyterms="Deepgram", language_hints=("en",))
    machine.configure(1.0, keyterms=[], numerals=True)
    machine.force_end_turn(1.5)
    machine.close_stream(2.0)
    machine.close_stream(2.0)
    assert take(machine) == [
        Binary(b"\x01\x02"),
        Text(b'{"type":"Configure","thresholds":{"eot_threshold":1.0}}'),
        Text(b'{"type":"Configure","keyterms":["Deepgram"],"language_hints":["en"]}'),
        Text(b'{"type":"Configure","keyterms":[],"numerals":true}'),
        Text(b'{"type":"ForceEndTurn"}'),
        Text(b'{"type":"CloseStream"}'),
    ]


def test_a_server_on_the_wire() -> None:
    machine = flux_server()
    machine.send(CONNECTED, 0.0)
    machine.receive_text(b'{"type":"CloseStream"}', 0.0)
    machine.give_up("C", "d", 0.0)
    assert take(machine) == [
        Text(b'{"type":"Connected","request_id":"r","sequence_id":0}'),
        Text(b'{"type":"Error","sequence_id":1,"code":"C","description":"d"}'),
        Close(1005),
    ]


QUERIES: list[tuple[dict[str, Any], dict[str, Any] | None, str]] = [
    ({}, None, "model=flux-general-en"),
    (
        {"encoding": "linear16", "sample_rate": 16000, "eager_eot_threshold": 0.4, "eot_timeout_ms": 3000},
        None,
        "model=flux-general-en&encoding=linear16&sample_rate=16000&eager_eot_threshold=0.4&eot_timeout_ms=3000",
    ),
    (
        {"model": "flux-general-multi", "language_hint": ["en", "es"], "keyterm": "customer service"},
        None,
        "model=flux-general-multi&keyterm=customer+service&language_hint=en&language_hint=es",
    ),
    ({"eot_threshold": "0.8", "numerals": "true"}, None, "model=flux-general-en&eot_threshold=0.8&numerals=true"),
    ({"eot_threshold": 1}, {"new": True}, "model=flux-general-en&eot_threshold=1.0&new=true"),
]


@pytest.mark.parametrize(("options", "extra", "query"), QUERIES, ids=[query for *_, query in QUERIES])
def test_queries_on_the_wire(options: dict[str, Any], extra: dict[str, Any] | None, query: str) -> None:
    merged = merge_options(FluxOptions, None, options)
    assert merged.to_query(extra) == query
    assert parse_query(FluxOptions, query)[0] == merged


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": ""}, "model"),
        ({"encoding": "mulaw"}, "needs sample_rate"),
        ({"sample_rate": 0}, "sample_rate"),
        ({"eot_threshold": 1.5}, "eot_threshold"),
        ({"eager_eot_threshold": -0.1}, "eager_eot_threshold"),
        ({"eot_timeout_ms": "soon"}, "eot_timeout_ms"),
        ({"language_hint": "en"}, "flux-general-multi"),
        ({"model": "flux-general-multi", "language_hint": ["en", ""]}, "must not be empty"),
        ({"model": "flux-general-multi", "language_hint": ""}, "must not be empty"),
        ({"interim_results": True}, "unknown option"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        merge_options(FluxOptions, None, options)


def test_the_audio_format_and_the_keywords() -> None:
    assert FluxOptions().audio_format == AudioFormat()
    assert FluxOptions(encoding="alaw", sample_rate=8000).audio_format == AudioFormat(
        encoding="alaw", sample_rate=8000, channels=1
    )
    assert set(get_type_hints(FluxParams)) == set(FluxOptions.__struct_fields__)
