"""The commands for administration: what they ask for, and what they print for people and for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.cli import app
from deepgram_anyio.cli.app import COMMANDS, run

from .calls import CALLS
from .canned import CREDENTIALS, KEY, MEMBER, PROJECT, Canned, canned
from .terminal import run as run_in_terminal
from .terminal import start

GOLDEN = Path(__file__).parent / "golden"
PROJECT_PATH = f"/v1/projects/{PROJECT}"
ADMINISTRATION = ["projects", "keys", "members", "invites", "usage", "requests", "balances", "models", "credentials"]


@pytest.fixture(scope="module")
def server() -> Iterator[Canned]:
    with canned() as api:
        yield api


@pytest.fixture
def api(server: Canned, monkeypatch: pytest.MonkeyPatch) -> Canned:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "secret-key")
    server.projects, server.refusal, server.empty = 1, None, False
    server.asked.clear()
    return server


def golden(name: str, text: str) -> None:
    """Compare with what was kept; ``UPDATE_GOLDEN=1`` keeps it anew, for a person to look at."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_every_command_is_called() -> None:
    names = set()
    for name in [*ADMINISTRATION, "token", "read"]:
        command = app.load_command(name)
        names |= {f"{name}-{below}" for below in getattr(command, "commands", ())} or {name}
    assert names == set(CALLS) - {"models-list-project"}


@pytest.mark.parametrize("name", CALLS)
def test_json_is_one_document_with_stable_keys(name: str, api: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*CALLS[name], "--json", "--base-url", api.url]) == 0
    printed = capsys.readouterr()
    json.loads(printed.out)
    golden(f"documents/{name}.json", printed.out)
    assert "secret-key" not in printed.out + printed.err


@pytest.mark.parametrize("columns", [80, 120])
def test_in_a_terminal(columns: int, api: Canned) -> None:
    sequence = [sys.executable, "-W", "error", "-m", "tests.cli.sequence"]
    calls = json.dumps(list(CALLS.values()))
    done = run_in_terminal(api.url, calls, columns=columns, command=sequence, env={"DEEPGRAM_API_KEY": "k"})
    golden(f"screens-{columns}.txt", done.text + "\n")
    assert "\x1b[1m" in done.stdout  # titles are bold
    assert "\x1b[33mSentiment: neutral" in done.stdout
    assert "\x1b[31m" not in done.stdout  # which a comment of theirs asks for


def test_through_a_pipe(api: Canned, capfd: pytest.CaptureFixture[str]) -> None:
    for arguments in CALLS.values():
        print("$", *arguments)
        assert run([*arguments, "--base-url", api.url]) == 0
    printed = capfd.readouterr()
    golden("plain.txt", printed.out)
    golden("notes.txt", printed.err)
    assert "\x1b" not in printed.out + printed.err


def test_no_colour_when_asked(api: Canned) -> None:
    environment = {"DEEPGRAM_API_KEY": "k", "NO_COLOR": "1"}
    done = run_in_terminal("read", "Thank you.", "--sentiment", "--base-url", api.url, env=environment)
    assert "Sentiment: neutral (0.05)" in done.screen
    assert "\x1b[3" not in done.stdout


@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("projects-rename", "PATCH", PROJECT_PATH, {"name": "Call center"}),
        ("projects-delete", "DELETE", PROJECT_PATH, None),
        ("projects-leave", "DELETE", f"{PROJECT_PATH}/leave", None),
        (
            "keys-create",
            "POST",
            f"{PROJECT_PATH}/keys",
            {"comment": "Ingest job", "scopes": ["usage:write"], "tags": ["a", "b"], "time_to_live_in_seconds": 60},
        ),
        ("keys-delete", "DELETE", f"{PROJECT_PATH}/keys/{KEY}", None),
        ("members-remove", "DELETE", f"{PROJECT_PATH}/members/{MEMBER}", None),
        ("members-grant", "PUT", f"{PROJECT_PATH}/members/{MEMBER}/scopes", {"scope": "owner"}),
        ("invites-send", "POST", f"{PROJECT_PATH}/invites", {"email": "grace@example.com", "scope": "admin"}),
        ("invites-delete", "DELETE", f"{PROJECT_PATH}/invites/grace@example.com", None),
        (
            "usage-summary",
            "GET",
            f"{PROJECT_PATH}/usage?start=2026-01-01&end=2026-01-31&diarize=true",
            None,
        ),
        ("usage-breakdown", "GET", f"{PROJECT_PATH}/usage/breakdown?grouping=endpoint", None),
        (
            "requests-list",
            "GET",
            f"{PROJECT_PATH}/requests?start=2026-01-01T00%3A00%3A00Z&limit=1&page=0&status=succeeded",
            None,
        ),
        ("models-list", "GET", "/v1/models?include_outdated=true", None),
        (
            "credentials-create",
            "POST",
            f"{PROJECT_PATH}/self-hosted/distribution/credentials?scopes=self-hosted%3Aproducts",
            {"comment": "Data centre"},
        ),
        ("credentials-delete", "DELETE", f"{PROJECT_PATH}/self-hosted/distribution/credentials/{CREDENTIALS}", None),
        ("token-grant", "POST", "/v1/auth/grant", {"ttl_seconds": 30.0}),
        (
            "read",
            "POST",
            "/v1/read?summarize=true&topics=true&intents=true&sentiment=true",
            {"text": "I would like my money back."},
        ),
    ],
)
def test_what_is_asked_for(name: str, method: str, path: str, body: Any, api: Canned) -> None:
    assert run([*CALLS[name], "--base-url", api.url]) == 0
    assert api.asked[-1] == (method, path, body)


