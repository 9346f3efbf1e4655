"""Deepgram's published specification of `/v1/speak` and `/v2/speak` against what is here, and the wire byte by byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol import flux_speak, speak
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.flux_speak_machine import FLUX_SPEAK
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.messages import Message, UnknownEvent
from deepgram_anyio.protocol.options import merge_options
from deepgram_anyio.protocol.speak_machine import SPEAK
from deepgram_anyio.protocol.speak_options import FluxSpeakOptions, SpeakOptions

from .spec import KEPT, SocketSpec


class SpeakSpec(SocketSpec):
    """Its messages share the enumerations of their types; the titles tell them apart."""

    @staticmethod
    def _tag(schema: Any) -> Any:
        return [schema["title"].rpartition("SpeakV1")[2]]


UNTYPED = {"mip_opt_out": st.booleans(), "tag": st.text()}
V1 = SpeakSpec("/v1/speak", SPEAK, SpeakOptions, untyped=UNTYPED)
V2 = SocketSpec("/v2/speak", FLUX_SPEAK, FluxSpeakOptions, untyped=UNTYPED)
V1_TAGS = ["Metadata", "Flushed", "Cleared", "Warning"]
V2_TAGS = ["Connected", "SpeechStarted", "SpeechMetadata", "Flushed", "SessionMetadata", "Warning", "Error"]
TAGS = [*(pytest.param(V1, tag, id=f"v1-{tag}") for tag in V1_TAGS)]
TAGS += [pytest.param(V2, tag, id=f"v2-{tag}") for tag in V2_TAGS]
# Older servers spell what a Warning of v1 must have in another way.
STRICT_TAGS = [param for param in TAGS if param.id != "v1-Warning"]
BOTH = pytest.mark.parametrize("spec", [V1, V2], ids=["v1", "v2"])


def test_the_server_messages_are_these() -> None:
    V1.check_server_tags(V1_TAGS)
    V2.check_server_tags(V2_TAGS)


@pytest.mark.parametrize(("spec", "tag"), STRICT_TAGS)
def test_properties_are_fields(spec: SocketSpec, tag: str) -> None:
    spec.check_fields(tag)


@pytest.mark.parametrize(("spec", "tag"), TAGS)
@pytest.mark.parametrize("kept", KEPT)
def test_messages_decode(spec: SocketSpec, tag: str, kept: str) -> None:
    spec.check_decoding(tag, kept)


@pytest.mark.parametrize(("spec", "tag"), STRICT_TAGS)
def test_missing_what_is_required(spec: SocketSpec, tag: str) -> None:
    spec.check_required(tag)


@BOTH
def test_client_messages_are_as_the_schemas_ask(spec: SocketSpec) -> None:
    by_tag = {tag_of(message): message for message in spec.kind.client_messages}
    assert not spec.kind.client_audio
    assert spec.kind.server_audio
    for schema in spec.payloads("subscribe"):
        tag = schema["title"].rpartition("Speak")[2][2:].replace("Text", "Speak") or "Speak"
        assert set(schema["properties"]) == {"type", *by_tag[tag].__struct_fields__}
        fields = {name: "x" for name in schema["required"] if name != "type"}
        assert json.loads(Codec.encode(by_tag[tag](**fields))) == {"type": tag, **fields}


@BOTH
def test_audio_is_binary(spec: SocketSpec) -> None:
    binary = [schema for schema in spec.payloads("publish") if schema.get("format") == "binary"]
    assert len(binary) == 1


# The wire

METADATA: dict[str, Any] = {
    "speech_id": "s",
    "audio_duration_ms": 1,
    "input_character_count": 2,
    "billable_character_count": 2,
}
CONTROLS = flux_speak.ControlsApplied(pronunciations_applied=0, pronunciation_warnings=0)
WIRE: list[tuple[Any, Message, bytes]] = [
    (SPEAK, speak.Speak(text="Tromsø"), '{"type":"Speak","text":"Tromsø"}'.encode()),
    (SPEAK, speak.Flush(), b'{"type":"Flush"}'),
    (SPEAK, speak.Clear(), b'{"type":"Clear"}'),
    (SPEAK, speak.Close(), b'{"type":"Close"}'),
    (SPEAK, speak.Flushed(sequence_id=0), b'{"type":"Flushed","sequence_id":0}'),
    (SPEAK, speak.Cleared(sequence_id=1), b'{"type":"Cleared","sequence_id":1}'),
    (SPEAK, speak.Warning(code="c", description="d"), b'{"type":"Warning","description":"d","code":"c"}'),
    (SPEAK, speak.Warning(warn_code="c", warn_msg="d"), b'{"type":"Warning","warn_msg":"d","warn_code":"c"}'),
    (SPEAK, speak.Error(description="d"), b'{"type":"Error","description":"d"}'),
    (FLUX_SPEAK, flux_speak.Speak(text="a"), b'{"type":"Speak","text":"a"}'),
    (FLUX_SPEAK, flux_speak.Flush(), b'{"type":"Flush"}'),
    (FLUX_SPEAK, flux_speak.Interrupt(), b'{"type":"Interrupt"}'),
    (
        FLUX_SPEAK,
        flux_speak.Interrupt(playback_offset=flux_speak.PlaybackOffset(value=0)),
        b'{"type":"Interrupt","playback_offset":{"value":0,"type":"time_ms"}}',
    ),
    (FLUX_SPEAK, flux_speak.Configure(speed=1.0), b'{"type":"Configure","speed":1.0}'),
    (FLUX_SPEAK, flux_speak.Close(), b'{"type":"Close"}'),
    (
        FLUX_SPEAK,
        flux_speak.SpeechInterrupted(
            audio_played_ms=5,
            text_spoken="",
            text_remaining="a",
            metadata=flux_speak.TurnMetadata(**METADATA, controls_applied=CONTROLS),
        ),
        b'{"type":"SpeechInterrupted","audio_played_ms":5,"metadata":{"speech_id":"s","audio_duration_ms":1,'
        b'"input_character_count":2,"billable_character_count":2,"controls_applied":{"pronunciations_applied":0,'
        b'"pronunciation_warnings":0}},"text_spoken":"","text_remaining":"a"}',
    ),
    (
        FLUX_SPEAK,
        flux_speak.ConfigureSuccess(applied=flux_speak.Applied(speed=0.9)),
        b'{"type":"ConfigureSuccess","applied":{"speed":0.9}}',
    ),
    (
        FLUX_SPEAK,
        flux_speak.ConfigureFailure(code="SPEED_NOT_SUPPORTED", description="d", field="speed"),
        b'{"type":"ConfigureFailure","code":"SPEED_NOT_SUPPORTED","description":"d","field":"speed"}',
    ),
]


@pytest.mark.parametrize(("kind", "message", "wire"), WIRE, ids=[tag_of(type(message)) for _, message, _ in WIRE])
def test_messages_on_the_wire(kind: Any, message: Message, wire: bytes) -> None:
    assert Codec.encode(message) == wire
    assert Codec([*kind.client_messages, *kind.server_messages]).decode(wire) == message


def test_every_client_message_is_here() -> None:
    for kind in (SPEAK, FLUX_SPEAK):
        assert {type(message) for found, message, _ in WIRE if found is kind} >= set(kind.client_messages)


@pytest.mark.parametrize(
    ("kind", "data", "tag"),
    [
        (SPEAK, '{"type":"Brandnew"}', "Brandnew"),
        (SPEAK, '{"type":"Flushed","sequence_id":"one"}', "Flushed"),
        (SPEAK, '{"type":"Metadata"}', "Metadata"),
        (FLUX_SPEAK, '{"type":"SpeechStarted"}', "SpeechStarted"),
        (FLUX_SPEAK, '{"type":"Cleared","sequence_id":0}', "Cleared"),
        (FLUX_SPEAK, "[]", None),
    ],
)
def test_strange_messages(kind: Any, data: str, tag: str | None) -> None:
    event = Codec(kind.server_messages).decode(data)
    assert isinstance(event, UnknownEvent)
    assert event.type == tag


# Query parameters


@BOTH
def test_parameters_are_options(spec: SocketSpec) -> None:
    spec.check_parameters()


@BOTH
def test_documented_values_are_spelled_as_documented(spec: SocketSpec) -> None:
    spec.check_spelling()


def test_documented_defaults_are_not_contradicted() -> None:
    # The voice is always named, and the sample rate depends on the encoding.
    assert V1.undocumented_defaults() == ["model", "sample_rate"]
    assert V2.undocumented_defaults() == []


def test_queries() -> None:
    assert SpeakOptions().to_query() == "model=aura-2-thalia-en"
    assert FluxSpeakOptions().to_query() == "model=flux-haley-en"
    options = merge_options(FluxSpeakOptions, None, {"speed": 0.95, "expressivity": -1, "tag": ["a", "b"]})
    assert options.to_query() == "model=flux-haley-en&speed=0.95&expressivity=-1&tag=a&tag=b"


def test_formats() -> None:
    assert SpeakOptions().audio_format == AudioFormat(encoding="linear16", sample_rate=24000)
    assert SpeakOptions(encoding="mulaw").audio_format == AudioFormat(encoding="mulaw", sample_rate=8000)
    assert SpeakOptions(sample_rate=48000).audio_format.byte_rate == 96000
    assert FluxSpeakOptions().audio_format.byte_rate is None
    assert FluxSpeakOptions(encoding="alaw", sample_rate=16000).audio_format.byte_rate == 16000


@pytest.mark.parametrize("cls", [SpeakOptions, FluxSpeakOptions])
@pytest.mark.parametrize("wrong", [{"model": ""}, {"speed": 0}, {"sample_rate": 0}, {"voice": "x"}])
def test_options_that_cannot_work(cls: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        merge_options(cls, None, wrong)
