"""The command line, as a program."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deepgram_anyio import AuthenticationError, BadRequestError, ConnectionClosed, DeepgramClient
from deepgram_anyio.local import FaultOptions
from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.transport import open_websocket

from ..rest_peer import Reply, rest_peer
from .terminal import start

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1"}
COMMAND = [sys.executable, "-W", "error", "-m", "deepgram_anyio"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # of the test; the program's own is an option


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=30, env=ENVIRONMENT, check=False
    )


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run ``serve``; gives its URL and the process."""
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, line or (process.stderr and process.stderr.read())
            yield found[0], process
        finally:
            process.kill()


@pytest.mark.anyio
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_serve_prints_its_url_serves_and_ends_when_told(backend: str, stop: signal.Signals) -> None:
    with serving("--backend", backend, "--api-key", "right") as (url, process):
        with pytest.raises(AuthenticationError):
            async with DeepgramClient("wrong", base_url=url) as dg, dg.listen.v1.connect():
                pass
        async with DeepgramClient("right", base_url=url) as dg:
            sound = b"".join(ToneVoice().synthesize("Hm."))
            async with dg.listen.v1.stream(sound, encoding="linear16", sample_rate=16000) as stream:
                events = [event async for event in stream]
        assert type(events[-1]).__name__ == "Metadata"
        process.send_signal(stop)
        assert process.wait(5) == 128 + stop
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_serve_tells_programs_where_it_is() -> None:
    with start("serve", "--port", "0", "--json", tty=False) as program:
        program.wait_for("}\n")
        told = json.loads(program.stdout)
        assert sorted(told) == ["page", "project_id", "url"]
        assert told["page"] is True
        assert told["url"].startswith("http://127.0.0.1:")
        program.interrupt()
        assert program.finish().code == 130


def test_serve_in_a_terminal_ends_with_ctrl_c() -> None:
    with start("serve", "--port", "0") as program:
        program.wait_for("(Ctrl-C stops)")
        program.interrupt()
        done = program.finish()
    assert done.code == 130
    assert len(done.screen) <= 3  # the third line is where Ctrl-C was pressed
    assert done.screen[0].startswith("Serving on http://127.0.0.1:")


@pytest.mark.anyio
@pytest.mark.parametrize("allowed", [True, False])
async def test_serve_fetches_from_this_machine_only_when_told(allowed: bool) -> None:
    async with rest_peer(Reply(body=b"I love it. It is a wonderful thing.")) as peer:
        with serving(*["--allow-private-urls"] * allowed) as (url, _):
            async with DeepgramClient("any", base_url=url) as dg:
                if allowed:
                    assert (await dg.read.v1.analyze(url=peer.url, sentiment=True)).sentiment is not None
                else:
                    with pytest.raises(BadRequestError, match="not a public address"):
                        await dg.read.v1.analyze(url=peer.url, sentiment=True)
        assert len(peer.asked) == allowed


@pytest.mark.anyio
async def test_serve_misbehaves_when_told() -> None:
    faults = ["--fault", "close_after_messages=1", "--fault", "close_code=1012", "--fault", "close_reason=a=b"]
    with serving(*faults) as (url, _):
        async with open_websocket(f"{url}/v1/listen?encoding=linear16&sample_rate=16000") as socket:
            await socket.send('{"type":"Configure"}')
            assert "ConfigureSuccess" in str(await anext(aiter(socket)))
            with pytest.raises(ConnectionClosed) as caught:
                await anext(aiter(socket))
    assert (caught.value.code, caught.value.reason) == (1012, "a=b")


def test_every_fault_is_listed() -> None:
    done = call("serve", "--fault", "help")
    names = re.findall(r"^(\w+) ", done.stdout, re.MULTILINE)
    assert names == list(FaultOptions.__struct_fields__)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--port", "99999"], "--port"),
        (["serve", "--backend", "curio"], "--backend"),
        (["serve", "--host", "no.such.host.invalid"], "no.such.host.invalid"),
        (["serve", "--fault", "late_final_s=1"], "did you mean late_finals_s"),
        (["serve", "--fault", "nonsense"], "valid are connections, seed, refuse_status"),
        (["serve", "--fault", "late_finals_s=soon"], "late_finals_s=soon"),
        (["serve", "--fault", "close_code=1005", "--fault", "close_after_s=1"], "fault proxy"),
        (["sevre"], "sevre"),
    ],
)
def test_a_mistake_in_the_call_is_one_clear_message(arguments: list[str], message: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["serve", "--fault", "help"]])
def test_help(arguments: list[str]) -> None:
    done = call(*arguments)
    assert done.returncode == 0
    assert "serve" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(("missing", "extra"), [("typer", "cli"), ("hypercorn", "local"), ("starlette", "local")])
def test_a_missing_extra_is_named(missing: str, extra: str) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "sys.argv = ['deepgram-anyio', 'serve', '--port', '0']\n"
        "from deepgram_anyio.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, env=ENVIRONMENT, check=False
    )
    assert done.returncode == 2
    assert f'pip install "deepgram-anyio[{extra}]"' in done.stderr
    assert missing in done.stderr
    assert "Traceback" not in done.stderr
