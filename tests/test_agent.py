"""`AgentConnection`, through real sockets, against a stand-in for the API."""

from __future__ import annotations

import logging
import threading
from typing import Any

import anyio
import pytest

from deepgram_anyio import (
    AgentConnection,
    ApiError,
    BadRequestError,
    ConfigError,
    ConnectionClosed,
    DeepgramClient,
    DeepgramTimeoutError,
    Timeouts,
)
from deepgram_anyio.protocol import UnknownEvent, agent
from deepgram_anyio.protocol.wav import wav_header

from .agent_peer import agent_peer
from .cancellation import cancel_everywhere
from .transport.peers import ServerEnd

pytestmark = pytest.mark.anyio

SETTINGS: dict[str, Any] = {
    "audio": {"input": {"encoding": "linear16", "sample_rate": 8000}},
    "agent": {"think": {"provider": {"type": "open_ai"}}},
}
SECOND = b"\x01\x02" * 8000


async def test_the_settings_are_in_force_when_the_block_is_entered() -> None:
    async with agent_peer() as peer, peer.client() as dg:
        async with dg.agent.v1.connect(SETTINGS, extra_query={"new": "1"}) as connection:
            assert peer.messages == [{"type": "Settings", **SETTINGS}]
            assert connection.request_id == "request-1"
            events = [await anext(aiter(connection)), await anext(aiter(connection))]
        assert events == [agent.Welcome(request_id="request-1"), agent.SettingsApplied()]
    assert peer.targets == ["/v1/agent/converse?new=1"]
    assert peer.closes == [1000]


async def test_structs_and_mappings_say_the_same() -> None:
    settings = agent.Settings(
        audio=agent.AudioSettings(input={"encoding": "linear16", "sample_rate": 8000}),
        agent=agent.Agent(think=agent.Think(provider={"type": "open_ai"})),
    )
    async with agent_peer() as peer, peer.client() as dg:
        for given in (settings, {"type": "Settings", **SETTINGS}, {**SETTINGS, "agent": settings.agent}):
            async with dg.agent.v1.connect(given) as connection:
                assert connection.stats.bytes_sent == 0
    assert peer.messages == [{"type": "Settings", **SETTINGS}] * 3


async def test_every_method_says_what_it_should() -> None:
    think: dict[str, Any] = {"provider": {"type": "groq"}}
    async with agent_peer() as peer, peer.client() as dg, dg.agent.v1.connect(SETTINGS) as connection:
        await connection.inject_user_message("hi")
        await connection.inject_agent_message("hello", "queue")
        await connection.inject_agent_message(is_dynamic=True)
        await connection.update_prompt("be brief")
        await connection.update_listen({"provider": {"type": "deepgram"}})
        await connection.update_think(agent.Think(provider={"type": "groq"}))
        await connection.update_think((think, think))
        await connection.update_think_live({"provider": {"type": "deepgram"}})
        await connection.update_speak([agent.Speak(provider={"type": "deepgram"})])
        await connection.send_function_call_response("1", "f", "{}")
        await connection.force_end_turn()
        await connection.keep_alive()
    assert peer.messages[1:] == [
        {"type": "InjectUserMessage", "content": "hi"},
        {"type": "InjectAgentMessage", "message": "hello", "behavior": "queue"},
        {"type": "InjectAgentMessage", "is_dynamic": True},
        {"type": "UpdatePrompt", "prompt": "be brief"},
        {"type": "UpdateListen", "listen": {"provider": {"type": "deepgram"}}},
        {"type": "UpdateThink", "think": think},
        {"type": "UpdateThink", "think": [think, think]},
        {"type": "UpdateThink_Live", "think_live": {"provider": {"type": "deepgram"}}},
        {"type": "UpdateSpeak", "speak": [{"provider": {"type": "deepgram"}}]},
        {"type": "FunctionCallResponse", "id": "1", "name": "f", "content": "{}"},
        {"type": "ForceEndTurn"},
        {"type": "KeepAlive"},
    ]


