"""The application's tests. The fixtures come with deepgram_anyio: no key, no network, no recogniser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from app import main, write_captions

from deepgram_anyio import DeepgramClient, ReconnectPolicy
from deepgram_anyio.testing import ScriptedServer, audio_for

pytestmark = pytest.mark.anyio  # on asyncio and on trio
AT_ONCE = ReconnectPolicy(first_s=0.0, replay_pace=None)
LINES = ["Hello, world.", "How are you?"]


@pytest.mark.deepgram(transcript=LINES)
async def test_captions(deepgram_client: DeepgramClient, deepgram_server: ScriptedServer) -> None:
    audio = audio_for(LINES)
    captions = await write_captions(deepgram_client, audio)
    assert captions.lines == LINES
    deepgram_server.session.expect_query(model="nova-3", smart_format=True)
    deepgram_server.session.expect_messages("CloseStream")
    deepgram_server.session.expect_audio(audio)


@pytest.mark.deepgram(transcript=LINES)
async def test_a_break_is_repaired(deepgram_client: DeepgramClient, deepgram_server: ScriptedServer) -> None:
    deepgram_server.cut(after_messages=1)
    captions = await write_captions(deepgram_client, audio_for(LINES), pace=10.0, reconnect=AT_ONCE)
    assert captions == (LINES, 1)
    assert len(deepgram_server.sessions) == 2


async def test_a_recorded_session(deepgram_replay: Callable[..., Any]) -> None:
    recorded = deepgram_replay("greeting.jsonl")
    async with recorded.client() as dg:
        assert (await write_captions(dg, audio_for("Hi!", tail_s=0.5))).lines == ["Hi!"]


async def test_the_whole_program(
    deepgram_environment: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Input:
        class buffer:  # noqa: N801 - as in the standard library
            read = staticmethod(lambda: audio_for("hello world"))

    monkeypatch.setattr("sys.stdin", Input)
    await main()
    assert capsys.readouterr().out == "Hello world.\n"


def test_without_an_event_loop(deepgram_sync_client: Any) -> None:
    with deepgram_sync_client.listen.v1.stream(
        audio_for("hello world"), encoding="linear16", sample_rate=16000
    ) as events:
        assert any(getattr(event, "transcript", "") == "hello world" for event in events)
