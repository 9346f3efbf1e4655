"""The embedded agent over real sockets, with scripted engines: the contract, message by message."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from deepgram_anyio import AgentConnection, BadRequestError, ConnectionClosed, DeepgramClient, ServerError
from deepgram_anyio.local.engines.pcm import decode_pcm
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.local.thinker import Conversation, PlannedCall, Reply
from deepgram_anyio.protocol import agent
from deepgram_anyio.transport import open_websocket

from ..cancellation import cancel_everywhere
from ..stand_in import ONE_CONNECTION

pytestmark = pytest.mark.anyio

RAW = {"encoding": "linear16", "sample_rate": 16000}
THINK: dict[str, Any] = {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}
SOUND = b"".join(ToneVoice().synthesize("one two three")) + bytes(32000)
VOICE = ToneVoice(word_s=0.02, pause_s=0.0)


def settings(**fields: Any) -> dict[str, Any]:
    return {"audio": {"input": RAW, "output": RAW}, "agent": {"think": THINK, **fields}}


def local(*heard: str, **options: Any) -> DeepgramClient:
    return DeepgramClient.local(
        **{"config": ONE_CONNECTION, "recognizer": ScriptedRecognizer(heard), "voice": VOICE, **options}
    )


@asynccontextmanager
async def talking(
    *heard: str,
    functions: dict[str, Callable[..., Any]] | None = None,
    config: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    **fields: Any,
) -> AsyncIterator[AgentConnection]:
    async with (
        local(*heard, **(options or {})) as dg,
        dg.agent.v1.connect({**settings(**fields), **(config or {})}, functions=functions) as connection,
    ):
        with anyio.fail_after(20):
            await until(connection, agent.SettingsApplied)
            yield connection


async def until(connection: AgentConnection, *kinds: type) -> list[Any]:
    """Return the events up to one of a kind."""
    events: list[Any] = []
    while not (events and isinstance(events[-1], kinds)):
        events.append(await anext(aiter(connection)))
    return events


def said(events: list[Any]) -> list[tuple[str, str]]:
    return [(event.role, event.content) for event in events if isinstance(event, agent.ConversationText)]


def names(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events if not isinstance(event, agent.Audio)]


async def test_a_spoken_turn_is_heard_answered_and_told_step_by_step() -> None:
    async with talking("thank you") as connection:
        await connection.send(SOUND)
        events = await until(connection, agent.AgentAudioDone)
    assert names(events) == [
        *("UserStartedSpeaking", "ConversationText", "History"),
        *("ConversationText", "History", "AgentStartedSpeaking", "AgentAudioDone"),
    ]
    assert said(events) == [("user", "Thank you."), ("assistant", "You are welcome.")]
    started = next(event for event in events if isinstance(event, agent.AgentStartedSpeaking))
    assert started.total_latency == pytest.approx(started.tts_latency + started.ttt_latency)
    audio = b"".join(bytes(event.data) for event in events if isinstance(event, agent.Audio))
    assert audio == b"".join(VOICE.synthesize("You are welcome."))


@pytest.mark.parametrize(
    ("encoding", "rate"), [("mulaw", None), ("alaw", 8000), ("linear16", None), ("linear16", 44100)]
)
async def test_audio_comes_in_the_format_that_was_asked_for(encoding: str, rate: int | None) -> None:
    output = {"encoding": encoding} | ({"sample_rate": rate} if rate else {})
    async with talking(
        config={"audio": {"input": RAW, "output": output}}, greeting="Good morning to you."
    ) as connection:
        events = await until(connection, agent.AgentAudioDone)
    audio = b"".join(bytes(event.data) for event in events if isinstance(event, agent.Audio))
    hz = rate or {"mulaw": 8000, "linear16": 24000}[encoding]
    assert len(decode_pcm(audio, encoding)) / 2 / hz == pytest.approx(0.08, abs=0.002)


async def test_a_greeting_comes_first_and_history_can_be_switched_off() -> None:
    async with talking(config={"flags": {"history": False}}, greeting="Hello! I am here.") as connection:
        events = await until(connection, agent.AgentAudioDone)
    assert names(events) == ["ConversationText", "AgentStartedSpeaking", "ConversationText", "AgentAudioDone"]
    assert said(events) == [("assistant", "Hello!"), ("assistant", "I am here.")]


def get_weather(city: str) -> dict[str, Any]:
    """The weather in a city."""
    return {"sky": "clear", "city": city}


async def test_a_function_of_the_client_is_called_and_its_result_told() -> None:
    async with talking("what is the weather in rome", functions={"get_weather": get_weather}) as connection:
        await connection.send(SOUND)
        events = await until(connection, agent.AgentAudioDone)
    assert said(events)[-1] == ("assistant", "The sky is clear, the city is rome.")
    request = next(event for event in events if isinstance(event, agent.FunctionCallRequest))
    (call,) = request.functions
    assert (call.name, call.client_side, call.arguments) == ("get_weather", True, '{"city":"rome"}')
    (called,) = next(event.function_calls for event in events if getattr(event, "function_calls", None))
    assert called.to_dict() == {
        "id": call.id,
        "name": "get_weather",
        "client_side": True,
        "arguments": '{"city":"rome"}',
        "response": '{"sky":"clear","city":"rome"}',
    }
    assert "AgentThinking" in names(events)


async def test_a_function_with_an_endpoint_is_reported_as_the_servers() -> None:
    function = {"name": "get_weather", "endpoint": {"url": "https://example.com"}}
    async with talking(think={**THINK, "functions": [function]}) as connection:
        await connection.inject_user_message("the weather")
        events = await until(connection, agent.AgentAudioDone)
    request = next(event for event in events if isinstance(event, agent.FunctionCallRequest))
    response = next(event for event in events if isinstance(event, agent.FunctionCallResponse))
    assert [call.client_side for call in request.functions] == [False]
    assert (response.id, response.name) == (request.functions[0].id, "get_weather")
    assert "calls no endpoints" in response.content


async def test_results_are_matched_by_id_or_else_by_name_and_others_are_answered_with_a_warning() -> None:
    async with talking(think={**THINK, "functions": [{"name": "get_weather"}]}) as connection:
        await connection.send_function_call_response("7", "get_weather", "too early")
        (warning,) = await until(connection, agent.Warning)
        assert warning.code == "UNEXPECTED_FUNCTION_CALL_RESPONSE"
        await connection.inject_user_message("the weather")
        await until(connection, agent.FunctionCallRequest)
        await connection.send_function_call_response("7", "get_weather", "of another")
        await until(connection, agent.Warning)
        await connection._say(agent.FunctionCallResponse(name="get_weather", content="It rains"))
        events = await until(connection, agent.AgentAudioDone)
    assert said(events) == [("assistant", "It rains.")]


async def test_a_user_who_speaks_stops_the_agent() -> None:
    long = " ".join(["word"] * 40) + "."
    async with talking("thank you", greeting=long, options={"voice": ToneVoice()}) as connection:
        await until(connection, agent.AgentStartedSpeaking)
        await connection.send(SOUND)
        before = await until(connection, agent.UserStartedSpeaking)
        events = await until(connection, agent.AgentStartedSpeaking)
    heard_s = sum(len(event.data) for event in before if isinstance(event, agent.Audio)) / 32000
    assert heard_s < 6
    assert names(events) == [
        *("AgentAudioDone", "ConversationText", "History", "ConversationText", "History", "AgentStartedSpeaking")
    ]
    assert not any(isinstance(event, agent.Audio) for event in events)


async def test_a_user_who_speaks_cancels_calls_that_are_open() -> None:
    async with talking("thank you", think={**THINK, "functions": [{"name": "get_weather"}]}) as connection:
        await connection.inject_user_message("the weather")
        request = (await until(connection, agent.FunctionCallRequest))[-1]
        await connection.send(SOUND)
        events = await until(connection, agent.AgentAudioDone)
    cancelled = next(event for event in events if isinstance(event, agent.FunctionCallCancelled))
    assert [(call.id, call.name) for call in cancelled.functions] == [(request.functions[0].id, "get_weather")]
    assert said(events) == [("user", "Thank you."), ("assistant", "You are welcome.")]


async def test_sound_without_words_is_no_turn() -> None:
    async with talking("", "thank you") as connection:
        await connection.send(SOUND)
        await until(connection, agent.UserStartedSpeaking)
        await connection.inject_agent_message("Still there?", "queue")
        await connection.send(SOUND)
        events = await until(connection, agent.ConversationText)
        assert said(events) in ([("assistant", "Still there?")], [("user", "Thank you.")])


async def test_the_agent_remembers_and_knows_the_context() -> None:
    context = {"messages": [{"type": "History", "role": "user", "content": "My name is Ann."}]}
    async with talking(context=context) as connection:
        for line, answer in [("What is my name?", "Your name is Ann."), ("Repeat that.", "Your name is Ann.")]:
            await connection.inject_user_message(line)
            assert said(await until(connection, agent.AgentAudioDone)) == [("user", line), ("assistant", answer)]


async def test_injected_words_of_the_agent_wait_interrupt_or_are_refused() -> None:
    async with talking(greeting=" ".join(["word"] * 6) + ".", options={"voice": ToneVoice(pause_s=0.0)}) as connection:
        await until(connection, agent.AgentStartedSpeaking)
        await connection.inject_agent_message("No.")
        refused = await until(connection, agent.InjectionRefused)
        assert refused[-1].message == "The agent is in the middle of a turn."
        await connection.inject_agent_message("Later.", "queue")
        events = await until(connection, agent.AgentAudioDone)
        events += await until(connection, agent.AgentStartedSpeaking)
        assert said(events) == [("assistant", "Later.")]
        await connection.inject_agent_message("Now.", "interrupt")
        events = await until(connection, agent.ConversationText)
        assert names(events)[-3:] == ["Warning", "AgentAudioDone", "ConversationText"]
        warning = next(event for event in events if isinstance(event, agent.Warning))
        assert warning.code == "INJECT_AGENT_MESSAGE_DURING_AGENT_SPEECH"
        await until(connection, agent.AgentAudioDone)
        await connection.inject_agent_message("Alone.")
        assert said(await until(connection, agent.AgentAudioDone)) == [("assistant", "Alone.")]
        await connection.inject_agent_message(is_dynamic=True)
        await until(connection, agent.InjectionRefused)


async def test_injected_words_while_the_user_speaks() -> None:
    async with talking("thank you", options={"recognizer": ScriptedRecognizer(["thank you"])}) as connection:
        await connection.send(SOUND[:20000])
        await until(connection, agent.UserStartedSpeaking)
        await connection.inject_agent_message("No.")
        assert (await until(connection, agent.InjectionRefused))[-1].message == "The user is in the middle of a turn."
        await connection.inject_agent_message("Excuse me.", "interrupt")
        events = await until(connection, agent.AgentAudioDone)
    assert events[0].code == "INJECT_AGENT_MESSAGE_DURING_USER_SPEECH"
    assert said(events) == [("assistant", "Excuse me.")]


async def test_updates_are_confirmed_and_take_effect() -> None:
    async with talking() as connection:
        await connection.update_prompt("p" * 25_001)
        warning, _ = await until(connection, agent.PromptUpdated)
        assert warning.code == "PROMPT_TOO_LONG"
        await connection.update_speak({"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}})
        await until(connection, agent.SpeakUpdated)
        await connection.update_think_live({"provider": {"type": "deepgram"}})
        await until(connection, agent.ThinkLiveUpdated)
        await connection.update_think([{**THINK, "functions": [{"name": "get_weather"}]}])
        await until(connection, agent.ThinkUpdated)
        await connection.inject_user_message("the weather")
        await until(connection, agent.FunctionCallRequest)
        await connection.keep_alive()


async def test_a_turn_can_be_ended_with_a_flux_model_only() -> None:
    async with talking("thank you") as connection:
        await connection.force_end_turn()
        assert (await until(connection, agent.Warning))[-1].code == "FORCE_END_TURN_UNSUPPORTED"
        await connection.update_listen({"provider": {"type": "deepgram", "version": "v2", "model": "flux-general-en"}})
        await until(connection, agent.ListenUpdated)
        await connection.force_end_turn()
        await connection.send(SOUND[:20000])
        await connection.force_end_turn()
        events = await until(connection, agent.AgentAudioDone)
    assert said(events) == [("user", "Thank you."), ("assistant", "You are welcome.")]


# What is refused


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"agent": {"tags": ["x"]}}, "UNPARSABLE_CLIENT_MESSAGE", r"Check the agent\.tags field against the API spec"),
        ({"new": 1}, "UNPARSABLE_CLIENT_MESSAGE", "Check the new field"),
        ({"audio": {"input": {"encoding": "linear16"}}}, "UNPARSABLE_CLIENT_MESSAGE", r"audio\.input\.sample_rate"),
        ({"audio": {"input": {**RAW, "encoding": "opus"}}}, "INVALID_SETTINGS", "opus"),
        ({"audio": {"input": {**RAW, "sample_rate": 1}}}, "INVALID_SETTINGS", r"audio\.input\.sample_rate"),
        ({"audio": {"output": {"encoding": "mp3"}}}, "INVALID_SETTINGS", "mp3"),
        ({"audio": {"output": {"container": "ogg"}}}, "INVALID_SETTINGS", "ogg"),
        ({"audio": {"output": {"sample_rate": 10**9}}}, "INVALID_SETTINGS", r"audio\.output\.sample_rate"),
        ({"agent": "4a1d3c2e-0000-4000-8000-000000000001"}, "INVALID_SETTINGS", "no stored agent configuration"),
    ],
)
async def test_settings_that_cannot_be_had_are_refused(changed: dict[str, Any], code: str, message: str) -> None:
    async with local() as dg:
        with pytest.raises(BadRequestError, match=message) as caught:
            async with dg.agent.v1.connect({**settings(), **changed}):
                pass
    assert caught.value.code == code
    assert caught.value.request_id


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"KeepAlive"}', "INVALID_SETTINGS"),
        (b"\0\0", "INVALID_SETTINGS"),
        ('{"type":"Nonsense"}', "UNPARSABLE_CLIENT_MESSAGE"),
        ("not json", "UNPARSABLE_CLIENT_MESSAGE"),
    ],
)
async def test_the_first_message_must_be_settings(first: str | bytes, code: str) -> None:
    async with local() as dg, open_websocket(f"{dg.base_url}/v1/agent/converse") as socket:
        await socket.send(first)
        messages = []
        with pytest.raises(ConnectionClosed, match="1008"):
            async for message in socket:
                messages.append(json.loads(message))  # noqa: PERF401 - a comprehension would lose them
    assert [message["type"] for message in messages] == ["Welcome", "Error"]
    assert messages[0]["request_id"] == socket.response_headers["dg-request-id"]
    assert messages[1]["code"] == code


async def broken(connection: AgentConnection) -> tuple[agent.Error, ConnectionClosed]:
    events: list[Any] = []
    with pytest.raises(ConnectionClosed) as caught:
        async for event in connection:
            events.append(event)  # noqa: PERF401 - a comprehension would lose them
    assert isinstance(events[-1], agent.Error)
    return events[-1], caught.value


async def test_a_message_that_makes_no_sense_ends_the_conversation() -> None:
    async with talking() as connection:
        await connection._say(agent.UpdateThink(think={"unknown": 1}))
        error, closed = await broken(connection)
    assert error.code == "UNPARSABLE_CLIENT_MESSAGE"
    assert closed.code == 1008
    assert closed.reason == f"{error.code}: {error.description}"


async def test_silence_from_the_client_ends_the_conversation() -> None:
    async with talking(options={"idle_timeout_s": 0.3}) as connection:
        error, closed = await broken(connection)
    assert (error.code, closed.code) == ("CLIENT_MESSAGE_TIMEOUT", 1011)


class Failing:
    """A thinker, a voice and a recogniser that all do not work."""

    name = "failing"
    sample_rate = 16000

    def reply(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no idea")

    synthesize = open = detector = reply

    def close(self) -> None: ...


@pytest.mark.parametrize("part", ["thinker", "voice", "recognizer"])
async def test_an_engine_that_fails_ends_the_conversation(part: str, caplog: pytest.LogCaptureFixture) -> None:
    async with talking(options={part: Failing()}) as connection:
        if part == "recognizer":
            await connection.send(SOUND)
        else:
            await connection.inject_user_message("hello")
        error, closed = await broken(connection)
    assert (error.code, closed.code) == ("INTERNAL_SERVER_ERROR", 1011)
    assert "no idea" not in closed.reason
    assert "no idea" in caplog.text


async def test_a_failure_in_the_greeting_may_come_before_the_client_is_ready() -> None:
    async with local(voice=Failing()) as dg:
        with pytest.raises((ConnectionClosed, ServerError)):
            async with dg.agent.v1.connect(settings(greeting="Hello.")) as connection:
                async for _ in connection:
                    pass


# Thinkers


class Counting:
    """A thinker that calls a function until it was told to stop, and keeps what it was asked."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.asked: list[Conversation] = []
        self.threads: set[threading.Thread] = set()

    def reply(self, conversation: Conversation) -> Reply:
        self.asked.append(conversation)
        self.threads.add(threading.current_thread())
        if len(self.asked) <= self.rounds:
            return Reply(calls=[PlannedCall(name=name, arguments={}) for name in ("a", "b")])
        return Reply(text="Done.")


