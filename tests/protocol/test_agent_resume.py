"""An agent's machine takes over from one whose connection broke: what it says again, and what it does not."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import BadRequestError, ConnectionClosed, LocalProtocolError
from deepgram_anyio.protocol import agent
from deepgram_anyio.protocol.agent_machine import AgentMachine, State
from deepgram_anyio.protocol.frames import Binary, Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.machine import Machine, Resumption, Role
from deepgram_anyio.protocol.messages import Message
from deepgram_anyio.protocol.policy import ReconnectPolicy
from deepgram_anyio.protocol.timers import TimerSettings

from . import LINEAR16, steady, take, wire_types

POLICY = ReconnectPolicy(replay_pace=None)
TIMERS = TimerSettings(keepalive_s=8.0)
SETTINGS: dict[str, Any] = {"audio": {}, "agent": {"greeting": "Hi.", "think": {"prompt": "p"}}}
SECOND = b"\1\2" * 16000
DEEPGRAM = {"provider": {"type": "deepgram"}}
CALL = agent.FunctionCall(id="1", name="weather", arguments="{}", client_side=True)
CALLING = agent.FunctionCallRequest(functions=[CALL])
CANCELLED = agent.FunctionCallCancelled(functions=[agent.CancelledFunction(id="1", name="weather")])
ANSWER = agent.FunctionCallResponse(id="1", name="weather", content="rain")
STARTED = agent.UserStartedSpeaking()


def client(**options: Any) -> AgentMachine:
    given_options = {"settings": SETTINGS, "audio": LINEAR16, "reconnect": POLICY, **options}
    return AgentMachine(Role.CLIENT, TIMERS, 0.0, **given_options)


def text(role: str, content: str) -> agent.ConversationText:
    return agent.ConversationText(role=role, content=content)


def hear(machine: Machine[Any], *said: Message, now: float = 1.0) -> None:
    for message in said:
        machine.receive_text(message.to_json(), now)


def talked(*said: Message, machine: AgentMachine | None = None) -> AgentMachine:
    """A client whose agent is ready, and has said all this."""
    talking = machine or client()
    hear(talking, agent.Welcome(request_id="r-1"), agent.SettingsApplied(), *said)
    take(talking)
    return talking


def resumed(broken: AgentMachine, now: float = 10.0, **options: Any) -> AgentMachine:
    """The machine that takes over, without a connection yet."""
    broken.receive_close(1006, "", now)
    machine = client(**options)
    machine.take_over(broken, now)
    return machine


def greet(machine: AgentMachine, now: float = 11.0) -> list[dict[str, Any]]:
    """There is a connection, and its agent is ready; returns the messages that it got."""
    machine.opened(now)
    hear(machine, agent.Welcome(request_id="r-2"), agent.SettingsApplied(), now=now)
    return messages(machine)


def messages(machine: AgentMachine) -> list[dict[str, Any]]:
    return [msgspec.json.decode(frame.data) for frame in take(machine) if isinstance(frame, Text)]


def heard_again(machine: AgentMachine, now: float = 12.0) -> bytes:
    """Run the replay to its end; returns the audio."""
    machine.on_deadline(now)
    assert not machine.replaying
    return b"".join(bytes(frame.data) for frame in take(machine) if isinstance(frame, Binary))


def names(events: Any) -> list[str]:
    return [type(event).__name__ for event in events]


# What is said


def test_the_settings_carry_the_conversation_and_no_greeting() -> None:
    machine = resumed(talked(text("assistant", "Hi."), text("user", "I am Ann."), text("assistant", "Hello Ann.")))
    (settings,) = greet(machine)
    assert settings["type"] == "Settings"
    assert settings["audio"] == {}
    assert settings["agent"]["think"] == {"prompt": "p"}
    assert "greeting" not in settings["agent"]
    said = [(item["role"], item["content"]) for item in settings["agent"]["context"]["messages"]]
    assert said == [("assistant", "Hi."), ("user", "I am Ann."), ("assistant", "Hello Ann.")]
    assert (machine.state, machine.request_id) == (State.READY, "r-2")


def test_a_conversation_that_had_not_begun_begins_with_the_greeting() -> None:
    (settings,) = greet(resumed(talked()))
    assert settings["agent"] == SETTINGS["agent"]


def test_unanswered_words_are_put_again_and_their_echo_reaches_nobody() -> None:
    machine = resumed(talked(text("assistant", "Hi."), text("user", "Weather?")))
    settings, asked = greet(machine)
    assert [item["content"] for item in settings["agent"]["context"]["messages"]] == ["Hi."]
    assert asked == {"type": "InjectUserMessage", "content": "Weather?"}
    machine.events.clear()
    hear(machine, text("user", "Weather?"))
    assert (names(machine.events), machine.progressed) == ([], False)
    hear(machine, text("assistant", "Rain."))
    assert (names(machine.events), machine.progressed) == (["ConversationText"], True)


def test_updates_and_what_was_injected_are_said_again_before_what_waited() -> None:
    broken = talked()
    broken.send(agent.UpdatePrompt(prompt="q"), 1.0)
    broken.send(agent.UpdateSpeak(speak=DEEPGRAM), 1.0)
    broken.send(agent.InjectUserMessage(content="One."), 1.0)
    machine = resumed(broken)
    machine.send(agent.InjectUserMessage(content="Two."), 10.0)
    machine.send(agent.UpdateListen(listen=DEEPGRAM), 10.0)
    machine.opened(11.0)
    hear(machine, agent.Welcome(request_id="r-2"), now=11.0)
    machine.send(agent.UpdateThink(think=DEEPGRAM), 11.0)
    assert [message["type"] for message in messages(machine)] == ["Settings"]
    hear(machine, agent.SettingsApplied(), now=11.0)
    first = ["UpdatePrompt", "UpdateSpeak", "InjectUserMessage"]
    sent = messages(machine)
    assert [message["type"] for message in sent] == [*first, "InjectUserMessage", "UpdateListen", "UpdateThink"]
    assert [message["content"] for message in sent if "content" in message] == ["One.", "Two."]
    # All of that belongs to what the next connection gets.
    again = [message["type"] for message in greet(resumed(machine, 20.0), 21.0)]
    updates = ["UpdatePrompt", "UpdateSpeak", "UpdateListen", "UpdateThink"]
    assert again == ["Settings", *updates, "InjectUserMessage", "InjectUserMessage"]


def test_what_waits_is_refused_when_it_cannot_be_sent_or_there_will_be_no_connection() -> None:
    machine = resumed(talked())
    with pytest.raises(LocalProtocolError):
        machine.send(agent.UpdateListen(listen={"new": object()}), 10.0)
    machine.send(agent.InjectUserMessage(content="One."), 10.0)
    given_up = ConnectionClosed("given up")
    machine.fail(given_up)
    for message in (agent.InjectUserMessage(content="Two."), ANSWER, agent.KeepAlive()):
        with pytest.raises(ConnectionClosed) as caught:
            machine.send(message, 10.0)
        assert caught.value is given_up
    assert take(machine) == []


def test_a_second_break_before_the_agent_is_ready_loses_nothing() -> None:
    broken = talked(text("user", "One."), text("assistant", "Yes."), text("user", "Two."), STARTED, CALLING)
    broken.send(agent.UpdatePrompt(prompt="q"), 1.0)
    broken.send_audio(SECOND, 1.0)
    second = resumed(broken)
    second.send(agent.InjectUserMessage(content="Three."), 10.0)
    second.send_audio(SECOND, 10.0)
    third = resumed(second, 11.0)
    third.opened(12.0)
    hear(third, agent.Welcome(request_id="r-2"))
    fourth = resumed(third, 13.0)
    sent = greet(fourth, 14.0)
    assert [item["content"] for item in sent[0]["agent"]["context"]["messages"]] == ["One.", "Yes."]
    assert [message["type"] for message in sent[1:]] == ["UpdatePrompt", "InjectUserMessage", "InjectUserMessage"]
    assert [message["content"] for message in sent[2:]] == ["Two.", "Three."]
    assert heard_again(fourth, 14.0) == SECOND * 2
    assert [event for event in fourth.events if isinstance(event, agent.FunctionCallCancelled)] == [CANCELLED]


def test_a_refusal_of_the_settings_is_final() -> None:
    machine = resumed(talked(text("user", "One.")))
    hear(machine, agent.Welcome(request_id="r-2"), agent.Error(code="INVALID_SETTINGS", description="too long"))
    assert isinstance(machine.failure, BadRequestError)


@pytest.mark.parametrize(("described", "repairable"), [("4a1d3c2e-0000-4000-8000-000000000001", False), ({}, True)])
def test_a_stored_agent_is_beyond_repair(described: Any, repairable: bool) -> None:
    machine = client(settings={"agent": described})
    assert (machine.beyond_repair is None) is repairable
    assert repairable or "stored agent" in str(machine.beyond_repair)


def test_audio_in_a_container_is_beyond_repair() -> None:
    assert client(audio=AudioFormat()).beyond_repair is not None


@pytest.mark.parametrize("policy", [None, ReconnectPolicy(max_attempts=0)])
def test_without_reconnection_nothing_is_kept(policy: ReconnectPolicy | None) -> None:
    machine = talked(machine=client(reconnect=policy))
    machine.send_audio(SECOND, 1.0)
    machine.send(ANSWER, 1.0)
    hear(machine, text("user", "One."))
    assert (machine.conversation, machine.replay) == (None, None)
    assert names(machine.events)[-1] == "ConversationText"


# Functions


def test_calls_under_way_are_cancelled_and_nobody_gets_a_late_answer() -> None:
    broken = talked(text("user", "Weather?"), CALLING)
    broken.calls.clear()
    broken.events.clear()
    machine = resumed(broken)
    assert list(machine.calls) == [CANCELLED]
    assert list(machine.events) == [CANCELLED]
    machine.send(ANSWER, 10.0)
    assert [message["type"] for message in greet(machine)] == ["Settings", "InjectUserMessage"]
    machine.send(ANSWER, 12.0)
    assert messages(machine) == []
    hear(machine, agent.FunctionCallRequest(functions=[agent.FunctionCall("2", "weather", "{}", True)]))
    machine.send(agent.FunctionCallResponse(id="2", name="weather", content="rain"), 12.0)
    assert [message["id"] for message in messages(machine)] == ["2"]


def test_answers_to_calls_that_nobody_made_are_the_servers_to_judge_on_the_first_connection() -> None:
    machine = talked()
    machine.send(ANSWER, 1.0)
    assert wire_types(take(machine)) == ["FunctionCallResponse"]


# Audio


def test_an_utterance_under_way_is_heard_again_from_before_its_start() -> None:
    broken = talked()
    for _ in range(60):
        broken.send_audio(SECOND, 1.0)
    hear(broken, STARTED)
    for _ in range(5):
        broken.send_audio(SECOND, 1.0)
    machine = resumed(broken)
    machine.send_audio(SECOND, 10.0)
    assert wire_types(take(machine)) == []
    greet(machine)
    assert machine.resumption() == Resumption(replayed_s=8.0)
    assert heard_again(machine) == SECOND * 8
    machine.send_audio(b"straight", 12.0)
    assert take(machine) == [Binary(b"straight")]


def test_of_silence_only_the_last_moments_are_heard_again() -> None:
    broken = talked()
    for _ in range(60):
        broken.send_audio(SECOND, 1.0)
    machine = resumed(broken)
    greet(machine)
    assert heard_again(machine) == SECOND * 2


def test_what_the_agent_understood_is_not_heard_again() -> None:
    broken = talked()
    hear(broken, STARTED)
    broken.send_audio(SECOND, 1.0)
    hear(broken, text("user", "Weather?"))
    broken.send_audio(b"later.", 1.0)
    machine = resumed(broken)
    greet(machine)
    assert heard_again(machine) == b"later."


def test_words_that_were_not_spoken_do_not_end_an_utterance() -> None:
    broken = talked()
    hear(broken, STARTED)
    for _ in range(5):
        broken.send_audio(SECOND, 1.0)
    broken.send(agent.InjectUserMessage(content="Typed."), 1.0)
    hear(broken, text("user", "Typed."), text("assistant", "Read."))
    machine = resumed(broken)
    greet(machine)
    assert heard_again(machine) == SECOND * 5


def test_what_was_understood_during_the_replay_is_not_heard_a_third_time() -> None:
    broken = talked()
    hear(broken, STARTED)
    broken.send_audio(SECOND, 1.0)
    paced = ReconnectPolicy(replay_pace=1.0)
    machine = resumed(broken, reconnect=paced)
    machine.send_audio(SECOND, 10.0)
    greet(machine)
    for step in range(12):
        machine.on_deadline(12.0 + step)
    given_bytes = sum(len(frame.data) for frame in take(machine) if isinstance(frame, Binary))
    assert (machine.replaying, given_bytes) == (True, 38400)
    hear(machine, text("user", "Weather?"))
    last = resumed(machine, 30.0)
    greet(last, 31.0)
    assert len(heard_again(last, 31.0)) == 64000 - 38400


@given(steps=st.lists(st.sampled_from(["audio", "started", "text", "break", "ready", "replay"]), max_size=40))
@steady(200)
def test_no_audio_of_an_utterance_is_lost_over_any_number_of_breaks(steps: list[str]) -> None:
    """What was sent since the last words were understood has been heard by the last connection, and in order."""
    machine, sent, covered, heard = talked(), 0, 0, b""
    for step in [*steps, "ready", "replay"]:
        if step == "audio":
            machine.send_audio(sent.to_bytes(2, "big"), 1.0)
            sent += 1
        elif step in ("started", "text") and machine.ready:
            hear(machine, STARTED if step == "started" else text("user", "x"))
            covered = int.from_bytes(heard[-2:], "big") + 1 if step == "text" and heard else covered
        elif step == "break":
            machine, heard = resumed(machine), b""
        elif step == "ready" and not machine.ready:
            greet(machine)
        elif step == "replay" and machine.replaying and machine.ready:
            heard += heard_again(machine)
        heard += b"".join(bytes(frame.data) for frame in take(machine) if isinstance(frame, Binary))
    numbers = [int.from_bytes(heard[at : at + 2], "big") for at in range(0, len(heard), 2)]
    assert numbers == list(range(sent - len(numbers), sent))
    assert len(numbers) >= sent - covered


# Time


def test_a_new_connection_is_kept_open_like_the_first() -> None:
    machine = resumed(talked())
    machine.keep_alive(10.0)
    assert "KeepAlive" not in [message["type"] for message in greet(machine, 100.0)]
    heard_again(machine, 100.0)
    assert machine.next_deadline() == 108.0
    machine.on_deadline(108.0)
    assert wire_types(take(machine)) == ["KeepAlive"]
    machine.keep_alive(109.0)
    assert wire_types(take(machine)) == ["KeepAlive"]
    assert machine.next_deadline() == 117.0


def test_in_an_outage_old_audio_makes_room_and_nobody_waits() -> None:
    machine = resumed(talked(STARTED))
    for _ in range(20):
        assert machine.room_at(len(SECOND)) == -math.inf
        machine.send_audio(SECOND, 10.0)
    assert machine.replay is not None
    assert machine.replay.held_s == 15.0
    greet(machine)
    machine.on_deadline(12.0)
    heard = b"".join(bytes(frame.data) for frame in take(machine) if isinstance(frame, Binary))
    assert len(heard) == 15 * len(SECOND)
    assert machine.resumption() == Resumption(replayed_s=15.0, lost_s=5.0)


def test_a_message_longer_than_all_that_is_kept_waits_for_the_connection() -> None:
    machine = resumed(talked())
    assert machine.room_at(16 * len(SECOND)) == math.inf
