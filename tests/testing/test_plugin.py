"""The pytest plugin, as users have it: found by its entry point, in a pytest of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from deepgram_anyio.testing import Recording, serve

from .users import ROOT, machine, run_pytest

HEAD = """
import os
import pytest
from deepgram_anyio import DeepgramClient
from deepgram_anyio.testing import audio_for, serve, silence

RAW = {"encoding": "linear16", "sample_rate": 16000}

async def heard(dg, seconds=1.5):
    async with dg.listen.v1.stream(silence(seconds), **RAW) as events:
        return [event.transcript async for event in events if getattr(event, "transcript", "")]
"""

FIXTURES = """
@pytest.mark.anyio
async def test_async(deepgram_client, deepgram_server):
    assert await heard(deepgram_client) == ["hello world"]
    assert deepgram_server.session.audio_s == 1.5

def test_blocking(deepgram_sync_client, deepgram_server):
    with deepgram_sync_client.listen.v1.stream(silence(1.5), **RAW) as events:
        assert [event.transcript for event in events if getattr(event, "transcript", "")] == ["hello world"]
    deepgram_server.wait_until(lambda: deepgram_server.session.ended)
    deepgram_server.session.expect_messages("CloseStream")

@pytest.mark.anyio
async def test_environment(deepgram_environment):
    async with DeepgramClient() as dg:
        assert dg.base_url == deepgram_environment.url
        assert await heard(dg) == ["hello world"]

@pytest.mark.deepgram(transcript="class", api_keys=["a-key"])
class TestMarkers:
    @pytest.mark.anyio
    async def test_class(self, deepgram_client, deepgram_server):
        assert await heard(deepgram_client) == ["class"]
        assert deepgram_server.session.headers["authorization"] == "Token a-key"

    @pytest.mark.anyio
    @pytest.mark.deepgram(transcript="test")
    async def test_test(self, deepgram_client, deepgram_server):
        assert await heard(deepgram_client) == ["test"]
        assert deepgram_server.session.headers["authorization"] == "Token a-key"
"""

SHARED = """
urls = set()

@pytest.mark.deepgram(transcript="first", faults={"refuse_status": 400, "refuse_what": "requests"})
@pytest.mark.anyio
async def test_one(deepgram_client, deepgram_server):
    urls.add(deepgram_server.url)
    assert await heard(deepgram_client) == ["first"]

@pytest.mark.anyio
async def test_two(deepgram_client, deepgram_server):
    urls.add(deepgram_server.url)
    assert await heard(deepgram_client) == ["hello world"]
    assert len(deepgram_server.sessions) == 1
    assert await deepgram_client.auth.v1.token_details()

@pytest.mark.deepgram(max_connections=1)
def test_three(deepgram_server):
    assert len(urls) == 1
    assert deepgram_server.url not in urls
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, code: str) -> None:
    (folder / "test_users.py").write_text(HEAD + code, encoding="utf-8")


def test_the_fixtures(folder: Path) -> None:
    write(folder, FIXTURES)
    done = run_pytest(folder, "--strict-markers")
    assert "9 passed" in done.stdout, done.stdout  # four on two event loops, and a blocking one


def test_one_server_for_all(folder: Path) -> None:
    write(folder, SHARED)
    done = run_pytest(folder, "-o", "deepgram_server_scope=session")
    assert "5 passed" in done.stdout, done.stdout


MISTAKES = """
@pytest.mark.deepgram("hello")
def test_positional(deepgram_server): pass

@pytest.mark.deepgram(transcripts="hello")
def test_misspelt(deepgram_server): pass

@pytest.mark.deepgram(transcript=1)
def test_wrong(deepgram_server): pass

def test_assertion(deepgram_server):
    deepgram_server.session.expect_audio(b"")
"""


def test_mistakes(folder: Path) -> None:
    write(folder, MISTAKES)
    done = run_pytest(folder)
    assert "1 failed, 3 errors" in done.stdout
    for told in (
        "the marker deepgram takes keywords only",
        "the marker deepgram does not know transcripts; it takes transcript,",
        "ConfigError: a transcript is text",
        "AssertionError: there was to be one session; there were 0: none",
    ):
        assert told in done.stdout, done.stdout
    assert "testing/server.py" not in done.stdout.partition("FAILURES")[2]  # the line that counts is the user's


def test_a_scope_that_there_is_not(folder: Path) -> None:
    write(folder, "def test(deepgram_server): pass")
    done = run_pytest(folder, "-o", "deepgram_server_scope=module")
    assert "deepgram_server_scope must be function or session, not 'module'" in done.stdout


REPLAY = """
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test(deepgram_replay):
    async with deepgram_replay("a.jsonl").client() as dg:
        await heard(dg, {seconds})
"""


def test_recording_and_replaying(folder: Path) -> None:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serve()) as server:
        write(folder, REPLAY.format(seconds=1.5))
        assert "1 passed" in run_pytest(folder, "--deepgram-record", server.url).stdout
        assert server.session.audio_s == 1.5
    [session] = Recording.load(folder / "a.jsonl").sessions
    assert len(session.server_frames) == 3
    assert "1 passed" in run_pytest(folder).stdout
    write(folder, REPLAY.format(seconds=1.4))
    done = run_pytest(folder)
    assert "ReplayMismatchError: session 1 of /v1/listen" in done.stdout
    assert "3200 more bytes of audio" in done.stdout


def test_it_costs_nothing_unused(folder: Path) -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import deepgram_anyio.testing.plugin\n"
        "print(*sorted(name for name in set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=machine(folder), capture_output=True, text=True, check=True
    )
    ours = {"_extras", "_version", "errors", "testing", "testing.plugin"}
    assert set(done.stdout.split()) <= {"deepgram_anyio", *(f"deepgram_anyio.{name}" for name in ours)}
    write(folder, "def test(): pass")
    assert "1 passed" in run_pytest(folder).stdout


def test_the_example_on_a_machine_without_a_recogniser(folder: Path) -> None:
    shutil.copytree(ROOT / "examples" / "testing_app", folder, dirs_exist_ok=True)
    done = run_pytest(folder, bare=True)
    assert "9 passed" in done.stdout, done.stdout


def test_the_example_is_short() -> None:
    code = (ROOT / "examples" / "testing_app" / "test_app.py").read_text(encoding="utf-8")
    first = code[code.index("async def test_captions") :].split("\n\n\n")[0]
    assert len(first.splitlines()) < 20
