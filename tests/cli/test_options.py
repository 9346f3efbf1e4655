"""The shared options, wherever they stand, and what importing and starting cost."""

from __future__ import annotations

import importlib.util
import json
import resource
import shlex
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from deepgram_anyio.cli import app, settings
from deepgram_anyio.cli.app import COMMANDS, run
from deepgram_anyio.cli.settings import EventLoop, Region, Settings

from .canned import canned
from .terminal import COMMAND, ROOT, environment
from .terminal import run as run_in_terminal

ADMINISTRATION = {
    *("projects", "keys", "members", "invites", "usage", "requests", "balances", "models"),
    *("credentials", "token", "read"),
}
MODELS = ["models", "list"]


def all_commands() -> list[list[str]]:
    found: list[list[str]] = [[]]
    for name in COMMANDS:
        found.append([name])
        found += [[name, below] for below in getattr(app.load_command(name), "commands", ())]
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--timeout=5", "--base-url", "URL", "--backend", "trio", *MODELS],
        ["models", "--json", "--timeout=5", "--base-url", "URL", "--backend", "trio", "list"],
        [*MODELS, "--json", "--timeout=5", "--base-url", "URL", "--backend", "trio"],
        ["--json", "models", "--timeout=5", "--base-url", "wrong", "list", "--base-url", "URL", "--backend", "trio"],
    ],
)
def test_they_may_stand_anywhere(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with canned() as api:
        assert run([api.url if argument == "URL" else argument for argument in arguments]) == 0
    assert "stt" in json.loads(capsys.readouterr().out)


def test_all_of_them_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def command(given: Settings, name: str = "default") -> int:
        seen.append((given, name))
        return 7

    program = typer.Typer(callback=settings.with_shared(lambda: None))
    program.command()(settings.with_settings(command))
    arguments = [
        "--local",
        "--base-url=u",
        "--region=eu",
        "--api-key-file=f",
        "--json",
        "--backend=trio",
        "--timeout=2",
    ]
    made = typer.main.get_command(program)
    assert made(args=[*arguments, "command", "--name=n"], standalone_mode=False) == 7
    given, name = seen[0]
    assert (given.local, given.base_url, given.region, str(given.api_key_file)) == (True, "u", Region.EU, "f")
    assert (given.json, given.backend, given.timeout_s, name) == (True, EventLoop.TRIO, 2, "n")
    assert not given.verbose


@pytest.mark.parametrize("columns", [80, 120])
def test_help_of_every_command(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in all_commands():
        assert run([*command, "--help"]) == 0
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) <= columns
        is_group = hasattr(app.load_command(command[0]), "commands") and len(command) == 1 if command else True
        assert "Example: " in text or is_group, command
        assert "Shared options" in text


def examples() -> list[str]:
    found = []
    for command in all_commands()[1:]:
        its = app.load_command(command[0])
        for name in command[1:]:
            its = its.commands[name]
        lines = [" ".join(part.split()) for part in (its.help or "").split("\n\n")]
        told = [line.removeprefix("Example: ") for line in lines if line.startswith("Example: ")]
        assert all(f"deepgram-anyio {' '.join(command)}" in line for line in told), told
        found += told
    return found


# Those that need more of a shell than its quotes are not among them.
ADMINISTRATIVE_EXAMPLES = [
    line for line in examples() if line.split()[0] == "deepgram-anyio" and line.split()[1] in ADMINISTRATION
]


@pytest.mark.parametrize("example", ADMINISTRATIVE_EXAMPLES)
def test_examples_work(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "k")
    monkeypatch.chdir(tmp_path)
    Path("report.txt").write_text("I would like my money back.")
    _, *arguments = shlex.split(example)
    yes = ["--yes"] * ("delete" in arguments or "leave" in arguments or "remove" in arguments)
    with canned() as api:
        assert run([*arguments, *yes, "--base-url", api.url]) == 0


def test_the_reference_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("cli_reference", ROOT / "scripts" / "cli_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == module.page()


def test_verbose_logs_to_standard_error() -> None:
    with canned() as api:
        done = run_in_terminal("-v", *MODELS, "--json", "--base-url", f"{api.url}/no", tty=False)
        assert done.code == 4
        json.loads(done.stdout)


@pytest.mark.parametrize(
    ("shell", "words", "found"),
    [
        ("bash", ["mo"], "models"),
        ("bash", ["models", "li"], "list"),
        ("zsh", ["models", "list", "--out"], "--outdated"),
        ("fish", ["models", "list", "--backend", "tr"], "trio"),
    ],
)
def test_completion(shell: str, words: list[str], found: str) -> None:
    line = " ".join(["deepgram-anyio", *words])
    extra = {"_DEEPGRAM_ANYIO_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line}
    extra |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words)), "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert found in run_in_terminal(env=extra, tty=False).stdout


def test_completion_can_be_shown_and_installed(tmp_path: Path) -> None:
    def from_bash(option: str) -> str:
        # The shell is found among the processes above, so there must be one that waits.
        line = f"{shlex.join([*COMMAND, option])}; true"
        done = subprocess.run(
            ["bash", "-c", line], env=environment(HOME=str(tmp_path)), capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return done.stdout

    assert "_DEEPGRAM_ANYIO_COMPLETE=complete_bash" in from_bash("--show-completion")
    from_bash("--install-completion")
    assert "deepgram-anyio" in (tmp_path / ".bashrc").read_text()


def loaded(*arguments: str) -> set[str]:
    """The modules that a call loads."""
    program = (
        "import sys, io\nfrom deepgram_anyio.cli.app import run\nout = sys.stdout\nsys.stdout = io.StringIO()\n"
        f"run({list(arguments)!r})\nprint(*sys.modules, file=out)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


FOR_ALL = {"anyio", "asyncio", "httpx", "msgspec", "trio"}
FOR_FEW = {"av", "dask", "distributed", "hypercorn", "numpy", "pocketsphinx", "sounddevice", "soxr", "starlette"}


def test_help_loads_nothing_that_it_does_not_need() -> None:
    assert loaded("--help") & (FOR_ALL | FOR_FEW) == set()
    assert loaded("models", "list", "--help") & (FOR_ALL | FOR_FEW) == set()
    assert loaded("--version") & {"rich.table"} == set()


def test_a_command_loads_nothing_that_it_does_not_need() -> None:
    with canned() as api:
        found = loaded(*MODELS, "--base-url", api.url)
    assert "httpx" in found
    assert found & FOR_FEW == set()


def test_the_help_is_there_at_once() -> None:
    def took_s(*arguments: str) -> float:
        """Processor time, as a busy machine lets everybody wait."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], env=environment(), capture_output=True, check=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    took_s("-m", "deepgram_anyio", "--help")  # which writes the compiled modules
    bare_s, libraries_s, help_s = (
        statistics.median(took_s(*arguments) for _ in range(3))
        for arguments in (["-c", ""], ["-c", "import typer, rich.table"], ["-m", "deepgram_anyio", "--help"])
    )
    # On a slow machine, too, the libraries alone must be most of it.
    assert help_s - bare_s < max(0.3, 2.5 * (libraries_s - bare_s))
