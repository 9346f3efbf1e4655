"""Conversations with the embedded agent that are cut off: the agent still knows what was said."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from deepgram_anyio import (
    AgentConnection,
    AuthenticationError,
    ClientConfig,
    ConnectionClosed,
    DeepgramClient,
    Reconnected,
    ReconnectPolicy,
    local,
)
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.local.faults import Answer, FaultProxy, Plan, fault_proxy
from deepgram_anyio.local.thinker import Conversation, Reply, RuleThinker
from deepgram_anyio.protocol import agent

pytestmark = pytest.mark.anyio

QUICK = ReconnectPolicy(first_s=0.01, max_s=0.05, replay_pace=None)
RAW = {"encoding": "linear16", "sample_rate": 16000}
THINK: dict[str, Any] = {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}
SOUND = b"".join(ToneVoice().synthesize("one two three")) + bytes(32000)
VOICE = ToneVoice(word_s=0.02, pause_s=0.0)


@asynccontextmanager
async def talking(
    *heard: str,
    faults: Any = (),
    functions: dict[str, Callable[..., Any]] | None = None,
    client: dict[str, Any] | None = None,
    engines: dict[str, Any] | None = None,
    **described: Any,
) -> AsyncIterator[tuple[AgentConnection, FaultProxy]]:
    settings = {"audio": {"input": RAW, "output": RAW}, "agent": {"think": THINK, **described}}
    server = local.serve(**{"recognizer": ScriptedRecognizer(heard), "voice": VOICE, **(engines or {})})
    with anyio.fail_after(20):
        async with (
            server as running,
            fault_proxy(running.url, faults=faults) as proxy,
            DeepgramClient(
                agent_url=proxy.url, config=ClientConfig(reconnect=QUICK), **(client or {"api_key": "any"})
            ) as dg,
            dg.agent.v1.connect(settings, functions=functions) as connection,
        ):
            yield connection, proxy


async def until(connection: AgentConnection, *kinds: type) -> list[Any]:
    """Return the events up to one of a kind."""
    events: list[Any] = []
    while not (events and isinstance(events[-1], kinds)):
        events.append(await anext(aiter(connection)))
    return events


def said(events: list[Any]) -> list[tuple[str, str]]:
    return [(event.role, event.content) for event in events if isinstance(event, agent.ConversationText)]


async def ask(connection: AgentConnection, question: str) -> list[str]:
    """Ask, and return the answer, sentence by sentence."""
    await connection.inject_user_message(question)
    return [content for role, content in said(await until(connection, agent.AgentAudioDone)) if role == "assistant"]


async def test_the_agent_still_knows_what_was_said() -> None:
    async with talking(greeting="Hello.") as (connection, proxy):
        await until(connection, agent.AgentAudioDone)
        assert await ask(connection, "My name is Ann.") == ["Nice to meet you, Ann."]
        for attempts in range(1, 4):
            first = connection.request_id
            proxy.cut()
            events = await until(connection, Reconnected)
            assert [type(event) for event in events] == [agent.Welcome, agent.SettingsApplied, Reconnected]
            assert (events[-1].attempt, events[-1].request_id) == (1, connection.request_id)
            assert connection.request_id != first
            assert await ask(connection, "What is my name?") == ["Your name is Ann."]
            assert connection.stats.reconnects == attempts


async def test_cut_in_the_middle_of_an_answer() -> None:
    engines = {"voice": ToneVoice(word_s=0.5)}
    async with talking(engines=engines) as (connection, proxy):
        await connection.inject_user_message("My name is Ann.")
        events = await until(connection, agent.Audio)
        assert said(events) == [("user", "My name is Ann."), ("assistant", "Nice to meet you, Ann.")]
        proxy.cut()
        events = await until(connection, Reconnected)
        assert said(events) == []
        assert (await ask(connection, "What is my name?"))[-1] == "Your name is Ann."


class Hesitant:
    """Does not find the first answer as long as it is held."""

    def __init__(self) -> None:
        self.asked = 0
        self.let_go = threading.Event()

    def reply(self, conversation: Conversation) -> Reply:
        self.asked += 1
        if self.asked == 1:
            assert self.let_go.wait(20)
        return RuleThinker().reply(conversation)


@pytest.mark.parametrize("last", [agent.ConversationText, agent.History])
async def test_cut_before_the_answer_the_question_is_asked_again_and_seen_once(last: type) -> None:
    thinker = Hesitant()
    async with talking(engines={"thinker": thinker}) as (connection, proxy):
        await connection.inject_user_message("What is 2 + 2?")
        events = await until(connection, last)
        proxy.cut()
        events += await until(connection, agent.AgentAudioDone)
        thinker.let_go.set()
    assert said(events) == [("user", "What is 2 + 2?"), ("assistant", "2 + 2 is 4.")]
    assert [event.content for event in events if isinstance(event, agent.History)] == ["What is 2 + 2?", "2 + 2 is 4."]
    assert thinker.asked == 2


async def test_what_is_said_in_the_outage_is_heard_behind_what_was_not_answered() -> None:
    async with talking() as (connection, proxy):
        assert await ask(connection, "My name is Ann.") == ["Nice to meet you, Ann."]
        await proxy.pause_listening()
        proxy.cut()
        await proxy.wait_closed(1)
        await connection.update_prompt("p" * 25_001)
        await connection.inject_user_message("What is my name?")
        await proxy.resume_listening()
        events = await until(connection, agent.AgentAudioDone)
    kinds = [type(event) for event in events]
    assert kinds.index(Reconnected) < kinds.index(agent.PromptUpdated) < kinds.index(agent.ConversationText)
    assert said(events) == [("user", "What is my name?"), ("assistant", "Your name is Ann.")]


async def test_cut_during_a_function_call() -> None:
    began, cancelled = anyio.Event(), anyio.Event()
    calls: list[str] = []

    async def get_weather(city: str) -> dict[str, str]:
        """The weather in a city."""
        calls.append(city)
        if len(calls) == 1:
            began.set()
            try:
                await anyio.sleep_forever()
            finally:
                cancelled.set()
        return {"sky": "clear"}

    async with talking(functions={"get_weather": get_weather}) as (connection, proxy):
        await connection.inject_user_message("What is the weather in Rome?")
        await began.wait()
        await proxy.pause_listening()
        proxy.cut()
        events = await until(connection, agent.FunctionCallCancelled)
        await cancelled.wait()  # with nobody to connect to
        await proxy.resume_listening()
        events += await until(connection, agent.AgentAudioDone)
    requests = [event for event in events if isinstance(event, agent.FunctionCallRequest)]
    assert [event.functions[0].id for event in events if isinstance(event, agent.FunctionCallCancelled)] == [
        requests[0].functions[0].id
    ]
    assert (len(requests), len(calls)) == (2, 2)
    assert said(events) == [("user", "What is the weather in Rome?"), ("assistant", "The sky is clear.")]


async def test_cut_while_the_user_speaks() -> None:
    async with talking("my name is ann") as (connection, proxy):
        await connection.send(SOUND[:20000])
        await until(connection, agent.UserStartedSpeaking)
        proxy.cut()
        await connection.send(SOUND[20000:])
        events = await until(connection, agent.AgentAudioDone)
        (again,) = (event for event in events if isinstance(event, Reconnected))
        assert again.lost_s == 0.0
        assert again.replayed_s >= 20000 / 32000
        assert said(events) == [("user", "My name is ann."), ("assistant", "Nice to meet you, Ann.")]
        assert await ask(connection, "What is my name?") == ["Your name is Ann."]


async def test_what_was_understood_is_not_heard_again() -> None:
    async with talking("thank you", "thank you") as (connection, proxy):
        await connection.send(SOUND)
        assert said(await until(connection, agent.AgentAudioDone))[0] == ("user", "Thank you.")
        proxy.cut()
        events = await until(connection, Reconnected)
        assert events[-1].replayed_s == 0.0
        await connection.inject_user_message("What is 2 + 2?")
        events = await until(connection, agent.AgentAudioDone)
    assert said(events) == [("user", "What is 2 + 2?"), ("assistant", "2 + 2 is 4.")]


# What is not repaired, and who is asked


async def test_a_refusal_that_would_come_again_ends_the_conversation() -> None:
    with pytest.raises(ConnectionClosed, match="given up") as caught:
        async with talking(faults=Plan([[], [Answer(status=401)]])) as (connection, proxy):
            proxy.cut()
            await until(connection, Reconnected)
    assert isinstance(caught.value.__cause__, AuthenticationError)
    assert caught.value.code == 1006


async def test_a_refusal_that_may_pass_is_tried_again() -> None:
    async with talking(faults=Plan([[], [Answer(status=503)], [Answer(status=429)]])) as (connection, proxy):
        proxy.cut()
        assert (await until(connection, Reconnected))[-1].attempt == 3


async def test_the_token_function_is_asked_for_every_connection() -> None:
    tokens: list[str] = []

    async def token() -> str:
        tokens.append(f"token-{len(tokens)}")
        return tokens[-1]

    async with talking(client={"access_token": token}) as (connection, proxy):
        for _ in range(2):
            proxy.cut()
            await until(connection, Reconnected)
    assert tokens == ["token-0", "token-1", "token-2"]