async def test_audio_goes_both_ways() -> None:
    async def echo(end: ServerEnd, message: dict[str, Any]) -> bool:
        if message["type"] == "ForceEndTurn":
            await peer.say(end, b"\5\6", agent.AgentAudioDone())
        return False

    async with agent_peer() as peer, peer.client() as dg:
        peer.on_message = echo
        async with dg.agent.v1.connect(SETTINGS) as connection:
            buffer = bytearray(SECOND)
            await connection.send(buffer)
            buffer[:2] = b"\0\0"
            connection.send_nowait(memoryview(SECOND))
            await connection.send(b"")
            await connection.send_audio(wav_header(data_bytes=len(SECOND), sample_rate=8000) + SECOND, pace=1000)
            with pytest.raises(ConfigError, match="44100"):
                await connection.send_audio(wav_header(data_bytes=2, sample_rate=44100) + b"\0\0")
            with pytest.raises(TypeError, match="str"):
                await connection.send("audio")  # type: ignore[arg-type]
            await connection.force_end_turn()
            events = [event async for event in _until(connection, agent.AgentAudioDone)]
            stats = connection.stats
    assert peer.audio == SECOND * 3
    assert bytes(events[-2].data) == b"\5\6"
    assert (stats.bytes_sent, stats.audio_sent_s, stats.events) == (48000, 3.0, 4)


async def _until(connection: AgentConnection, kind: type) -> Any:
    with anyio.fail_after(5):
        async for event in connection:
            yield event
            if isinstance(event, kind):
                return


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ("uuid", {}, "mapping, not str"),
        ({"audio": {}, "agent": {}, "type": "Configure"}, {}, "of the type 'Settings'"),
        ({"audio": {}, "agent": {"greeting": object()}}, {}, "JSON"),
        (SETTINGS, {"functions": {"f": 7}}, "'f' is not a function"),
    ],
)
async def test_what_cannot_work_is_refused_before_any_io(settings: Any, options: dict[str, Any], message: str) -> None:
    async with DeepgramClient("k", base_url="http://127.0.0.1:9") as dg:
        with pytest.raises(ConfigError, match=message):
            async with dg.agent.v1.connect(settings, **options):
                pass


@pytest.mark.parametrize(
    ("audio", "sent_s"),
    [
        ({"input": {"encoding": "mulaw", "sample_rate": 8000, "new": 1}}, 2.0),
        ({}, 1 / 3),
        ({"input": {"encoding": ["new"]}}, None),
    ],
)
async def test_audio_is_accounted_for_where_its_format_is_understood(audio: Any, sent_s: float | None) -> None:
    settings = {**SETTINGS, "audio": audio}
    async with agent_peer() as peer, peer.client() as dg, dg.agent.v1.connect(settings) as connection:
        await connection.send(SECOND)
        assert connection.stats.audio_sent_s == sent_s
    assert peer.messages[0]["audio"] == audio


async def test_refused_settings_raise_the_error_with_its_code() -> None:
    async def refuse(end: ServerEnd, message: dict[str, Any]) -> bool:
        await peer.say(end, agent.Error(code="INVALID_SETTINGS", description="no such voice"))
        return True

    async with agent_peer() as peer, peer.client() as dg:
        peer.on_message = refuse
        with pytest.raises(BadRequestError, match="no such voice") as caught:
            async with dg.agent.v1.connect(SETTINGS):
                pass
    assert isinstance(caught.value, ApiError)
    assert (caught.value.code, caught.value.request_id) == ("INVALID_SETTINGS", "request-1")


async def test_a_server_that_never_applies_them_is_given_up() -> None:
    async def ignore(end: ServerEnd, message: dict[str, Any]) -> bool:
        return True

    async with agent_peer() as peer, peer.client(timeouts=Timeouts(connect_s=0.3)) as dg:
        peer.on_message = ignore
        with pytest.raises(DeepgramTimeoutError, match=r"did not greet within 0\.3 s"):
            async with dg.agent.v1.connect(SETTINGS):
                pass


async def test_a_server_that_leaves_before_it_applies_them() -> None:
    async def leave(end: ServerEnd, message: dict[str, Any]) -> bool:
        await peer.close(end)
        return True

    async with agent_peer() as peer, peer.client() as dg:
        peer.on_message = leave
        with pytest.raises(ConnectionClosed):
            async with dg.agent.v1.connect(SETTINGS):
                pass


