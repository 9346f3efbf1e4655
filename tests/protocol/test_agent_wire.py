"""The agent's messages, byte by byte."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from deepgram_anyio.errors import LocalProtocolError
from deepgram_anyio.protocol import agent
from deepgram_anyio.protocol.agent_machine import AGENT
from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.messages import Message, UnknownEvent

THINK = agent.Think(
    provider={"type": "open_ai", "model": "gpt-4o-mini", "temperature": 0.7},
    endpoint=agent.Endpoint(url="https://llm.example", headers={"a": "b"}),
    functions=[
        agent.Function(
            name="f",
            description="d",
            parameters={"type": "object"},
            endpoint=agent.FunctionEndpoint(url="https://f.example"),
            defer_until_eot=True,
            initial_agent_filler=False,
            agent_filler_max_count=0,
            agent_filler_interval_ms=1000,
        ),
        {"name": "g"},
    ],
    prompt="p",
    context_length="max",
)
CALLED = agent.CalledFunction(id="1", name="f", client_side=True, arguments="{}", response="1")
SETTINGS = agent.Settings(
    tags=["t"],
    experimental=False,
    flags=agent.Flags(history=False),
    mip_opt_out=True,
    audio=agent.AudioSettings(
        input=agent.InputAudio(encoding="linear16", sample_rate=16000),
        output=agent.OutputAudio(encoding="mp3", sample_rate=24000, bitrate=48000, container="none"),
    ),
    agent=agent.Agent(
        language="en",
        context=agent.Context(
            messages=[agent.History(role="user", content="hi"), agent.History(function_calls=[CALLED])]
        ),
        listen=agent.Listen(provider={"type": "deepgram", "model": "flux-general-en", "version": "v2"}),
        think=[THINK, {"provider": {"type": "google"}}],
        think_live=agent.ThinkLive(provider={"type": "deepgram", "version": "v1"}),
        speak=agent.Speak(provider={"type": "eleven_labs"}, endpoint={"url": "wss://tts.example"}),
        greeting="Hello",
    ),
)
SETTINGS_WIRE = (
    b'{"type":"Settings","audio":{"input":{"encoding":"linear16","sample_rate":16000},'
    b'"output":{"encoding":"mp3","sample_rate":24000,"bitrate":48000,"container":"none"}},'
    b'"agent":{"language":"en","context":{"messages":[{"type":"History","role":"user","content":"hi"},'
    b'{"type":"History","function_calls":[{"id":"1","name":"f","client_side":true,"arguments":"{}","response":"1"}]}]},'
    b'"listen":{"provider":{"type":"deepgram","model":"flux-general-en","version":"v2"}},'
    b'"think":[{"provider":{"type":"open_ai","model":"gpt-4o-mini","temperature":0.7},'
    b'"endpoint":{"url":"https://llm.example","headers":{"a":"b"}},'
    b'"functions":[{"name":"f","description":"d","parameters":{"type":"object"},"endpoint":{"url":"https://f.example"},'
    b'"defer_until_eot":true,"initial_agent_filler":false,"agent_filler_max_count":0,"agent_filler_interval_ms":1000},'
    b'{"name":"g"}],"prompt":"p","context_length":"max"},{"provider":{"type":"google"}}],'
    b'"think_live":{"provider":{"type":"deepgram","version":"v1"}},'
    b'"speak":{"provider":{"type":"eleven_labs"},"endpoint":{"url":"wss://tts.example"}},"greeting":"Hello"},'
    b'"tags":["t"],"experimental":false,"flags":{"history":false},"mip_opt_out":true}'
)
CLIENT_WIRE: list[tuple[Message, bytes]] = [
    (SETTINGS, SETTINGS_WIRE),
    (agent.KeepAlive(), b'{"type":"KeepAlive"}'),
    (agent.InjectUserMessage(content="hi"), b'{"type":"InjectUserMessage","content":"hi"}'),
    (agent.InjectAgentMessage(message="hi"), b'{"type":"InjectAgentMessage","message":"hi"}'),
    (
        agent.InjectAgentMessage(is_dynamic=True, behavior="queue"),
        b'{"type":"InjectAgentMessage","behavior":"queue","is_dynamic":true}',
    ),
    (agent.UpdatePrompt(prompt="p"), b'{"type":"UpdatePrompt","prompt":"p"}'),
    (
        agent.UpdateListen(listen=agent.Listen(provider={"type": "deepgram"})),
        b'{"type":"UpdateListen","listen":{"provider":{"type":"deepgram"}}}',
    ),
    (
        agent.UpdateThink(think=agent.Think(provider={"type": "groq"}, prompt="p")),
        b'{"type":"UpdateThink","think":{"provider":{"type":"groq"},"prompt":"p"}}',
    ),
    (
        agent.UpdateThinkLive(think_live=agent.ThinkLive(provider={"type": "deepgram"})),
        b'{"type":"UpdateThink_Live","think_live":{"provider":{"type":"deepgram"}}}',
    ),
    (
        agent.UpdateSpeak(speak=[agent.Speak(provider={"type": "deepgram"})]),
        b'{"type":"UpdateSpeak","speak":[{"provider":{"type":"deepgram"}}]}',
    ),
    (
        agent.FunctionCallResponse(id="1", name="f", content="{}"),
        b'{"type":"FunctionCallResponse","name":"f","content":"{}","id":"1"}',
    ),
    (agent.ForceEndTurn(), b'{"type":"ForceEndTurn"}'),
    (agent.CustomToThinkProvider(content=[1]), b'{"type":"__customToThinkProvider","content":[1]}'),
]
SERVER_WIRE: list[tuple[bytes, Message]] = [
    (b'{"type":"Welcome","request_id":"r"}', agent.Welcome(request_id="r")),
    (b'{"type":"SettingsApplied"}', agent.SettingsApplied()),
    (
        b'{"type":"ConversationText","role":"user","content":"hi","languages":["en"],"languages_hinted":["en","es"],'
        b'"conversational_behavior":"backchannel","new":1}',
        agent.ConversationText(
            role="user",
            content="hi",
            languages=["en"],
            languages_hinted=["en", "es"],
            conversational_behavior="backchannel",
        ),
    ),
    (b'{"type":"UserStartedSpeaking"}', agent.UserStartedSpeaking()),
    (b'{"type":"AgentThinking","content":"hm"}', agent.AgentThinking(content="hm")),
    (b'{"type":"EndOfThought"}', agent.EndOfThought()),
    (b'{"type":"LatencyReport","stt_latency":1}', agent.LatencyReport(stt_latency=1.0)),
    (
        b'{"type":"FunctionCallRequest","functions":'
        b'[{"id":"1","name":"f","arguments":"{}","client_side":true,"thought_signature":"s"}]}',
        agent.FunctionCallRequest(
            functions=[
                agent.FunctionCall(id="1", name="f", arguments="{}", client_side=True, thought_signature="s"),
            ]
        ),
    ),
    (
        b'{"type":"FunctionCallCancelled","functions":[{"id":"1","name":"f"}]}',
        agent.FunctionCallCancelled(functions=[agent.CancelledFunction(id="1", name="f")]),
    ),
    (b'{"type":"FunctionCallResponse","name":"f","content":"1"}', agent.FunctionCallResponse(name="f", content="1")),
    (
        b'{"type":"AgentStartedSpeaking","total_latency":1.5,"tts_latency":1,"ttt_latency":0.5}',
        agent.AgentStartedSpeaking(total_latency=1.5, tts_latency=1.0, ttt_latency=0.5),
    ),
    (b'{"type":"AgentAudioDone"}', agent.AgentAudioDone()),
    (b'{"type":"History","role":"assistant","content":"hi"}', agent.History(role="assistant", content="hi")),
    (
        b'{"type":"History","function_calls":'
        b'[{"id":"1","name":"f","client_side":true,"arguments":"{}","response":"1"}]}',
        agent.History(function_calls=[CALLED]),
    ),
    (b'{"type":"ListenUpdated"}', agent.ListenUpdated()),
    (b'{"type":"ThinkUpdated"}', agent.ThinkUpdated()),
    (b'{"type":"ThinkLiveUpdated"}', agent.ThinkLiveUpdated()),
    (b'{"type":"SpeakUpdated"}', agent.SpeakUpdated()),
    (b'{"type":"PromptUpdated"}', agent.PromptUpdated()),
    (b'{"type":"InjectionRefused","message":"no"}', agent.InjectionRefused(message="no")),
    (b'{"type":"FrustrationDetected","count":2,"escalated":true}', agent.FrustrationDetected(count=2, escalated=True)),
    (b'{"type":"__customFromThinkProvider","content":{"a":1}}', agent.CustomFromThinkProvider(content={"a": 1})),
    (b'{"type":"Warning","code":"c","description":"d"}', agent.Warning(code="c", description="d")),
    (b'{"type":"Error","description":"d","message":""}', agent.Error(description="d", message="")),
]


@pytest.mark.parametrize(("message", "wire"), CLIENT_WIRE, ids=lambda value: type(value).__name__)
def test_what_a_client_writes(message: Message, wire: bytes) -> None:
    assert Codec.encode(message) == wire


@pytest.mark.parametrize(("message", "wire"), CLIENT_WIRE, ids=lambda value: type(value).__name__)
def test_a_server_reads_it(message: Message, wire: bytes) -> None:
    decoded = Codec(AGENT.client_messages).decode(wire)
    assert type(decoded) is type(message)
    assert msgspec.json.encode(decoded) == wire


@pytest.mark.parametrize(("wire", "message"), SERVER_WIRE, ids=lambda value: type(value).__name__)
def test_what_a_server_writes_is_read(wire: bytes, message: Message) -> None:
    assert Codec(AGENT.server_messages).decode(wire) == message


def test_every_message_is_here() -> None:
    assert {type(message) for message, _ in CLIENT_WIRE} == set(AGENT.client_messages)
    assert {type(message) for _, message in SERVER_WIRE} == set(AGENT.server_messages)


@pytest.mark.parametrize("kind", AGENT.server_messages, ids=tag_of)
def test_a_message_of_the_wrong_shape_is_unknown_with_a_reason(kind: type[Message]) -> None:
    fields = [field for field in msgspec.structs.fields(kind) if field.type is not Any]
    broken = msgspec.json.encode({"type": tag_of(kind), **{field.encode_name: [[]] for field in fields}})
    event = Codec(AGENT.server_messages).decode(broken)
    if fields:
        assert isinstance(event, UnknownEvent)
        assert event.type == tag_of(kind)
        assert event.reason is not None
    else:
        assert isinstance(event, kind)


def test_parts_may_be_mappings_and_nothing_is_added() -> None:
    think = {"provider": {"type": "x", "any": {"thing": 1}}, "unknown": True, "endpoint": {"url": "u"}}
    settings = agent.Settings(audio={}, agent=agent.Agent(think=think, speak=[{"provider": {}}]))
    assert settings.to_dict() == {
        "type": "Settings",
        "audio": {},
        "agent": {"think": think, "speak": [{"provider": {}}]},
    }


def test_a_stored_configuration_is_named_by_its_uuid() -> None:
    uuid = "4a1d3c2e-0000-4000-8000-000000000001"
    wire = Codec.encode(agent.Settings(audio={}, agent=uuid))
    assert wire == f'{{"type":"Settings","audio":{{}},"agent":"{uuid}"}}'.encode()
    settings = Codec(AGENT.client_messages).decode(wire)
    assert isinstance(settings, agent.Settings)
    assert settings.agent == uuid


def test_what_json_cannot_hold_is_refused() -> None:
    contents: list[Any] = [agent.UpdatePrompt(prompt=object()), {"type": "T", "x": object()}]  # type: ignore[arg-type]
    for content, name in zip(contents, ["UpdatePrompt", "T"], strict=True):
        with pytest.raises(LocalProtocolError, match=f"{name} cannot be encoded"):
            Codec.encode(content)
