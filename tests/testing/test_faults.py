"""Faults in one line of a test, and how scripts go on after a break."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from deepgram_anyio import (
    BadRequestError,
    ClientConfig,
    ConfigError,
    ConnectionClosed,
    DeepgramClient,
    RateLimitError,
    Reconnected,
    ReconnectPolicy,
    RetryPolicy,
    TransportError,
)
from deepgram_anyio.local import FaultOptions
from deepgram_anyio.local.faults import Answer, Cut, Plan, Refuse
from deepgram_anyio.protocol import agent, flux, listen
from deepgram_anyio.testing import ScriptedServer, Utterance, serve, silence

pytestmark = pytest.mark.anyio

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
SETTINGS: dict[str, Any] = {
    "audio": {
        "input": RAW,
        "output": {"encoding": "linear16", "sample_rate": 16000, "container": "none"},
    },
    "agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}},
}
SCRIPT = ["one two", "three", "four five six"]
SOON = ReconnectPolicy(first_s=0.01, max_s=0.02, replay_pace=None)
NEVER = ClientConfig(reconnect=ReconnectPolicy(max_attempts=0), retry=RetryPolicy(max_retries=0))


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with serve(transcript=SCRIPT) as running:
        yield running


@pytest.fixture
async def dg(server: ScriptedServer) -> AsyncIterator[DeepgramClient]:
    async with server.client(ClientConfig(reconnect=SOON)) as client:
        yield client


async def heard(dg: DeepgramClient, seconds: float, **options: Any) -> list[Any]:
    """Return the transcripts of final results, and what else of note happened."""
    found: list[Any] = []
    async with dg.listen.v1.stream(silence(seconds), **{**RAW, "pace": 40.0, **options}) as events:
        async for event in events:
            if isinstance(event, listen.Results) and event.is_final and event.transcript:
                found.append(event.transcript)
            elif isinstance(event, Reconnected):
                found.append(Reconnected)
    return found


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ({"after_audio_s": 0.4}, [Reconnected, "one two", "three", "four five six"]),
        ({"after_messages": 1}, ["one two", Reconnected, "three", "four five six"]),
        ({"after_messages": 2}, ["one two", "three", Reconnected, "four five six"]),
    ],
)
async def test_a_script_goes_on_after_a_cut(
    server: ScriptedServer, dg: DeepgramClient, cut: dict[str, Any], expected: list[Any]
) -> None:
    server.cut(**cut)
    assert await heard(dg, server.script_s + 1.5) == expected
    assert len(server.sessions) == 2
    # What breaks on the way to the network is no stream to go on with.
    assert await heard(dg, server.script_s + 1.5) == ["one two", "three", "four five six"]


@pytest.mark.parametrize("kind", ["fin", "reset"])
async def test_a_cut_by_hand(server: ScriptedServer, dg: DeepgramClient, kind: Any) -> None:
    async with dg.listen.v1.connect(**RAW) as connection:
        await connection.send(silence(1.5))
        events = [await anext(aiter(connection))]
        server.cut(kind)
        async for event in connection:
            events.append(event)
            if isinstance(event, Reconnected):
                await connection.send(silence(server.script_s))
                await connection.close_stream()
    assert [event.transcript for event in events if isinstance(event, listen.Results) and event.transcript] == SCRIPT


async def test_a_cut_that_was_announced(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.cut(after_bytes=20_000, direction="to_server")
    assert await heard(dg, server.script_s + 1.5) == [Reconnected, *SCRIPT]


async def test_two_breaks_and_channels(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript=[Utterance(text, channel=index % 2) for index, text in enumerate(SCRIPT)])
    server.misbehave(close_after_messages=1, close_code=1011, connections=2)
    audio = silence(server.script_s + 1.5, channels=2)
    async with dg.listen.v1.stream(audio, **RAW, channels=2, multichannel=True, pace=40.0) as events:
        results = [event async for event in events if isinstance(event, listen.Results) and event.transcript]
    found = [(result.channel_index[0], result.transcript) for result in results]
    assert found == [(0, "one two"), (1, "three"), (0, "four five six")]
    assert len(server.sessions) == 3


async def test_turns_go_on_after_a_break(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.cut(after_audio_s=2.5)
    async with dg.listen.v2.stream(silence(server.script_s + 2.0), **RAW, pace=40.0) as events:
        turns = [event async for event in events if isinstance(event, flux.TurnInfo) and event.event == "EndOfTurn"]
    assert [(turn.turn_index, turn.transcript) for turn in turns] == [
        (0, "One two."),
        (1, "Three."),
        (2, "Four five six."),
    ]


async def test_an_agents_conversation_goes_on_after_a_break(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript=["first", "second"], replies=["one", "two"])
    said = []
    async with dg.agent.v1.connect(SETTINGS) as connection:
        await connection.send(silence(1.5))
        async for event in connection:
            if isinstance(event, agent.ConversationText):
                said.append(event.content)
            elif isinstance(event, Reconnected):
                await connection.send(silence(1.5))
            elif isinstance(event, agent.AgentAudioDone):
                if len(said) == 4:
                    break
                server.cut()
    assert said == ["First.", "one", "Second.", "two"]


async def test_a_client_that_left_begins_anew(server: ScriptedServer, dg: DeepgramClient) -> None:
    with pytest.raises(ZeroDivisionError):
        async with dg.listen.v1.connect(**RAW) as connection:
            await connection.send(silence(1.5))
            assert isinstance(await anext(aiter(connection)), listen.Results)
            raise ZeroDivisionError
    await server.until(lambda: server.session.ended)
    assert await heard(dg, 1.5) == ["one two"]


async def test_refusals(server: ScriptedServer) -> None:
    async with server.client(NEVER) as dg:
        server.refuse(429, retry_after_s=7)
        with pytest.raises(RateLimitError) as caught:
            await heard(dg, 1.5)
        assert caught.value.retry_after == 7
        assert server.session.status == 429
        assert await heard(dg, 1.5) == ["one two"]
        server.refuse(400, count=None)
        for _ in range(2):
            with pytest.raises(BadRequestError):
                await dg.auth.v1.token_details()
        assert [request.status for request in server.requests] == [400, 400]
        server.behave()
        await dg.auth.v1.token_details()
        assert server.requests[-1].status == 200


async def test_a_stall_until_it_is_resumed(server: ScriptedServer, dg: DeepgramClient) -> None:
    async with dg.listen.v1.connect(**RAW) as connection:
        server.stall("to_server")
        await connection.send(silence(1.5))
        with pytest.raises(AssertionError):
            await server.until(lambda: server.session.audio_s > 0, timeout_s=0.05)
        server.resume()
        await server.until(lambda: server.session.audio_s > 1)


async def test_a_stall_that_passes(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.stall("to_client", after_bytes=0, for_s=0.05)
    assert await heard(dg, 1.5) == ["one two"]


async def test_faults_of_the_next_connections(server: ScriptedServer) -> None:
    async with server.client(NEVER) as dg:
        server.next_connection(Refuse(), count=2)
        server.next_connection(Answer(status=400))
        for expected in (TransportError, TransportError, BadRequestError):
            with pytest.raises(expected):
                await heard(dg, 1.5)
        assert await heard(dg, 1.5) == ["one two"]


@pytest.mark.parametrize(
    "faults",
    [
        {"close_after_audio_s": 0.5, "close_code": 1011},
        FaultOptions(close_after_audio_s=0.5, close_code=1011),
        [Cut(after_bytes=20_000, direction="to_server")],
        Plan([[Cut(after_bytes=20_000, direction="to_server")]]),
    ],
)
async def test_faults_from_the_start(faults: Any) -> None:
    async with serve(faults=faults) as server, server.client(NEVER) as dg:
        with pytest.raises(ConnectionClosed):
            await heard(dg, 1.5)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda server: server.misbehave(close_code=1000), "close_code needs"),
        (lambda server: server.misbehave(no_such_thing=1), "no_such_thing"),
        (lambda server: server.misbehave(FaultOptions(), seed=1), "not both"),
        (lambda server: server.stall(for_s=1.0), "resume"),
        (lambda server: server.cut(after_audio_s=-1), "close_after_audio_s"),
        (lambda server: server.cut("softly", after_s=1.0), "fin, reset"),
        (lambda server: server.script(transcript=7), "not int"),
    ],
)
async def test_what_cannot_be_had(server: ScriptedServer, use: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        use(server)


async def test_from_another_thread(server: ScriptedServer, dg: DeepgramClient) -> None:
    async with dg.listen.v1.connect(**RAW, reconnect=NEVER.reconnect) as connection:
        await anyio.to_thread.run_sync(server.cut)
        with pytest.raises(ConnectionClosed):
            await anext(aiter(connection))
        await anyio.to_thread.run_sync(server.wait_until, lambda: server.session.ended)
