"""Deepgram's published specification of `/v1/agent/converse` against what is here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.protocol import agent
from deepgram_anyio.protocol.agent_machine import AGENT
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.options import Options

from . import steady
from .spec import KEPT, SocketSpec, resolved

SPEC = SocketSpec("/v1/agent/converse", AGENT, Options)
TAGS = [
    *("Welcome", "SettingsApplied", "ConversationText", "UserStartedSpeaking", "AgentThinking", "LatencyReport"),
    *("FunctionCallRequest", "FunctionCallResponse", "AgentStartedSpeaking", "AgentAudioDone", "InjectionRefused"),
    *("ListenUpdated", "ThinkUpdated", "SpeakUpdated", "PromptUpdated", "Warning"),
]
# A recorded Error has no code, and a History is one of two things.
SPECIAL = ["Error", "History"]
CLIENT_TAGS = [
    *("Settings", "UpdateListen", "UpdateThink", "UpdateSpeak", "InjectUserMessage", "InjectAgentMessage"),
    *("FunctionCallResponse", "KeepAlive", "UpdatePrompt"),
]
CLIENT_CODEC = Codec(AGENT.client_messages)


def test_the_server_messages_are_these() -> None:
    SPEC.check_server_tags([*TAGS, *SPECIAL])


@pytest.mark.parametrize("tag", TAGS)
def test_properties_are_fields(tag: str) -> None:
    SPEC.check_fields(tag)


@pytest.mark.parametrize("tag", [*TAGS, "Error"])
@pytest.mark.parametrize("kept", KEPT)
def test_messages_decode(tag: str, kept: str) -> None:
    SPEC.check_decoding(tag, kept)


@pytest.mark.parametrize("tag", TAGS)
def test_missing_what_is_required(tag: str) -> None:
    SPEC.check_required(tag)


@pytest.mark.parametrize("shape", [0, 1])
def test_both_shapes_of_history_decode(shape: int) -> None:
    schema = resolved(SPEC.schema("History")["oneOf"][shape])

    @steady(12)
    @given(SPEC.instances(schema, KEPT["some"], st.just({})))
    def check(sent: Any) -> None:
        event = SPEC.codec.decode(json.dumps(sent))
        assert isinstance(event, agent.History)
        assert event.to_dict() == sent

    check()


def test_the_client_messages_are_these() -> None:
    schemas = [schema for schema in SPEC.payloads("subscribe") if schema.get("format") != "binary"]
    assert [resolved(schema["properties"]["type"])["enum"] for schema in schemas] == [[tag] for tag in CLIENT_TAGS]
    assert set(CLIENT_TAGS) <= {tag_of(message) for message in AGENT.client_messages}
    assert AGENT.client_audio
    assert AGENT.server_audio


@pytest.mark.parametrize("tag", CLIENT_TAGS)
@pytest.mark.parametrize("kept", KEPT)
def test_client_messages_survive_the_way_to_a_server_unchanged(tag: str, kept: str) -> None:
    (schema,) = (
        schema
        for schema in SPEC.payloads("subscribe")
        if schema.get("format") != "binary" and resolved(schema["properties"]["type"])["enum"] == [tag]
    )

    @steady(12)
    @given(SPEC.instances(schema, KEPT[kept], st.just({})))
    def check(sent: Any) -> None:
        message = CLIENT_CODEC.decode(json.dumps(sent))
        assert tag_of(type(message)) == tag, message  # type: ignore[arg-type]
        assert message.to_dict() == sent

    check()