async def test_a_thinker_of_ones_own_sees_the_whole_conversation() -> None:
    thinker = Counting(2)
    functions = {"a": lambda: 1, "b": lambda: 2}
    async with talking(functions=functions, think={**THINK, "prompt": "p"}, options={"thinker": thinker}) as connection:
        await connection.inject_user_message("go")
        events = await until(connection, agent.AgentAudioDone)
    assert said(events)[-1] == ("assistant", "Done.")
    last = thinker.asked[-1]
    assert (last.prompt, [function.name for function in last.functions]) == ("p", ["a", "b"])
    results = [[call.response for call in item.function_calls] for item in last.history if item.function_calls]
    assert results == [["1", "2"], ["1", "2"]]
    assert threading.current_thread() not in thinker.threads


async def test_a_thinker_that_only_calls_is_stopped() -> None:
    async with talking(functions={"a": lambda: 1, "b": lambda: 2}, options={"thinker": Counting(99)}) as connection:
        await connection.inject_user_message("go")
        error, _ = await broken(connection)
    assert error.code == "INTERNAL_SERVER_ERROR"


async def test_cancelled_anywhere_a_conversation_leaves_nothing_behind() -> None:
    async def work() -> None:
        client = local("what is the weather in rome")
        chosen = settings(greeting="Hello.")
        async with client as dg, dg.agent.v1.connect(chosen, functions={"get_weather": get_weather}) as connection:
            await connection.send(SOUND)
            async for event in connection:
                if ("assistant", "The sky is clear, the city is rome.") in said([event]):
                    return

    assert await cancel_everywhere(work, anyio.lowlevel.checkpoint) >= 5
