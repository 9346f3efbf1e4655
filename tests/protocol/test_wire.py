"""The wire, byte by byte: what a client writes, and what a request for a stream looks like."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.frames import Binary, Close, Ping, Text
from deepgram_anyio.protocol.listen_machine import LISTEN
from deepgram_anyio.protocol.listen_options import LiveOptions
from deepgram_anyio.protocol.messages import Message
from deepgram_anyio.protocol.options import merge_options

from . import CLIENT_TIMERS, client, results, server, take

CLIENT_WIRE: list[tuple[Message, bytes]] = [
    (listen.KeepAlive(), b'{"type":"KeepAlive"}'),
    (listen.Finalize(), b'{"type":"Finalize"}'),
    (listen.Finalize(channel=0), b'{"type":"Finalize","channel":0}'),
    (listen.Configure(), b'{"type":"Configure"}'),
    (listen.Configure(keyterms=[]), b'{"type":"Configure","keyterms":[]}'),
    (
        listen.Configure(keyterms=["Tromsø", 'a "b"'], features={"numerals": True, "punctuate": False}),
        '{"type":"Configure","keyterms":["Tromsø","a \\"b\\""],'.encode()
        + b'"features":{"numerals":true,"punctuate":false}}',
    ),
    (listen.CloseStream(), b'{"type":"CloseStream"}'),
]

SERVER_WIRE: list[tuple[Message, bytes]] = [
    (
        results(0.5, 1.25, is_final=True),
        b'{"type":"Results","channel_index":[0,2],"duration":1.25,"start":0.5,'
        b'"channel":{"alternatives":[{"transcript":"","confidence":0.0,"words":[]}]},'
        b'"metadata":{"request_id":"r","model_info":{"name":"n","version":"v","arch":"a"},"model_uuid":"u"},'
        b'"is_final":true,"speech_final":false,"from_finalize":false}',
    ),
    (
        listen.Error(variant="SchemaError", description="d"),
        b'{"type":"Error","description":"d","variant":"SchemaError"}',
    ),
    (
        listen.UtteranceEnd(channel=[0, 1], last_word_end=-1.0),
        b'{"type":"UtteranceEnd","channel":[0,1],"last_word_end":-1.0}',
    ),
    (listen.Warning(), b'{"type":"Warning"}'),
]


@pytest.mark.parametrize(("message", "wire"), CLIENT_WIRE + SERVER_WIRE, ids=repr)
def test_messages_on_the_wire(message: Message, wire: bytes) -> None:
    assert Codec.encode(message) == wire
    codec = Codec([*LISTEN.client_messages, *LISTEN.server_messages])
    assert codec.decode(wire) == message


def test_every_client_message_is_here() -> None:
    assert {tag_of(type(message)) for message, _ in CLIENT_WIRE} == {tag_of(kind) for kind in LISTEN.client_messages}


def test_a_conversation_on_the_wire() -> None:
    machine = client(CLIENT_TIMERS)
    machine.send_audio(b"\x01\x02", 0.0)
    machine.send_audio(memoryview(b"\x03\x04"), 0.5)
    machine.send_audio(b"", 1.0)
    machine.send_audio(memoryview(b""), 1.0)
    machine.finalize(1.0)
    machine.finalize(1.0, channel=1)
    machine.configure(1.0, keyterms=["a"])
    machine.configure(1.0, keyterms="Deepgram")
    machine.configure(1.0, features={"numerals": True})
    machine.keep_alive(2.0)
    machine.on_deadline(6.0)
    machine.on_deadline(20.0)
    machine.close_stream(21.0)
    machine.close_stream(22.0)
    machine.close(1000, "done")
    machine.close(1001)
    assert take(machine) == [
        Binary(b"\x01\x02"),
        Binary(memoryview(b"\x03\x04")),
        Text(b'{"type":"Finalize"}'),
        Text(b'{"type":"Finalize","channel":1}'),
        Text(b'{"type":"Configure","keyterms":["a"]}'),
        Text(b'{"type":"Configure","keyterms":["Deepgram"]}'),
        Text(b'{"type":"Configure","features":{"numerals":true}}'),
        Text(b'{"type":"KeepAlive"}'),
        Text(b'{"type":"KeepAlive"}'),
        Text(b'{"type":"KeepAlive"}'),
        Ping(),
        Text(b'{"type":"CloseStream"}'),
        Close(1000, "done"),
    ]


def test_a_server_on_the_wire() -> None:
    machine = server()
    machine.receive_text(b'{"type":"CloseStream"}', 0.0)
    machine.send(listen.Warning(warn_code="w"), 0.0)
    machine.close()
    assert take(machine) == [Text(b'{"type":"Warning","warn_code":"w"}'), Close(1000)]


QUERIES: list[tuple[dict[str, Any], dict[str, Any] | None, str]] = [
    ({}, None, "model=nova-3"),
    ({"model": "nova-2-medical", "language": None}, {}, "model=nova-2-medical"),
    (
        {"interim_results": True, "punctuate": False, "endpointing": False, "utterance_end_ms": 1000},
        None,
        "model=nova-3&interim_results=true&endpointing=false&utterance_end_ms=1000&punctuate=false",
    ),
    ({"endpointing": 0}, None, "model=nova-3&endpointing=0"),
    (
        {"encoding": "linear16", "sample_rate": 16000, "channels": 2, "multichannel": True},
        None,
        "model=nova-3&encoding=linear16&sample_rate=16000&channels=2&multichannel=true",
    ),
    ({"keyterm": ["a", "b"]}, None, "model=nova-3&keyterm=a&keyterm=b"),
    ({"keyterm": "a,b", "search": []}, None, "model=nova-3&keyterm=a%2Cb"),
    ({"redact": True}, None, "model=nova-3&redact=true"),
    ({"redact": ["pci", "ssn"]}, None, "model=nova-3&redact=pci&redact=ssn"),
    ({"extra": {"team": "red", "id": "7"}}, None, "model=nova-3&extra=team%3Ared&extra=id%3A7"),
    ({"extra": ["team:red", "id:7"]}, None, "model=nova-3&extra=team%3Ared&extra=id%3A7"),
    ({"extra": "team:red"}, None, "model=nova-3&extra=team%3Ared"),
    ({"tag": "a b&c=d/ø?#+%"}, None, "model=nova-3&tag=a+b%26c%3Dd%2F%C3%B8%3F%23%2B%25"),
    ({"callback": "https://example.com/?a=1"}, None, "model=nova-3&callback=https%3A%2F%2Fexample.com%2F%3Fa%3D1"),
    ({"tag": "mine"}, {"tag": ["x", "y"], "new": True}, "model=nova-3&tag=x&tag=y&new=true"),
    ({"language": "fr"}, {"model": "nova-9", "language": None}, "model=nova-9"),
    ({}, {"ünï": "ø"}, "model=nova-3&%C3%BCn%C3%AF=%C3%B8"),
]


@pytest.mark.parametrize(("options", "extra", "query"), QUERIES, ids=[query for *_, query in QUERIES])
def test_queries_on_the_wire(options: dict[str, Any], extra: dict[str, Any] | None, query: str) -> None:
    assert merge_options(LiveOptions, None, options).to_query(extra) == query
    assert LiveOptions(**options).to_query(extra) == query
