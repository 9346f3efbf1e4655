"""Deepgram's published specification of `/v1/listen` against what is here."""

from __future__ import annotations

import json

import pytest

from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.listen_machine import LISTEN
from deepgram_anyio.protocol.listen_options import LiveOptions

from .spec import KEPT, SocketSpec, resolved

SPEC = SocketSpec("/v1/listen", LISTEN, LiveOptions)
SERVER_TAGS = ["Results", "Metadata", "UtteranceEnd", "SpeechStarted"]
CLIENT_TAGS = ["Finalize", "CloseStream", "KeepAlive"]


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


def test_client_messages_are_as_the_schemas_ask() -> None:
    media, *controls = SPEC.payloads("subscribe")
    assert (media["type"], media["format"]) == ("string", "binary")
    assert LISTEN.client_audio
    assert not LISTEN.server_audio
    assert len(controls) == len(CLIENT_TAGS)
    for schema in controls:
        assert schema["required"] == ["type"]
        assert sorted(resolved(schema["properties"]["type"])["enum"]) == sorted(CLIENT_TAGS)
    by_tag = {tag_of(message): message for message in LISTEN.client_messages}
    for tag in CLIENT_TAGS:
        assert json.loads(Codec.encode(by_tag[tag]())) == {"type": tag}


# Query parameters


def test_parameters_are_options() -> None:
    SPEC.check_parameters()


def test_documented_values_are_spelled_as_documented() -> None:
    SPEC.check_spelling("&sample_rate=8000")


def test_documented_defaults_are_not_contradicted() -> None:
    assert SPEC.undocumented_defaults() == ["redact"]
