"""The examples in the help of ``listen``, ``speak`` and ``converse``, and the three together with real speech."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepgram_anyio.cli.agent_file import usual_settings
from deepgram_anyio.cli.app import load_command

from .speech_server import FAKE_SOUND, KEY, serving, write_speech
from .terminal import COMMAND, environment, run


def examples() -> list[str]:
    paragraphs = [part for name in ("listen", "speak", "converse") for part in load_command(name).help.split("\n\n")]
    return [part.removeprefix("Example: ") for part in paragraphs if part.startswith("Example: ")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as found:
        yield found


@pytest.mark.parametrize("example", [line for line in examples() if "--mic" not in line])
def test_examples_work(url: str, example: str, tmp_path: Path) -> None:
    """Without a terminal, so that conversations are typed; with the server of the test in place of others."""
    speech = write_speech(tmp_path / "speech.wav")
    (tmp_path / "speech.raw").write_bytes(speech.read_bytes()[44:])
    (tmp_path / "letter.txt").write_text("Dear all. Yours.")
    (tmp_path / "agent.json").write_text(json.dumps(usual_settings()))
    program = f'deepgram-anyio() {{ {shlex.join(COMMAND)} "$@"; }}'
    done = subprocess.run(
        ["bash", "-c", f"{program}; {example.replace(' --local', '')}"],
        cwd=tmp_path,
        env=environment(**KEY, **FAKE_SOUND, DEEPGRAM_HOST=url, FAKE_SPEED="8"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_there_are_examples() -> None:
    assert len(examples()) == 9


@pytest.mark.speech
def test_what_is_spoken_is_heard_and_answered(tmp_path: Path) -> None:
    said, heard = tmp_path / "said.wav", tmp_path / "heard.txt"
    text = "The weather in the city will be cold and windy tomorrow."
    assert run("speak", text, "--local", "-o", str(said)).code == 0
    done = run("listen", str(said), "--local", "--save", str(heard), "--backend", "trio")
    assert done.code == 0
    assert len({"weather", "city", "cold", "windy", "tomorrow"} & set(heard.read_text().split())) >= 3
    done = run("converse", "--local", tty=False, stdin="What is two plus two?\n")
    assert done.stdout.endswith("agent: Two plus two is 4.\n")
