"""The blocking client: what it is made of, how it opens and closes, and the native services behind it."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

import deepgram_anyio
from deepgram_anyio import ClientConfig, errors
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol import agent, listen
from deepgram_anyio.protocol.rest.operations import OPERATIONS
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.sync import Deepgram, DeepgramClient, DeepgramClientOptions
from deepgram_anyio.sync.v4.routers import ListenRouter

from ..rest_peer import json_reply
from .v4_rest_support import peer_of

WORDS = "the people of the united states"


def recording() -> bytes:
    samples = b"".join(ToneVoice().synthesize("Hm hm hm. Hm hm."))
    return wav_header(sample_rate=16000, data_bytes=len(samples)) + samples


@pytest.fixture
def dg() -> Iterator[DeepgramClient]:
    with DeepgramClient.local(recognizer=ScriptedRecognizer([WORDS, WORDS]), voice=ToneVoice()) as client:
        yield client


def test_recordings_speech_and_text(dg: DeepgramClient, tmp_path: Path) -> None:
    heard = dg.listen.v1.transcribe_file(recording(), smart_format=True)
    assert heard.transcript.lower().startswith(WORDS)
    assert dg.speak.v1.generate("Hello.").content_type == "audio/mpeg"
    assert dg.speak.v1.save(tmp_path / "hello.mp3", "Hello.").char_count == 6
    with dg.speak.v2.stream("Hello.", encoding="linear16", container="none", sample_rate=8000) as stream:
        assert stream.info.char_count == 6
        assert len(b"".join(stream)) > 4000
    assert dg.read.v1.analyze("I love it. It is wonderful.", sentiment=True).sentiment is not None


def test_management(dg: DeepgramClient) -> None:
    (project,) = dg.manage.v1.projects.list()
    assert project.project_id is not None
    for text in ("One.", "Two.", "Three."):
        dg.speak.v1.generate(text)
    assert len(list(dg.manage.v1.requests.iterate(project.project_id, limit=2))) == 3
    key = dg.manage.v1.keys.create(project.project_id, "blocking", ["member"])
    assert dg.manage.v1.keys.delete(project.project_id, key.api_key_id or "").message
    assert dg.auth.v1.grant_token().access_token
    assert len(dg.selfhosted.v1.credentials.list(project.project_id)) == 0
    assert dg.agent.v1.configurations.create(project.project_id, {"greeting": "Hi."}).agent_id
    with pytest.raises(errors.NotFoundError):
        dg.manage.v1.projects.get("nothing")


def test_live_transcription(dg: DeepgramClient) -> None:
    with dg.listen.v1.stream(recording(), interim_results=True) as connection:
        finals = [event for event in connection if isinstance(event, listen.Results) and event.is_final]
    assert " ".join(event.transcript for event in finals).startswith(WORDS)
    assert connection.request_id


def test_sending_by_hand(dg: DeepgramClient) -> None:
    audio = recording()[44:]
    with dg.listen.v1.connect(encoding="linear16", sample_rate=16000) as connection:
        for start in range(0, len(audio), 640):
            connection.send(audio[start : start + 640])
        connection.send(b"")
        connection.close_stream()
        heard = "".join(event.transcript for event in connection if isinstance(event, listen.Results))
    assert WORDS in heard
    assert connection.stats.bytes_sent == len(audio)


def test_conversations_and_speech(dg: DeepgramClient) -> None:
    settings = {
        "audio": {"input": {"encoding": "linear16", "sample_rate": 16000}},
        "agent": {"greeting": "Hello there."},
    }
    with dg.agent.v1.connect(settings, functions={}) as conversation:
        event = next(event for event in conversation if isinstance(event, agent.ConversationText))
    assert event.content == "Hello there."
    with dg.speak.v1.connect(encoding="linear16", sample_rate=16000) as speech:
        chunks = speech.synthesize("Hello there.")
        assert len(b"".join(chunks)) > 16_000
        assert not chunks.interrupted
        assert speech.stats.text_chars_sent == 12


def test_an_exception_of_the_body_leaves_as_it_is(dg: DeepgramClient) -> None:
    with pytest.raises(KeyError, match="mine"), dg.listen.v1.connect(encoding="linear16", sample_rate=16000):
        raise KeyError("mine")


def test_leaving_early(dg: DeepgramClient) -> None:
    with dg.listen.v1.stream(recording(), interim_results=True) as connection:
        next(connection)


def test_many_threads(dg: DeepgramClient) -> None:
    heard: list[str] = []

    def work() -> None:
        heard.append(dg.listen.v1.transcribe_file(recording()).transcript)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [f"{WORDS} {WORDS}"] * 8


def test_every_operation_is_there(dg: DeepgramClient) -> None:
    for operation in OPERATIONS:
        found: Any = dg
        for name in operation.call.partition("(")[0].split("."):
            found = getattr(found, name)
        assert callable(found), operation.call
        assert not inspect.iscoroutinefunction(found)
        assert inspect.getdoc(found)


def test_signatures_are_those_of_the_async_client(dg: DeepgramClient) -> None:
    native = deepgram_anyio.DeepgramClient("key", base_url="http://127.0.0.1:9")
    for path in ("listen.v1.transcribe_file", "manage.v1.keys.create", "listen.v1.connect", "speak.v2.generate"):
        ours: Any = dg
        theirs: Any = native
        for name in path.split("."):
            ours, theirs = getattr(ours, name), getattr(theirs, name)
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
        assert ours.__doc__ == theirs.__doc__


def test_settings_of_both_kinds() -> None:
    with peer_of(json_reply({"projects": []})) as (config, peer):
        clients = [
            DeepgramClient("key-1", DeepgramClientOptions(url=peer.url, headers={"X-Team": "speech"})),
            DeepgramClient("", DeepgramClientOptions(api_key="key-1", url=peer.url)),
            DeepgramClient(config=ClientConfig(api_key="key-1", base_url=peer.url)),
            DeepgramClient("key-1", base_url=peer.url),
            DeepgramClient(access_token="token-1", base_url=peer.url),
            DeepgramClient("", config),
        ]
        for client in clients:
            client.manage.v1.projects.list()
            assert "key-1" not in repr(client)
            client.manage.v("1").get_projects()
    said = [asked.headers["authorization"] for asked in peer.asked]
    assert said == ["Token key-1"] * 8 + ["Bearer token-1"] * 2 + ["Token key-1"] * 2
    assert peer.asked[0].headers["x-team"] == "speech"


def test_a_configuration_that_changes() -> None:
    with peer_of(json_reply({"projects": []})) as (_, peer):
        config = DeepgramClientOptions(api_key="key-1", url=peer.url)
        router = ListenRouter(config)
        assert router.rest.v("1") is not router.rest.v("1")
        client = DeepgramClient("", config)
        config.set_apikey("key-2")
        client.manage.v("1").get_projects()
    assert peer.asked[0].headers["authorization"] == "Token key-2"


def test_refusals() -> None:
    with pytest.raises(errors.ConfigError, match="without TLS"):
        DeepgramClient("key", DeepgramClientOptions(url="http://example.com"))
    DeepgramClient("key", DeepgramClientOptions(url="http://example.com", options={"allow_insecure": "true"}))
    with pytest.raises(errors.DeepgramError, match="version 2"):
        Deepgram("key")
    local = DeepgramClient.local()
    with pytest.raises(errors.ConfigError, match="starts its server"):
        _ = local.listen
    client = DeepgramClient("key")
    with pytest.raises(errors.DeepgramError, match="no version '2'"):
        client.listen.rest.v("2")
    with client, pytest.raises(errors.ConfigError, match="already open"), client:
        raise AssertionError
    client.close()


@pytest.mark.parametrize("old", ["listen.prerecorded", "listen.live", "listen.asynclive", "onprem", "asyncspeak"])
def test_deprecated_spellings_say_so(old: str) -> None:
    found: Any = DeepgramClient("key")
    with pytest.warns(DeprecationWarning, match=old):
        found = reduce(getattr, old.split("."), found)
    assert callable(found.v)


PROGRAM = """
import threading
from deepgram_anyio.sync import DeepgramClient
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
dg = DeepgramClient.local(recognizer=ScriptedRecognizer([]), voice=ToneVoice())
dg.__enter__()
connection = dg.listen.v1.connect(encoding="linear16", sample_rate=16000).__enter__()
connection.send(bytes(640))
print("ready", flush=True)
{end}
"""


@pytest.mark.parametrize("end", ["", "connection.close(); dg.close()", "raise SystemExit(0)"])
def test_a_program_ends_at_once_whatever_is_open(end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(end=end)], capture_output=True, text=True, timeout=10, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\n", "")


def test_one_thread_for_all(dg: DeepgramClient) -> None:
    with dg.listen.v1.connect(encoding="linear16", sample_rate=16000), DeepgramClient.local() as other:
        assert other.base_url != dg.base_url
        loops = [thread for thread in threading.enumerate() if thread.name == "deepgram_anyio"]
        assert len(loops) == 1
        assert loops[0].daemon


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_after_a_fork(dg: DeepgramClient) -> None:
    program = """
import os, sys
from deepgram_anyio.sync import DeepgramClient
from deepgram_anyio import errors
old = DeepgramClient("key", base_url=sys.argv[1])
old.manage.v1.projects.list()
child = os.fork()
if child == 0:
    try:
        connection_ids = DeepgramClient("key", base_url=sys.argv[1]).manage.v1.projects.list()
        again = old.manage.v1.projects.list()
        os._exit(7 if len(connection_ids) == len(again) == 1 else 8)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(9)
_, status = os.waitpid(child, 0)
old.manage.v1.projects.list()
print(os.waitstatus_to_exitcode(status))
"""
    # Python 3.12 and newer warn of every fork of a process that has threads.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, dg.base_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout.strip(), done.stderr) == ("7", "")
