"""Deepgram's published specification of `/v2/listen` against what is here."""

from __future__ import annotations

import json

import pytest
from hypothesis import strategies as st

from deepgram_anyio.protocol import flux
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.flux_machine import FLUX
from deepgram_anyio.protocol.flux_options import FluxOptions

from .spec import KEPT, SocketSpec, resolved

CONFIDENCE = st.floats(0.0, 1.0)
SPEC = SocketSpec(
    "/v2/listen",
    FLUX,
    FluxOptions,
    untyped={
        "eager_eot_threshold": CONFIDENCE,
        "eot_threshold": CONFIDENCE,
        "eot_timeout_ms": st.integers(500, 60_000),
    },
)
SERVER_TAGS = ["Connected", "TurnInfo", "ConfigureSuccess", "ConfigureFailure", "Error"]
CLIENT_TAGS = ["CloseStream", "Configure"]
EVENTS = {
    "is_start": "StartOfTurn",
    "is_eager_end": "EagerEndOfTurn",
    "is_resumed": "TurnResumed",
    "is_end": "EndOfTurn",
}


def test_the_server_messages_are_these() -> None:
    SPEC.check_server_tags(SERVER_TAGS)


@pytest.mark.parametrize("tag", SERVER_TAGS)
def test_properties_are_fields(tag: str) -> None:
    SPEC.check_fields(tag)


@pytest.mark.parametrize("tag", SERVER_TAGS)
@pytest.mark.parametrize("kept", KEPT)
def test_messages_decode(tag: str, kept: str) -> None:
    SPEC.check_decoding(tag, kept)


@pytest.mark.parametrize("tag", SERVER_TAGS)
def test_missing_what_is_required(tag: str) -> None:
    SPEC.check_required(tag)


def test_every_event_of_a_turn_has_a_name() -> None:
    events = resolved(SPEC.schema("TurnInfo")["properties"]["event"])["enum"]
    assert sorted(events) == sorted([*EVENTS.values(), "Update"])


def test_client_messages_are_as_the_schemas_ask() -> None:
    media, *controls = SPEC.payloads("subscribe")
    assert (media["type"], media["format"]) == ("string", "binary")
    assert FLUX.client_audio
    assert not FLUX.server_audio
    by_tag = {tag_of(message): message for message in FLUX.client_messages}
    assert set(CLIENT_TAGS) < set(by_tag)
    for tag, schema in zip(CLIENT_TAGS, controls, strict=True):
        assert schema["required"] == ["type"]
        assert resolved(schema["properties"]["type"])["enum"] == [tag]
        assert set(schema["properties"]) <= {"type", *by_tag[tag].__struct_fields__}
        assert json.loads(Codec.encode(by_tag[tag]())) == {"type": tag}
    thresholds = resolved(controls[1]["properties"]["thresholds"])["properties"]
    assert set(thresholds) == set(flux.Thresholds.__struct_fields__)


# Query parameters


def test_parameters_are_options() -> None:
    SPEC.check_parameters()


def test_documented_values_are_spelled_as_documented() -> None:
    SPEC.check_spelling("&sample_rate=8000")


def test_documented_defaults_are_not_contradicted() -> None:
    assert SPEC.undocumented_defaults() == []