async def test_an_error_later_is_an_event_and_the_reason_of_the_close() -> None:
    async def fail(end: ServerEnd, message: dict[str, Any]) -> bool:
        if message["type"] == "UpdatePrompt":
            await peer.say(end, agent.Error(code="FAILED_TO_THINK", description="the model is down"))
            await peer.close(end)
        return False

    seen: list[Any] = []
    async with agent_peer() as peer, peer.client() as dg:
        peer.on_message = fail
        async with dg.agent.v1.connect(SETTINGS) as connection:
            await connection.update_prompt("x")
            with pytest.raises(ConnectionClosed) as caught:
                async for event in connection:
                    seen.append(event)  # noqa: PERF401 - a comprehension would lose them
    assert isinstance(seen[-1], agent.Error)
    assert caught.value.reason == "FAILED_TO_THINK: the model is down"
    assert caught.value.code == 1000


async def test_a_server_that_just_says_goodbye_ends_the_iteration() -> None:
    async def leave(end: ServerEnd, message: dict[str, Any]) -> bool:
        if message["type"] == "UpdatePrompt":
            await peer.close(end)
        return False

    async with agent_peer() as peer, peer.client() as dg:
        peer.on_message = leave
        async with dg.agent.v1.connect(SETTINGS) as connection:
            await connection.update_prompt("x")
            events = [event async for event in connection]
            with pytest.raises(ConnectionClosed):
                await connection.send(SECOND)
    assert [type(event) for event in events] == [agent.Welcome, agent.SettingsApplied]


async def test_what_is_queued_is_sent_when_the_block_is_left() -> None:
    async with agent_peer() as peer, peer.client() as dg, dg.agent.v1.connect(SETTINGS) as connection:
        for _ in range(15):
            connection.send_nowait(SECOND)
        await connection.update_prompt("last")
        await connection.aclose()
        await connection.aclose()
    assert len(peer.audio) == 15 * len(SECOND)
    assert peer.messages[-1] == {"type": "UpdatePrompt", "prompt": "last"}


async def test_an_error_of_the_body_arrives_bare_and_closes_the_socket() -> None:
    error = ValueError("mine")
    async with agent_peer() as peer, peer.client() as dg:
        with pytest.raises(ValueError, match="mine") as caught:
            async with dg.agent.v1.connect(SETTINGS):
                raise error
        assert caught.value is error


async def test_strange_messages_arrive_as_unknown_events() -> None:
    async def strange(end: ServerEnd, message: dict[str, Any]) -> bool:
        if message["type"] == "UpdatePrompt":
            await peer.say(end, agent.CustomToThinkProvider(content=1), agent.AgentAudioDone())
        return False

    async with agent_peer() as peer, peer.client() as dg:
        peer.on_message = strange
        async with dg.agent.v1.connect(SETTINGS) as connection:
            await connection.update_prompt("x")
            events = [event async for event in _until(connection, agent.AgentAudioDone)]
    assert isinstance(events[-2], UnknownEvent)
    assert events[-2].type == "__customToThinkProvider"


async def test_cancelled_anywhere_it_leaves_nothing_behind() -> None:
    async with agent_peer() as peer, peer.client() as dg:
        started = threading.Event()

        async def work() -> None:
            async with dg.agent.v1.connect(SETTINGS, functions={"f": started.set}) as connection:
                await connection.send(SECOND)
                await connection.update_prompt("x")
                await anext(aiter(connection))

        assert peer.peer is not None
        assert await cancel_everywhere(work, peer.peer.all_closed) >= 8


async def test_the_log_tells_of_the_conversation_but_not_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="deepgram_anyio")
    async with agent_peer() as peer, peer.client() as dg, dg.agent.v1.connect(SETTINGS) as connection:
        await connection.inject_user_message("my secret")
    lines = [record.getMessage() for record in caplog.records if record.name == "deepgram_anyio"]
    assert [line.startswith("agent v1: ") for line in lines] == [True, True]
    assert "my secret" not in caplog.text
