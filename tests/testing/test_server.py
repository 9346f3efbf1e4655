"""The scripted server, with the real client: every kind of stream and call hears, says and answers by the script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from deepgram_anyio import AuthenticationError, ConfigError, DeepgramClient, testing
from deepgram_anyio.local import RuleThinker
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer
from deepgram_anyio.protocol import agent, flux, listen
from deepgram_anyio.testing import ScriptedServer, SpokenWord, Utterance, audio_for, serve, silence, wav_of

pytestmark = pytest.mark.anyio

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
SETTINGS: dict[str, Any] = {
    "audio": {
        "input": {"encoding": "linear16", "sample_rate": 16000},
        "output": {"encoding": "linear16", "sample_rate": 16000, "container": "none"},
    },
    "agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}, "prompt": "Be brief."}},
}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with serve() as running:
        yield running


@pytest.fixture
async def dg(server: ScriptedServer) -> AsyncIterator[DeepgramClient]:
    async with server.client() as client:
        yield client


async def heard(dg: DeepgramClient, audio: bytes, **options: Any) -> list[listen.Results]:
    async with dg.listen.v1.stream(audio, **{**RAW, **options}) as events:
        return [event async for event in events if isinstance(event, listen.Results)]


def said(results: list[listen.Results]) -> list[str]:
    return [result.transcript for result in results if result.is_final and result.transcript]


async def test_what_is_heard_does_not_depend_on_the_audio(server: ScriptedServer, dg: DeepgramClient) -> None:
    assert said(await heard(dg, silence(1.5))) == ["hello world"]
    assert said(await heard(dg, b"\x12\x34" * 24000)) == ["hello world"]
    assert said(await heard(dg, silence(0.1))) == ["hello world"]  # cut short, it is heard all the same
    assert [session.audio_s for session in server.sessions] == pytest.approx([1.5, 1.5, 0.1])


async def test_utterances_have_their_times(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript=["one two", Utterance(words=[SpokenWord("three", 2.25, 2.5, confidence=0.5)])])
    results = await heard(dg, silence(4.0))
    words = [word for result in results if result.is_final for word in result.channel.alternatives[0].words]
    assert [(word.word, word.start, word.end, word.confidence) for word in words] == [
        ("one", 0.0, 0.3, 1.0),
        ("two", 0.3, 0.6, 1.0),
        ("three", 2.25, 2.5, 0.5),
    ]


async def test_interims_as_scripted(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript=Utterance("hello world", end_s=2.0, interims=["yellow", "hello word"]))
    results = await heard(dg, silence(3.0), interim_results=True)
    assert [result.transcript for result in results if not result.is_final][:3] == ["yellow", *["hello word"] * 2]
    assert said(results) == ["hello world"]


async def test_text_is_written_as_it_stands_in_the_script(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript=["Hello, McDonald!", "how are you"])
    audio = silence(server.script_s + 1.0)
    assert said(await heard(dg, audio, smart_format=True)) == ["Hello, McDonald!", "How are you?"]
    assert said(await heard(dg, audio)) == ["hello mcdonald", "how are you"]


async def test_speakers_and_channels(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript=[Utterance("who", speaker=0, channel=0), Utterance("me", speaker=1, channel=1)])
    results = await heard(dg, silence(4.0, channels=2), channels=2, multichannel=True, diarize=True)
    finals = [result for result in results if result.is_final and result.transcript]
    assert [(result.channel_index[0], result.transcript) for result in finals] == [(0, "who"), (1, "me")]
    assert [result.channel.alternatives[0].words[0].speaker for result in finals] == [0, 1]
    recorded = await dg.listen.v1.transcribe_file(wav_of(silence(4.0)), diarize=True, utterances=True)
    assert list(recorded.by_speaker()) == [(0, "who"), (1, "me")]
    assert [utterance.speaker for utterance in recorded.results.utterances or []] == [0, 1]
    assert recorded.metadata.warnings is None


async def test_any_language(dg: DeepgramClient) -> None:
    assert said(await heard(dg, silence(1.0), language="fr")) == ["hello world"]
    answer = await dg.listen.v1.transcribe_file(wav_of(silence(1.0)), language="ja")
    assert answer.transcript == "hello world"


async def test_a_function_sees_who_asks(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript=lambda asked: f"{asked.query.get('language', 'en')} number {asked.number}")
    assert said(await heard(dg, silence(2.0), language="de")) == ["de number 1"]
    assert said(await heard(dg, silence(2.0))) == ["en number 2"]
    assert (await dg.listen.v1.transcribe_file(wav_of(silence(2.0)))).transcript == "en number 1"


async def test_turns(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript=["Hello there.", "bye"])
    async with dg.listen.v2.stream(silence(server.script_s + 2.0), **RAW) as events:
        turns = [event async for event in events if isinstance(event, flux.TurnInfo)]
    assert [turn.transcript for turn in turns if turn.event == "EndOfTurn"] == ["Hello there.", "Bye."]
    server.session.expect_messages("CloseStream")


async def test_speech_is_a_hum_or_a_file(server: ScriptedServer, dg: DeepgramClient) -> None:
    raw: dict[str, Any] = {"encoding": "linear16", "container": "none", "sample_rate": 16000}
    assert len((await dg.speak.v1.generate("two words", **raw)).audio) == 2 * 16000 * 0.6
    file = wav_of(audio_for("anything"))
    server.script(speech=file)
    assert wav_of((await dg.speak.v1.generate("two words", **raw)).audio) == file
    async with dg.speak.v1.connect(**RAW) as connection:
        audio = b"".join([bytes(chunk) async for chunk in connection.synthesize("two words")])
    assert wav_of(audio) == file
    assert server.requests[1].json() == {"text": "two words"}
    server.session.expect_messages("Speak", "Flush", "Close")


async def test_an_agent_answers_from_a_list(server: ScriptedServer, dg: DeepgramClient) -> None:
    server.script(transcript="Good morning.", replies=["Hello!", "Bye!"])
    told = []
    async with dg.agent.v1.connect(SETTINGS) as connection:
        await connection.send(silence(1.5))
        async for event in connection:
            if isinstance(event, agent.ConversationText):
                told.append((event.role, event.content))
            if isinstance(event, agent.AgentAudioDone):
                if len(told) == 4:
                    break
                await connection.inject_user_message("and now?")
    assert told == [("user", "Good morning."), ("assistant", "Hello!"), ("user", "and now?"), ("assistant", "Bye!")]
    assert server.session.audio_s == pytest.approx(1.5)


async def test_another_recogniser_can_listen() -> None:
    async with serve(recognizer=ScriptedRecognizer(["by the sound"])) as server, server.client() as dg:
        assert said(await heard(dg, silence(1.0))) == []
        assert said(await heard(dg, audio_for("three words long"))) == ["by the sound"]


async def test_keys_are_checked_when_there_are_some() -> None:
    async with serve(api_keys=["the-key"]) as server:
        async with server.client() as dg:
            assert said(await heard(dg, silence(1.0))) == ["hello world"]
            assert server.session.headers["authorization"] == "Token the-key"
        async with DeepgramClient("another", base_url=server.url) as stranger:
            with pytest.raises(AuthenticationError):
                await heard(stranger, silence(1.0))


async def test_waiting(server: ScriptedServer, dg: DeepgramClient) -> None:
    async with dg.listen.v1.connect(**RAW) as connection:
        await connection.send(silence(0.5))
        await server.until(lambda: server.session.audio_s > 0.4)
        with pytest.raises(AssertionError, match=r"session 1 of /v1/listen$"):
            await server.until(lambda: server.session.ended, timeout_s=0.01)
        with pytest.raises(ConfigError, match="until"):
            server.wait_until(lambda: True)
    await server.until(lambda: server.session.ended)


async def test_a_wait_can_be_cancelled(server: ScriptedServer) -> None:
    with anyio.move_on_after(0.05) as scope:
        await server.until(lambda: False, timeout_s=1.0)
    assert scope.cancelled_caught


async def test_a_bodys_exception_leaves_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with serve():
            raise ZeroDivisionError


async def test_resetting(server: ScriptedServer, dg: DeepgramClient) -> None:
    await heard(dg, silence(0.5))
    server.misbehave(refuse_status=400)
    server.reset()
    assert server.sessions == []
    assert server.requests == []
    assert said(await heard(dg, silence(1.0))) == ["hello world"]
    server.begin_anew(transcript="other", replies=["x"])
    assert said(await heard(dg, silence(1.0))) == ["other"]
    assert isinstance(server._mind._rules, RuleThinker)
    assert len(server.sessions) == 1


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = testing.nothing
