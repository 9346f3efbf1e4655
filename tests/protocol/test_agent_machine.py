"""The agent's machine: its table, its greeting, its timers, and recorded conversations."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from deepgram_anyio.errors import (
    ApiError,
    BadRequestError,
    ConnectionClosed,
    LocalProtocolError,
    RemoteProtocolError,
    ServerError,
)
from deepgram_anyio.protocol import agent
from deepgram_anyio.protocol.agent_machine import AGENT, AgentMachine, State
from deepgram_anyio.protocol.codec import tag_of
from deepgram_anyio.protocol.frames import Binary, Close, Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.messages import Audio, UnknownEvent
from deepgram_anyio.protocol.timers import TimerSettings

from ..shared import shared
from . import LINEAR16, take, wire_types

BOTH = "Audio KeepAlive FunctionCallResponse UnknownEvent"
CLIENT = (
    "InjectUserMessage InjectAgentMessage UpdatePrompt UpdateListen UpdateThink UpdateThinkLive UpdateSpeak "
    "ForceEndTurn CustomToThinkProvider"
)
SERVER = (
    "FunctionCallRequest FunctionCallCancelled ConversationText UserStartedSpeaking AgentThinking EndOfThought "
    "LatencyReport AgentStartedSpeaking AgentAudioDone History ListenUpdated ThinkUpdated ThinkLiveUpdated "
    "SpeakUpdated PromptUpdated InjectionRefused FrustrationDetected CustomFromThinkProvider Warning Error"
)
# The whole table once more, in words: what each state takes, and where that leads.
TABLE = {
    "connecting": {**dict.fromkeys(["Warning", "Error", "UnknownEvent"], "connecting"), "Welcome": "welcomed"},
    "welcomed": {**dict.fromkeys(f"{BOTH} {CLIENT} Warning Error".split(), "welcomed"), "Settings": "configured"},
    "configured": {**dict.fromkeys(f"{BOTH} {CLIENT} {SERVER}".split(), "configured"), "SettingsApplied": "ready"},
    "ready": dict.fromkeys(f"{BOTH} {CLIENT} {SERVER}".split(), "ready"),
}
SETTINGS: dict[str, Any] = {"audio": {"input": {"encoding": "mulaw", "sample_rate": 8000}}, "agent": {"greeting": "Hi"}}
NO_TIMERS = TimerSettings()


def client(timers: TimerSettings = NO_TIMERS, **options: Any) -> AgentMachine:
    return AgentMachine(Role.CLIENT, timers, 0.0, **{"settings": SETTINGS, "audio": LINEAR16, **options})


def server(timers: TimerSettings = NO_TIMERS) -> AgentMachine:
    return AgentMachine(Role.SERVER, timers, 0.0)


def ready(timers: TimerSettings = NO_TIMERS) -> AgentMachine:
    machine = client(timers)
    for message in (agent.Welcome(request_id="r-1"), agent.SettingsApplied()):
        machine.receive_text(message.to_json(), 0.0)
    assert machine.state is State.READY
    machine.outgoing.clear()
    machine.events.clear()
    return machine


def served(settings: str = '{"type":"Settings","audio":{},"agent":{}}') -> AgentMachine:
    machine = server()
    machine.send(agent.Welcome(request_id="r-1"), 0.0)
    machine.outgoing.clear()
    machine.receive_text(settings, 0.0)
    return machine


def test_the_table_is_the_documented_one() -> None:
    found = {
        state.value: {kind.__name__: target.value for kind, target in row.items()}
        for state, row in AGENT.transitions.items()
    }
    assert found == TABLE
    assert {state.value for state in State} == {*TABLE, "closed", "failed"}


def test_the_kind_is_consistent() -> None:
    states = set(AGENT.transitions)
    assert states | {AGENT.closed, AGENT.failed} == set(State)
    assert set(AGENT.orderly) | AGENT.opening | AGENT.keepalive_states <= states
    for messages in (AGENT.client_messages, AGENT.server_messages):
        tags = [tag_of(kind) for kind in messages]
        assert len(tags) == len(set(tags))
    kinds = {*AGENT.client_messages, *AGENT.server_messages, Audio, UnknownEvent}
    assert {kind for row in AGENT.transitions.values() for kind in row} == kinds


# The opening


def test_a_client_sends_its_settings_when_it_is_welcomed() -> None:
    machine = client()
    assert not machine.ready
    machine.receive_text('{"type":"Welcome","request_id":"r-1"}', 1.0)
    assert take(machine) == [
        Text(b'{"type":"Settings","audio":{"input":{"encoding":"mulaw","sample_rate":8000}},"agent":{"greeting":"Hi"}}')
    ]
    assert machine.request_id == "r-1"
    assert (machine.state, machine.ready) == (State.CONFIGURED, False)
    machine.receive_text('{"type":"SettingsApplied"}', 2.0)
    assert (machine.state, machine.ready) == (State.READY, True)
    assert list(machine.events) == [agent.Welcome(request_id="r-1"), agent.SettingsApplied()]


def test_settings_go_out_as_they_were_given() -> None:
    given = {"agent": {"think": {"provider": {"type": "new", "x": [1.5, None]}, "odd": True}}, "audio": {}, "new": {}}
    machine = client(settings=given)
    machine.receive_text('{"type":"Welcome","request_id":"r-1"}', 1.0)
    (frame,) = take(machine)
    assert isinstance(frame, Text)
    assert json.loads(bytes(frame.data)) == {"type": "Settings", **given}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "error", "status"),
    [
        ("UNPARSABLE_CLIENT_MESSAGE", BadRequestError, 400),
        ("INVALID_SETTINGS", BadRequestError, 400),
        (None, BadRequestError, 400),
        ("CLIENT_MESSAGE_TIMEOUT", ApiError, 408),
        ("INTERNAL_SERVER_ERROR", ServerError, 500),
    ],
)
@pytest.mark.parametrize("welcomed", [True, False])
def test_an_error_before_the_settings_apply_is_a_refusal(
    code: str | None, error: type[ApiError], status: int, welcomed: bool
) -> None:
    machine = client()
    if welcomed:
        machine.receive_text('{"type":"Welcome","request_id":"r-1"}', 1.0)
        machine.outgoing.clear()
    machine.receive_text(agent.Error(code=code, description="no such voice").to_json(), 2.0)
    failure = machine.failure
    assert type(failure) is error
    assert isinstance(failure, ApiError)
    assert (failure.status, failure.code, failure.message) == (status, code, "no such voice")
    assert failure.request_id == ("r-1" if welcomed else None)
    assert take(machine) == [Close(1000)]
    assert isinstance(machine.events[-1], agent.Error)


def test_a_close_before_the_settings_apply_is_no_good_order() -> None:
    machine = client()
    machine.receive_text('{"type":"Welcome","request_id":"r-1"}', 1.0)
    machine.receive_close(1000, "", 2.0)
    assert isinstance(machine.failure, ConnectionClosed)


def test_only_the_welcome_opens() -> None:
    machine = client()
    machine.receive_text('{"type":"SettingsApplied"}', 1.0)
    assert isinstance(machine.failure, RemoteProtocolError)
    for message in (agent.Settings(audio={}, agent={}), agent.KeepAlive()):
        with pytest.raises(LocalProtocolError):
            client().send(message, 0.0)
    with pytest.raises(LocalProtocolError):
        client().send_settings(0.0)


def test_a_server_hears_what_comes_before_the_settings() -> None:
    machine = server()
    machine.send(agent.Welcome(request_id="r-1"), 0.0)
    machine.receive_binary(b"\0\0", 1.0)
    machine.receive_text('{"type":"KeepAlive"}', 1.0)
    assert list(machine.events) == [Audio(b"\0\0"), agent.KeepAlive()]
    assert machine.state is State.WELCOMED


def test_settings_come_once() -> None:
    machine = served()
    assert machine.state is State.CONFIGURED
    machine.receive_text('{"type":"Settings","audio":{},"agent":{}}', 1.0)
    assert isinstance(machine.failure, RemoteProtocolError)


def test_settings_that_are_not_documented_are_told_from_unknown_messages() -> None:
    for text, reason in [
        ('"audio":{},"agent":{"tags":[]}', "Object contains unknown field `tags` - at `$.agent`"),
        ('"audio":{},"agent":{},"x":1', "Object contains unknown field `x`"),
        ('"agent":{}', "Object missing required field `audio`"),
        (
            '"audio":{},"agent":{"think":{"provider":{},"functions":[{"client_side":true}]}}',
            "Object contains unknown field `client_side` - at `$.agent.think.functions[0]`",
        ),
    ]:
        machine = served(f'{{"type":"Settings",{text}}}')
        (event,) = machine.events
        assert isinstance(event, UnknownEvent)
        assert (event.type, event.reason) == ("Settings", reason)
        assert machine.state is State.WELCOMED


# The conversation


def test_the_whole_life_of_a_conversation() -> None:
    machine = ready()
    machine.send_audio(bytes(32000), 1.0)
    machine.receive_text(agent.ConversationText(role="user", content="hello").to_json(), 2.0)
    machine.receive_binary(b"\1\0", 3.0)
    assert list(machine.events) == [agent.ConversationText(role="user", content="hello"), Audio(b"\1\0")]
    assert (machine.ledger.sent_bytes, machine.ledger.sent_s) == (32000, 1.0)
    assert machine.unacknowledged_s is None
    machine.close()
    assert take(machine) == [Binary(bytes(32000)), Close(1000)]
    assert machine.state is State.CLOSED
    assert client(audio=None).audio == AudioFormat()


@pytest.mark.parametrize(("code", "closed"), [(1000, True), (1001, False), (1005, False), (1006, False), (1011, False)])
def test_closes(code: int, closed: bool) -> None:
    machine = ready()
    machine.receive_close(code, "", 2.0)
    assert machine.state is (State.CLOSED if closed else State.FAILED)


@pytest.mark.parametrize("code", ["FAILED_TO_THINK", None])
def test_an_error_is_handed_on_and_becomes_the_reason_of_the_close(code: str | None) -> None:
    machine = ready()
    machine.receive_text(agent.Error(code=code, description="the model is down").to_json(), 1.0)
    assert isinstance(machine.events[-1], agent.Error)
    assert machine.state is State.READY
    machine.receive_close(1000, "", 2.0)
    assert isinstance(machine.failure, ConnectionClosed)
    assert machine.failure.reason == (f"{code}: the model is down" if code else "the model is down")


def test_calls_are_kept_for_the_owner() -> None:
    machine = ready()
    call = agent.FunctionCall(id="1", name="f", arguments="{}", client_side=True)
    said = [
        agent.FunctionCallRequest(functions=[call]),
        agent.FunctionCallCancelled(functions=[agent.CancelledFunction(id="1", name="f")]),
    ]
    for message in said:
        machine.receive_text(message.to_json(), 1.0)
    assert list(machine.calls) == list(machine.events) == said


def test_function_results_go_both_ways() -> None:
    response = agent.FunctionCallResponse(id="1", name="f", content="{}")
    machine, peer = ready(), served()
    machine.send(response, 1.0)
    peer.send(response, 1.0)
    for sender, receiver in ((machine, peer), (peer, machine)):
        (frame,) = take(sender)
        assert isinstance(frame, Text)
        receiver.receive_text(frame.data, 2.0)
        assert receiver.events[-1] == response


# Timers


def test_a_keepalive_is_sent_every_eight_seconds_without_audio() -> None:
    machine = ready(TimerSettings(keepalive_s=8.0))
    assert machine.next_deadline() == 8.0
    machine.send_audio(b"\0\0", 5.0)
    assert machine.next_deadline() == 13.0
    machine.send(agent.UpdatePrompt(prompt="p"), 12.0)
    assert machine.next_deadline() == 13.0
    machine.on_deadline(13.0)
    assert machine.next_deadline() == 21.0
    machine.keep_alive(20.0)
    assert machine.next_deadline() == 28.0
    assert wire_types(take(machine)) == ["Binary", "UpdatePrompt", "KeepAlive", "KeepAlive"]


def test_no_keepalive_before_the_settings_apply() -> None:
    assert client(TimerSettings(keepalive_s=8.0)).next_deadline() is None


def test_a_silent_client_is_told_before_it_is_closed() -> None:
    machine = server(TimerSettings(idle_s=10.0))
    machine.send(agent.Welcome(request_id="r-1"), 0.0)
    machine.outgoing.clear()
    machine.on_deadline(10.0)
    text, close = take(machine)
    assert isinstance(text, Text)
    assert msgspec.json.decode(text.data)["code"] == "CLIENT_MESSAGE_TIMEOUT"
    assert close == Close(1011)
    machine.say_error(agent.Error(description="too late"), 11.0)
    assert not machine.outgoing


# Recorded conversations


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("agent_tags", True),
        ("basic_conversation", False),
        ("function_call_conversation", False),
        ("inject_agent_message", False),
    ],
)
def test_recorded_conversations_are_understood(name: str, failed: bool) -> None:
    recorded = json.loads(shared(f"fixtures/agent_websocket/{name}.events.json").read_text("utf-8"))
    machine = client()
    for entry in recorded:
        data = entry["data"]
        raw = data["raw"] if entry["type"] == "Unhandled" else json.dumps({"type": entry["type"], **data})
        machine.receive_text(raw, entry["timestamp"])
    unknown = [event.type for event in machine.events if isinstance(event, UnknownEvent)]
    assert unknown == ["Open"]  # not from the wire: the recorder's own
    assert len(machine.events) == len(recorded)
    assert (machine.failure is not None) == failed


@pytest.mark.parametrize(
    "name", ["agent_tags", "basic_conversation", "function_call_conversation", "inject_agent_message"]
)
def test_recorded_settings_go_out_unchanged(name: str) -> None:
    config = json.loads(shared(f"fixtures/agent_websocket/{name}.config.json").read_text("utf-8"))["agent_config"]
    machine = client(settings={"audio": {}, "agent": config})
    machine.receive_text('{"type":"Welcome","request_id":"r-1"}', 1.0)
    (frame,) = take(machine)
    assert isinstance(frame, Text)
    assert json.loads(bytes(frame.data)) == {"type": "Settings", "audio": {}, "agent": config}  # type: ignore[arg-type]
    config.pop("tags", None)  # which the API refuses there
    typed = msgspec.convert(config, agent.Agent)
    assert typed.to_dict() == config


def test_empty_audio_does_not_put_off_the_keepalive() -> None:
    machine = ready(TimerSettings(keepalive_s=8.0))
    due = machine.next_deadline()
    machine.send_audio(b"", 5.0)
    assert machine.next_deadline() == due
    machine.send_audio(bytes(320), 5.0)
    assert machine.next_deadline() == 13.0
