"""What the page is told about real sessions of the server: captions, levels, latencies and ends, of every socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.abc import TaskStatus

from deepgram_anyio import ConnectionClosed, DeepgramClient
from deepgram_anyio.local import FaultOptions, LocalServer, serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol.frames import Close, Frame
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.transport import open_websocket

from ..stand_in import ONE_CONNECTION
from .watching import watching

pytestmark = pytest.mark.anyio

SCRIPT = ["one two three", "four five"]
SOUND = b"".join(ToneVoice().synthesize("One two three. Four five."))
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[LocalServer, DeepgramClient]]:
    async with (
        serve(recognizer=ScriptedRecognizer(SCRIPT), voice=ToneVoice(), **options) as server,
        DeepgramClient("any", base_url=server.url, config=ONE_CONNECTION) as dg,
    ):
        yield server, dg


def said(events: list[dict[str, Any]]) -> list[str]:
    return [event["text"] for event in events if event.get("final") and event["text"]]


async def test_a_transcription_from_its_beginning_to_its_end() -> None:
    async with serving() as (server, dg), watching(server.url) as watch:
        async with dg.listen.v1.stream(SOUND, **RAW, interim_results=True, tag="booth") as stream:
            request_id = stream.request_id
            async for _ in stream:
                pass
        ended = await watch.event("Ended")
    began = watch.of("Began")[0]["stream"]
    assert 0 <= began.pop("age_s") < 5
    assert began == {
        "id": request_id,
        "kind": "listen v1",
        "model": "nova-3",
        "tags": ["booth"],
        "audio": "linear16, 16 kHz, mono",
    }
    assert said(watch.of("Caption")) == SCRIPT
    assert ended == {"type": "Ended", "id": request_id, "outcome": "finished", "code": 1000, "reason": ""}
    levels = watch.of("Level", source="client")
    assert 0.2 < levels[-1]["rms"] < 0.4
    assert 0 < levels[-1]["audio_s"] <= len(SOUND) / 32000
    latencies = watch.of("Latency", what="final")
    assert len(latencies) == 2
    assert all(0 <= event["seconds"] < 5 for event in latencies)
    assert {event.get("id", request_id) for event in watch.events} == {request_id}


async def test_two_connections_do_not_mix() -> None:
    async with serving() as (server, dg), watching(server.url) as watch:

        async def speak(words: bytes, ids: dict[str, str], name: str) -> None:
            async with dg.listen.v1.stream(words, **RAW, tag=name) as stream:
                assert stream.request_id is not None
                ids[name] = stream.request_id
                async for _ in stream:
                    pass

        ids: dict[str, str] = {}
        short = b"".join(ToneVoice().synthesize("One two three."))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speak, SOUND, ids, "long")
            tasks.start_soon(speak, short, ids, "short")
        await watch.until(lambda: len(watch.of("Ended")) == 2)
    assert said(watch.of("Caption", id=ids["long"])) == SCRIPT
    assert said(watch.of("Caption", id=ids["short"])) == SCRIPT[:1]


async def test_who_comes_later_sees_what_goes_on() -> None:
    async with serving() as (server, dg), dg.listen.v1.connect(**RAW) as connection:
        await connection.send(SOUND[:3201])  # not whole samples
        await connection.keep_alive()
        async with watching(server.url) as watch:
            assert [stream["id"] for stream in watch.events[0]["streams"]] == [connection.request_id]
            await connection.send(SOUND[3201:])
            await connection.close_stream()
            assert (await watch.event("Ended"))["outcome"] == "finished"
        assert said(watch.of("Caption")) == SCRIPT
        assert max(event["peak"] for event in watch.of("Level")) < 0.5  # in step with the samples
        assert all(event["seconds"] < 5 for event in watch.of("Latency"))


async def test_a_cut_shows() -> None:
    faults = FaultOptions(close_code=1012, close_after_audio_s=0.5)
    async with serving(faults=faults) as (server, dg), watching(server.url) as watch:
        with pytest.raises(ConnectionClosed):
            async with dg.listen.v1.stream(SOUND, **RAW) as stream:
                async for _ in stream:
                    pass
        ended = await watch.event("Ended")
    assert (ended["outcome"], ended["code"]) == ("cut", 1012)


async def test_a_client_that_vanishes_shows() -> None:
    async with serving() as (server, _), watching(server.url) as watch:
        url = f"{server.url}/v1/listen?encoding=linear16&sample_rate=16000"
        async with open_websocket(url) as socket:
            await socket.send(SOUND[:3200])
            await watch.event("Level")
            with anyio.CancelScope() as scope:
                scope.cancel()
                await socket.close()
        ended = await watch.event("Ended")
    assert (ended["outcome"], ended["code"]) == ("cut", 1006)


async def test_what_the_server_does_not_bear_shows_with_its_reason() -> None:
    async with serving() as (server, dg), watching(server.url) as watch:
        with pytest.raises(ConnectionClosed):
            async with dg.listen.v1.stream(b"no audio that anybody knows" * 9) as stream:
                async for _ in stream:
                    pass
        ended = await watch.event("Ended")
    assert (ended["outcome"], ended["code"]) == ("closed", 1008)
    assert ended["reason"].startswith("DATA-0000")


async def test_a_wav_file_has_levels_too() -> None:
    wav = wav_header(data_bytes=len(SOUND), sample_rate=16000) + SOUND
    async with serving() as (server, dg), watching(server.url) as watch:
        async with dg.listen.v1.connect() as connection:
            await connection.send(wav[:3000])
            await connection.send(wav[3000:])
            await connection.close_stream()
            async for _ in connection:
                pass
        await watch.event("Ended")
    assert 0.2 < watch.of("Level")[0]["rms"] < 0.4


async def test_the_turns_of_flux() -> None:
    sound = b"".join(ToneVoice(pause_s=2.0).synthesize("One two three. Four five."))
    async with serving() as (server, dg), watching(server.url) as watch:
        async with dg.listen.v2.stream(sound, model="flux-general-en", **RAW) as stream:
            async for _ in stream:
                pass
        ended = await watch.event("Ended")
    assert said(watch.of("Caption")) == ["One two three.", "Four five."]
    assert ended["outcome"] == "finished"
    assert len(watch.of("Latency", what="final")) == 2


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_speech_shows_its_text_and_what_it_sounds_like(version: str) -> None:
    async with serving() as (server, dg), watching(server.url) as watch:
        options = RAW if version == "v1" else {**RAW, "model": "flux-tts-en"}
        speak = dg.speak.v1 if version == "v1" else dg.speak.v2
        async with speak.connect(**options) as connection:
            audio = [chunk async for chunk in connection.synthesize("Hello there.")]
        await watch.event("Ended")
    assert audio
    assert said(watch.of("Caption")) == ["Hello there."]
    assert watch.of("Latency", what="audio")
    assert watch.of("Level", source="server")[0]["rms"] > 0.1


async def test_a_conversation_shows_both_sides() -> None:
    settings = {
        "type": "Settings",
        "audio": {"input": {"encoding": "linear16", "sample_rate": 16000}},
        "agent": {"greeting": "Good day.", "think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}},
    }
    async with serving() as (server, _), watching(server.url) as watch:
        async with open_websocket(f"{server.url}/v1/agent/converse") as socket:
            await socket.send(json.dumps(settings))
            await watch.event("Caption", who="assistant", text="Good day.")
            await socket.send(SOUND + bytes(64000))
            for what in ({"kind": "Caption", "who": "user"}, {"kind": "Latency", "what": "answer"}):
                await watch.event(**what)
            for source in ("client", "server"):
                await watch.event("Level", source=source)
        ended = await watch.event("Ended")
    assert watch.of("Caption", who="user")[0]["text"].lower().startswith("one two three")
    assert ended["outcome"] == "left"


async def test_the_end_of_the_server_is_told() -> None:
    frames: list[Frame] = []

    async def watch(url: str, *, task_status: TaskStatus[None]) -> None:
        async with open_websocket(f"{url}/_page/events", {"Origin": url}) as socket:
            frames.extend(await socket.receive_batch())
            task_status.started()
            while not isinstance(frames[-1], Close):
                frames.extend(await socket.receive_batch())

    async with anyio.create_task_group() as tasks, serving() as (server, _):
        await tasks.start(watch, server.url)
    assert frames[-1] == Close(1001, "the server is stopping")
