"""Failures: one clear line, the right exit code, a document when asked for, and never a traceback."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from deepgram_anyio import (
    ConfigError,
    ConnectionClosed,
    DeepgramTimeoutError,
    RemoteProtocolError,
    TransportError,
)
from deepgram_anyio.cli.app import run
from deepgram_anyio.cli.failures import CommandError, describe
from deepgram_anyio.errors import api_error

from .canned import REQUEST, Canned, canned
from .terminal import COMMAND, environment, start
from .terminal import run as run_in_terminal


@pytest.fixture(scope="module")
def api() -> Iterator[Canned]:
    with canned() as api:
        yield api


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "secret-key")
    monkeypatch.delenv("DEEPGRAM_ACCESS_TOKEN", raising=False)
    monkeypatch.delenv("DEEPGRAM_HOST", raising=False)


def one_line(text: str) -> str:
    assert text.startswith("error: ")
    assert text.count("\n") == 1
    assert "Traceback" not in text
    assert "secret-key" not in text
    return text


@pytest.mark.parametrize(
    ("status", "code", "kind", "advice"),
    [
        (400, 1, "request", "no way"),
        (401, 3, "credentials", "check the API key"),
        (402, 5, "payment", "balances"),
        (403, 3, "permission", "use a key that has the scope"),
        (404, 4, "not_found", "check the name"),
        (413, 1, "request", "no way"),
        (429, 5, "rate_limit", "try again later"),
        (500, 1, "server", "no way"),
    ],
)
def test_what_the_server_refuses(
    status: int, code: int, kind: str, advice: str, api: Canned, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = describe(api_error(status, "no way.", code="SOME_CODE", request_id="r-1"))
    assert failure is not None
    assert (failure.exit_code, failure.kind) == (code, kind)
    assert failure.line.startswith("error: no way")
    assert failure.line.endswith(f" (HTTP {status}, SOME_CODE, request r-1)")
    assert advice in failure.line
    if status in (429, 500):
        return  # which are tried again, and that takes its time
    api.refusal = (status, "SOME_CODE", "no way.")
    assert run(["models", "list", "--base-url", api.url, "--json"]) == code
    printed = capsys.readouterr()
    told = json.loads(printed.out)["error"]
    assert sorted(told) == ["code", "kind", "message", "request_id", "status"]
    assert (told["kind"], told["status"], told["code"], told["request_id"]) == (kind, status, "SOME_CODE", REQUEST)
    assert one_line(printed.err).endswith(f"(HTTP {status}, SOME_CODE, request {REQUEST})\n")


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (TransportError("no route"), "network", 1),
        (DeepgramTimeoutError("too late"), "timeout", 1),
        (ConnectionClosed(code=1011, reason="NET-0001", request_id="r-2"), "network", 1),
        (RemoteProtocolError("not JSON"), "protocol", 1),
        (ConfigError("wrong option"), "usage", 2),
        (CommandError("not this way"), "usage", 2),
        (FileNotFoundError(2, "No such file or directory", "a.wav"), "file", 2),
    ],
)
def test_other_failures(error: Exception, kind: str, code: int) -> None:
    failure = describe(error)
    assert failure is not None
    assert (failure.kind, failure.exit_code) == (kind, code)
    assert str(error).split(":")[0].split("]")[-1].strip() in failure.line
    assert failure.line.count("r-2") <= 1


def test_the_only_failure_of_a_task_group_counts() -> None:
    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail)

    async def fail() -> None:
        raise ConfigError("wrong option")

    with pytest.raises(Exception, match="unhandled errors") as caught:
        anyio.run(main)
    failure = describe(caught.value)
    assert failure is not None
    assert failure.message == "wrong option"


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    assert describe(ZeroDivisionError("division by zero")) is None
    monkeypatch.setattr("deepgram_anyio.cli.models.run_async", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        run(["models", "list"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["modles"], "did you mean 'models'"),
        (["models", "lsit"], "lsit"),
        (["models", "list", "--colour"], "--colour"),
        (["models", "list", "--region", "mars"], "mars"),
        (["models", "list", "--backend", "curio"], "curio"),
        (["models", "list", "--timeout", "soon"], "--timeout"),
        (["models", "get"], "ID"),
        (["models", "list", "--base-url", "ftp://example.com"], "base_url must be like"),
        (["models", "list", "--base-url", "http://example.com"], "without TLS"),
        (["keys", "create", "x"], "--scope"),
        (["keys", "create", "x", "--scope=a", "--ttl=5", "--expires=2027-01-01"], "exclude each other"),
        (["keys", "create", "x", "--scope=a", "--expires=2027-01-01T00:00"], "no time zone"),
        (["keys", "create", "x", "--scope=a", "--expires=tomorrow"], "'tomorrow' is no time"),
        (["members", "grant", "x", "king"], "'king' is not one of"),
        (["usage", "summary", "--start", "1.1.2026"], "'1.1.2026' is no day"),
        (["usage", "summary", "--feature", "diarize"], "not NAME=VALUE"),
        (["usage", "summary", "--feature", "diarize=perhaps"], "must be true or false"),
        (["usage", "summary", "--feature", "diarise=true", "--project=p"], "did you mean 'diarize'"),
        (["read", "a text"], "ask for --summarize"),
        (["read", "no_such_file.txt", "--topics"], "no such file"),
        (["read", "  ", "--topics"], "the text is empty"),
        (["read", "a text", "--topics", "--option", "nonsense=1"], "unknown option 'nonsense'"),
    ],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_mistakes_in_the_call(
    arguments: list[str], words: str, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, *["--json"] * as_json]) == 2
    printed = capsys.readouterr()
    assert words.lower() in one_line(printed.err).lower()
    if as_json:
        assert json.loads(printed.out)["error"]["kind"] in ("usage", "file")
    else:
        assert printed.out == ""


@pytest.mark.parametrize("arguments", [[], ["models"]])
def test_no_command_shows_the_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert "Usage: deepgram-anyio" in printed.out
    assert printed.err == ""


def test_no_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY")
    assert run(["balances"]) == 3
    assert "set DEEPGRAM_API_KEY" in one_line(capsys.readouterr().err)


def test_the_key_of_a_file(tmp_path: Path, api: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    api.refusal = None
    path = tmp_path / "key"
    call = ["models", "list", "--base-url", api.url, "--api-key-file", str(path)]
    assert run(call) == 2
    assert one_line(capsys.readouterr().err) == f"error: {path}: No such file or directory\n"
    for content in (b"", b"two keys\n", b"\xff\xfe"):
        path.write_bytes(content)
        assert run(call) == 2
        assert str(path) in one_line(capsys.readouterr().err)
    path.write_text("abc\n")
    assert run(call) == 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_no_network(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert run(["models", "list", "--base-url", f"http://127.0.0.1:{port}", "--backend", backend]) == 1
    assert "connection refused" in one_line(capsys.readouterr().err).lower()


def test_a_server_that_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert run(["token", "grant", "--base-url", url, "--timeout", "0.1"]) == 1
    assert "sent nothing within what --timeout allows" in one_line(capsys.readouterr().err)


def test_a_text_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG")
    assert run(["read", str(path), "--topics"]) == 2
    assert "not text in UTF-8" in one_line(capsys.readouterr().err)


def test_in_a_terminal_an_error_wraps_between_words() -> None:
    done = run_in_terminal("keys", "create", "x", "--scope=a", "--expires=2027-01-01T00:00", columns=40)
    assert done.code == 2
    assert max(map(len, done.screen)) <= 40
    assert " ".join(line.strip() for line in done.screen).startswith("error: --expires: '2027-01-01T00:00' has no")


def test_a_closed_pipe_is_quiet(api: Canned) -> None:
    api.refusal = None
    for call in (["models", "list", "--base-url", api.url], ["--help"]):
        shell = subprocess.run(
            ["bash", "-c", 'set -o pipefail; "$@" | true', "bash", *COMMAND, *call],
            capture_output=True,
            env=environment(DEEPGRAM_API_KEY="k"),
            timeout=60,
            check=False,
        )
        assert (shell.returncode, shell.stderr) == (141, b"")


def test_a_full_disk_is_told(api: Canned) -> None:
    api.refusal = None
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "models", "list", "--base-url", api.url],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(DEEPGRAM_API_KEY="k"),
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert one_line(done.stderr.decode()) == "error: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_outputs_may_be_closed(closed: str, api: Canned) -> None:
    api.refusal = (403, "FORBIDDEN", "no way")
    done = subprocess.run(
        ["bash", "-c", f'"$@" {closed}', "bash", *COMMAND, "models", "list", "--base-url", api.url],
        capture_output=True,
        text=True,
        env=environment(DEEPGRAM_API_KEY="k"),
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("tty", [True, False])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_ctrl_c(tty: bool, backend: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with start("models", "list", "--base-url", url, "--backend", backend, tty=tty) as program:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                program.interrupt()
                done = program.finish()
    assert done.code == 130
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr == ""
