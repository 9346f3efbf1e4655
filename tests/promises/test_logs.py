"""The promise: no log line above DEBUG has a key, audio, or a word that anybody said; and no log line at all has a key.

Client and embedded server run in one process here, so both ends' lines are looked at, and those of every library below.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from deepgram_anyio import AuthenticationError, ClientConfig, ConnectionClosed, DeepgramClient, RetryPolicy
from deepgram_anyio.local import FaultOptions, serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol import Reconnected, UnknownEvent, agent, listen
from deepgram_anyio.sync import LiveTranscriptionEvents
from deepgram_anyio.sync.v4.socket_listen import ListenWebSocketClient

from ..stand_in import NEVER
from ..sync.socket_support import RAW as RAW_V4
from ..sync.socket_support import Record, config, stand_in
from .ear import SOON

KEY, WRONG_KEY = "k3y-0123456789abcdef", "wr0ng-0123456789abcdef"
HEARD, SAID, CALLED = "quokka", "wombat", "Platypusville"
AUDIO = b"\x13\x37" * 16_000  # loud enough to be heard, and told from all else
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16_000}
SETTINGS = {"audio": {"input": RAW}, "agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}}}
CONFIG = ClientConfig(proxy="", retry=RetryPolicy(first_s=0.001), reconnect=SOON)


def lines(caplog: pytest.LogCaptureFixture, above: int = 0) -> Iterator[str]:
    """All that the records tell, their tracebacks included."""
    formatter = logging.Formatter("%(name)s %(message)s")
    for record in caplog.records:
        if record.levelno > above:
            yield f"{formatter.format(record)} {record.__dict__}"


def check(caplog: pytest.LogCaptureFixture, *more_secrets: str) -> None:
    """See that nothing is told, and that there was something to look at."""
    secrets = [KEY, WRONG_KEY, *more_secrets]
    assert [line for line in lines(caplog) if any(secret in line for secret in secrets)] == []
    audio = [repr(AUDIO[:8])[2:-1], AUDIO[:8].hex(), str(list(AUDIO[:8]))[1:-1]]
    private = [HEARD, SAID, CALLED.lower(), *audio]
    above = list(lines(caplog, above=logging.DEBUG))
    assert [line for line in above if any(word in line.lower() for word in private)] == []
    assert any(line.startswith("deepgram_anyio") for line in above)


@pytest.fixture
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)


def engines() -> dict[str, Any]:
    return {"recognizer": ScriptedRecognizer([f"the {HEARD} sleeps"] * 9), "voice": ToneVoice(word_s=0.02, pause_s=0)}


@asynccontextmanager
async def misbehaving(faults: FaultOptions) -> AsyncIterator[DeepgramClient]:
    with anyio.fail_after(30):
        async with (
            serve(api_keys=[KEY], faults=faults, **engines()) as server,
            DeepgramClient(KEY, base_url=server.url, config=CONFIG) as dg,
        ):
            yield dg


async def listen_live(dg: DeepgramClient) -> None:
    async with dg.listen.v1.stream(AUDIO, **RAW, interim_results=True) as results:
        events = [event async for event in results]
    assert any(HEARD in event.transcript for event in events if isinstance(event, listen.Results))


async def take_turns(dg: DeepgramClient) -> None:
    async with dg.listen.v2.stream(AUDIO, **RAW, model="flux-general-en") as turns:
        events = [event async for event in turns]
    assert HEARD in str(events)


async def speak(dg: DeepgramClient) -> None:
    async with dg.speak.v1.connect(encoding="linear16", sample_rate=16_000) as connection:
        assert [chunk async for chunk in connection.synthesize(f"The {SAID} sleeps.")]
    async with dg.speak.v2.connect(model="flux-haley-en") as turns:
        assert [chunk async for chunk in turns.synthesize(f"The {SAID} sleeps.")]


async def converse(dg: DeepgramClient) -> None:
    asked: list[str] = []

    async def get_weather(city: str) -> str:
        """Tell the weather in a city."""
        asked.append(city)
        raise LookupError(f"no weather in {city}, where the {HEARD} sleeps")

    async with dg.agent.v1.connect(SETTINGS, functions={"get_weather": get_weather}) as connection:
        await connection.inject_user_message(f"What is the weather in {CALLED}?")
        async for event in connection:
            if isinstance(event, agent.ConversationText) and event.role == "assistant":
                break
    assert asked == [CALLED]


async def call_rest(dg: DeepgramClient) -> list[str]:
    """Make every kind of REST call; return the secrets that came back."""
    assert HEARD in (await dg.listen.v1.transcribe_file(AUDIO, extra_query=RAW)).transcript
    assert (await dg.speak.v1.generate(f"The {SAID} sleeps.", encoding="linear16", container="none")).audio
    assert SAID in ((await dg.read.v1.analyze(f"The {SAID} sleeps. It is fine.", summarize=True)).summary or "")
    (project,) = await dg.manage.v1.projects.list()
    assert project.project_id is not None
    key = await dg.manage.v1.keys.create(project.project_id, "one", ["member"])
    token = await dg.auth.v1.grant_token()
    async with DeepgramClient(access_token=token.access_token, base_url=dg.base_url, config=CONFIG) as granted:
        await granted.speak.v1.generate("Hi.")
    return [str(key.key), token.access_token]


async def be_refused(url: str) -> None:
    async with DeepgramClient(WRONG_KEY, base_url=url, config=CONFIG) as dg:
        with pytest.raises(AuthenticationError):
            async with dg.listen.v1.connect(**RAW):
                pass
        with pytest.raises(AuthenticationError):
            await dg.read.v1.analyze(f"The {SAID} sleeps.", summarize=True)


@pytest.mark.anyio
@pytest.mark.usefixtures("_everything")
async def test_one_session_of_everything_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with anyio.fail_after(30):
        async with serve(api_keys=[KEY], **engines()) as server:
            async with DeepgramClient(KEY, base_url=server.url, config=CONFIG) as dg:
                for use in (listen_live, take_turns, speak, converse):
                    await use(dg)
                secrets = await call_rest(dg)
            await be_refused(server.url)
    assert {"httpcore", "deepgram_anyio"} <= {record.name.partition(".")[0] for record in caplog.records}
    assert "get_weather failed" in caplog.text
    check(caplog, *secrets)


@pytest.mark.anyio
@pytest.mark.usefixtures("_everything")
@pytest.mark.parametrize("code", [1006, 1012])
async def test_breaks_and_what_follows_them_tell_nothing(code: int, caplog: pytest.LogCaptureFixture) -> None:
    faults = FaultOptions(connections=1, close_after_audio_s=0.5, close_code=code)
    async with misbehaving(faults) as dg, dg.listen.v1.stream(AUDIO, **RAW, pace=8.0) as results:
        assert any([isinstance(event, Reconnected) async for event in results])
    with pytest.raises(ConnectionClosed):
        async with misbehaving(faults) as dg, dg.listen.v1.stream(AUDIO, **RAW, reconnect=NEVER) as results:
            async for _ in results:
                pass
    assert "connected again" in caplog.text
    check(caplog)


@pytest.mark.anyio
@pytest.mark.usefixtures("_everything")
async def test_retries_refusals_and_messages_gone_wrong_tell_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with misbehaving(FaultOptions(refuse_status=503, refuse_count=1, odd_every=1, odd_kind="mixed")) as dg:
        await dg.listen.v1.transcribe_file(AUDIO, extra_query=RAW)
        async with dg.listen.v1.stream(AUDIO, **RAW, interim_results=True) as results:
            assert any([isinstance(event, UnknownEvent) async for event in results])
    assert "is tried again" in caplog.text
    check(caplog)


@pytest.mark.usefixtures("_everything")
def test_a_handler_that_fails_with_what_it_heard_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(result: Any) -> None:
        raise ValueError(f"cannot show {result.channel.alternatives[0].transcript}")

    with stand_in() as server:
        client = ListenWebSocketClient(config(server.url))
        record = Record(client)
        client.on(LiveTranscriptionEvents.Transcript, fail)
        assert client.start(RAW_V4)
        assert client.finalize()
        assert "cannot show so far" in record.wait_for("Error").message
        assert client.finish()
    assert "fail, handler of Results, raised" in caplog.text
    assert not [line for line in lines(caplog, above=logging.DEBUG) if "so far" in line or "all of it" in line]
    assert not [line for line in lines(caplog) if "sk-secret" in line]