def test_a_text_may_come_through_standard_input_or_stand_in_a_file(api: Canned, tmp_path: Path) -> None:
    call = ["read", "-", "--topics", "--base-url", api.url]
    assert run_in_terminal(*call, env={"DEEPGRAM_API_KEY": "k"}, tty=False, stdin="Grüße.\n").code == 0
    assert api.asked[-1] == ("POST", "/v1/read?topics=true", {"text": "Grüße.\n"})
    path = tmp_path / "no suffix"
    path.write_text("From a file.", "utf-8")
    assert run(["read", str(path), "--topics", "--base-url", api.url]) == 0
    assert api.asked[-1][2] == {"text": "From a file."}
    assert run(["read", "https://example.com/a", "--topics", "--base-url", api.url]) == 0
    assert api.asked[-1][2] == {"url": "https://example.com/a"}


def test_a_secret_stands_alone_on_standard_output(api: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*CALLS["keys-create"], "--base-url", api.url]) == 0
    printed = capsys.readouterr()
    assert printed.out == "0123456789abcdef0123456789abcdef01234567\n"
    assert "this once" in printed.err
    assert printed.out.strip() not in printed.err


@pytest.mark.parametrize("as_json", [True, False])
def test_several_projects_are_listed(as_json: bool, api: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    api.projects = 2
    assert run(["keys", "list", "--base-url", api.url, *["--json"] * as_json]) == 2
    printed = capsys.readouterr()
    assert f"{PROJECT} (Call centre)" in printed.err
    assert "--project" in printed.err
    assert ("Laboratory" in printed.out) is as_json
    assert run(["keys", "list", "--base-url", api.url, "--project", PROJECT]) == 0


def test_no_project_at_all(api: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    api.projects = 0
    assert run(["balances", "--base-url", api.url]) == 2
    assert "the key belongs to no project" in capsys.readouterr().err
    assert run(["projects", "list", "--base-url", api.url]) == 0
    assert "belongs to no project" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("keys-list", "no keys"),
        ("members-list", "no members"),
        ("invites-list", "No invitation"),
        ("usage-summary", "Nothing was used"),
        ("requests-list", "No request"),
        ("balances", "no credit"),
        ("models-list", "Text to speech: none"),
        ("credentials-list", "has none"),
    ],
)
def test_an_empty_table_says_so(name: str, word: str, api: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    api.empty = True
    assert run([*CALLS[name], "--base-url", api.url]) == 0
    printed = capsys.readouterr()
    assert word in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("name", [name for name, arguments in CALLS.items() if "--yes" in arguments])
def test_without_a_terminal_destruction_needs_yes(
    name: str, api: Canned, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        arguments = [word for word in CALLS[name] if word != "--yes"]
        assert run([*arguments, "--base-url", api.url]) == 2
    assert "--yes" in capsys.readouterr().err
    assert api.asked == []


@pytest.mark.parametrize(("answer", "code", "calls"), [("y\r", 0, 1), ("n\r", 130, 0), ("", 130, 0)])
def test_a_terminal_is_asked_before_destruction(answer: str, code: int, calls: int, api: Canned) -> None:
    arguments = ["projects", "delete", PROJECT, "--base-url", api.url]
    with start(*arguments, env={"DEEPGRAM_API_KEY": "k"}) as program:
        program.wait_for("[y/N]")
        if answer:
            program.type(answer)
        else:
            program.interrupt()
        done = program.finish()
    assert done.code == code, done.text
    assert len(api.asked) == calls
    assert ("Nothing was changed" in done.text) is (answer == "n\r")


def test_the_first_sentences_of_the_help_agree() -> None:
    for name in [*ADMINISTRATION, "token", "read", "doctor", "serve"]:
        first = " ".join((app.load_command(name).help or "").split("\n\n")[0].split())
        assert first.startswith(COMMANDS[name].help.rstrip(".")), name
