"""``converse``: typed and spoken, and what is kept of it."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.cli.agent_file import usual_settings
from deepgram_anyio.local import FaultOptions
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice

from .speech_server import FAKE_SOUND, KEY, inside, press_ctrl_c, serving, without_sound, write_speech
from .terminal import Run, run, start

GREETING = ["agent: Hello!", "agent: How can I help you?"]
SUM = ["you: What is two plus two?", "agent: Two plus two is 4."]
LONG = "Please tell me something that you do not know, and take your time."
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(voice=ToneVoice(word_s=0.02, pause_s=0.0)) as found:
        yield found


def settings(**agent: Any) -> dict[str, Any]:
    usual = usual_settings()
    usual["agent"] |= agent
    return usual


def typed(url: str, *arguments: str, stdin: str, **options: Any) -> Run:
    return run("converse", "--base-url", url, *arguments, tty=False, stdin=stdin, env=KEY, **options)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_line_of_a_pipe_is_a_turn(url: str, backend: str) -> None:
    done = typed(url, "--backend", backend, stdin="My name is Ann.\n\nWhat is my name?")
    expected = [
        *GREETING,
        *("you: My name is Ann.", "agent: Nice to meet you, Ann."),
        *("you: What is my name?", "agent: Your name is Ann."),
    ]
    assert done == Run(0, [], "".join(f"{line}\n" for line in expected), "")


@pytest.mark.parametrize("columns", [80, 120])
def test_typing_at_a_terminal(url: str, columns: int) -> None:
    with start("converse", "--typed", "--base-url", url, columns=columns, env=KEY) as program:
        program.wait_for("help you?\nyou:")
        program.type("What is two plus two?\n")
        program.wait_for("is 4.\nyou:")
        program.type(f"{LONG}\n")
        program.wait_for("simple rules.\nyou:")
        program.end_input()
        done = program.finish()
    assert done.code == 0
    assert done.screen[:4] == [*GREETING, *SUM]
    assert done.screen[4] == f"you: {LONG}"
    said = f"agent: You said: {LONG}"
    # Further lines of an answer begin below its first word.
    expected = [said] if columns > len(said) else [said[:-6], f"       {said[-5:]}"]
    assert done.screen[5 : 5 + len(expected)] == expected
    assert done.screen[-2:] == ["agent: I answer by simple rules.", "you:"]


def test_ctrl_c_ends_and_saves(url: str, tmp_path: Path) -> None:
    kept = tmp_path / "talk.json"
    with start("converse", "--typed", "--base-url", url, "--save", str(kept), env=KEY) as program:
        program.wait_for("help you?\nyou:")
        program.interrupt()
        done = program.finish()
    assert done.code == 130
    assert [message["content"] for message in json.loads(kept.read_text())["messages"]] == ["Hello!", GREETING[1][7:]]


def test_a_transcript_is_a_context_to_go_on_with(url: str, tmp_path: Path) -> None:
    kept, voice, file = tmp_path / "talk.json", tmp_path / "agent.wav", tmp_path / "agent.json"
    done = typed(url, "--save", str(kept), "--record", str(voice), stdin="My name is Ann.\n")
    assert done.stderr.splitlines() == [f"transcript: {kept}", f"the agent's voice: {voice}"]
    with wave.open(str(voice)) as wav:
        assert wav.getframerate() == 24_000
        assert wav.getnframes() / 24_000 == pytest.approx(11 * 0.02, abs=0.01)  # 11 words
    told = json.loads(kept.read_text())
    assert told["request_id"]
    file.write_text(json.dumps(settings(context={"messages": told["messages"]}, greeting=None)))
    assert typed(url, str(file), stdin="What is my name?\n").stdout.endswith("agent: Your name is Ann.\n")


def test_json_is_one_document(url: str) -> None:
    done = typed(url, "--json", stdin="What is two plus two?\n")
    assert [message["role"] for message in json.loads(done.stdout)["messages"]] == [
        *("assistant", "assistant", "user", "assistant")
    ]
    assert done.stderr == ""


def test_function_calls_are_shown_and_refused(url: str, tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    think = {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}, "functions": [WEATHER]}
    file.write_text(json.dumps(settings(think=think, greeting="Hi.")))
    done = typed(url, str(file), stdin="What is the weather in Boston?\n")
    assert done.stdout.splitlines()[:3] == [
        "agent: Hi.",
        "you: What is the weather in Boston?",
        '  calls get_weather({"city":"Boston"})',
    ]
    assert "  get_weather returned" in done.stdout
    assert "no function 'get_weather'" in done.stdout


def test_what_the_agent_shall_be(url: str) -> None:
    done = typed(url, "--greeting", "Good evening.", "--prompt", "Be kind.", "--voice", "aura-2-orion-en", stdin="")
    assert done.stdout == "agent: Good evening.\n"


# Spoken.


@pytest.mark.parametrize("ending", ["ctrl-c", "ctrl-d"])
def test_speaking(tmp_path: Path, ending: str) -> None:
    heard, said = tmp_path / "heard.wav", write_speech(tmp_path / "said.wav", sentences=1, pause_s=1.5)
    sound = {"FAKE_MICROPHONE_WAV": str(said), "FAKE_SPEAKER_WAV": str(heard)}
    engines: dict[str, Any] = {
        "recognizer": ScriptedRecognizer(["what is two plus two"], word_s=0.1),
        "voice": ToneVoice(word_s=0.02, pause_s=0.0),
    }
    with (
        serving(**engines) as url,
        start("converse", "--base-url", url, "--stats", env={**KEY, **FAKE_SOUND, **sound}) as program,
    ):
        program.wait_for("Fake Microphone · Ctrl-C ends")
        program.wait_for("Two plus two is 4.")
        if ending == "ctrl-c":
            press_ctrl_c(program)
        else:
            program.end_input()
        done = program.finish()
    assert done.code == 0
    assert "you:   What is two plus two?" in done.screen
    assert "agent: Two plus two is 4." in done.screen
    assert "       answers after 0." in done.text
    assert "Ctrl-C ends." in done.screen[0]
    with wave.open(str(heard)) as wav:
        assert wav.getnframes() > 0


def test_speaking_silences_the_agent(tmp_path: Path) -> None:
    """A greeting of a minute is not played to its end when the user speaks."""
    heard, said = tmp_path / "heard.wav", write_speech(tmp_path / "said.wav", sentences=1, pause_s=1.5)
    sound = {"FAKE_MICROPHONE_WAV": str(said), "FAKE_SPEAKER_WAV": str(heard)}
    engines: dict[str, Any] = {
        "recognizer": ScriptedRecognizer(["thank you"], word_s=0.1),
        "voice": ToneVoice(word_s=0.1),
    }
    arguments = ("--greeting", "One more word " * 200 + ".", "--spoken")
    with (
        serving(**engines) as url,
        start("converse", "--base-url", url, *arguments, env={**KEY, **FAKE_SOUND, **sound}) as program,
    ):
        program.wait_for("(interrupted)")
        program.wait_for("welcome")
        press_ctrl_c(program)
        done = program.finish()
    assert done.code == 0
    with wave.open(str(heard)) as wav:
        assert wav.getnframes() / wav.getframerate() < 20


@pytest.mark.parametrize("devices", ["none", "refused"])
def test_without_sound_it_says_what_to_do(
    url: str, devices: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    without_sound(monkeypatch, devices)
    done = inside(capsys, "converse", "--spoken", "--base-url", url)
    assert done.code == 1
    assert done.stderr.endswith("; or type instead of speaking: --typed\n")
    assert len(done.stderr.splitlines()) == 1


# Failures.


def test_a_break_is_told_and_what_was_said_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "talk.json"
    # In the middle of a greeting of three seconds, which is sent little faster than it is heard.
    with serving(voice=ToneVoice(word_s=0.5), faults=FaultOptions(close_after_messages=22, close_code=1008)) as url:
        done = typed(url, "--save", str(kept), stdin="Hello.\n")
    assert done.code == 1
    assert done.stderr.splitlines()[0] == f"transcript: {kept}"
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert json.loads(kept.read_text())["messages"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "agent.json, line 1, column 2: Expecting property name"),
        ("[]", "agent.json must hold a JSON object"),
        ('{"audio": {}}', "agent.json: agent is missing"),
        ('{"audio": {}, "agent": {"greeting": 1}}', "agent.json: agent.greeting: expected `str | null`, got `int`"),
        (
            '{"audio": {}, "agent": {"thnk": {}}}',
            "agent.json: agent.thnk: there is no such field; did you mean think? (--no-check sends the settings as",
        ),
        (
            '{"audio": {"input": {"encoding": "linear16"}}, "agent": {}}',
            "agent.json: audio.input.sample_rate is missing",
        ),
        (
            '{"audio": {"output": {"encoding": "mp3"}}, "agent": {}}',
            "audio.output must be linear16 without a container to be recorded and played here, not mp3",
        ),
    ],
)
def test_mistakes_in_the_settings_point_at_the_field(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("agent.json").write_text(content)
    done = inside(capsys, "converse", "agent.json", "--local", "--spoken")
    assert done.code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.json"], "nowhere.json: No such file or directory"),
        (["--save", "talk.txt"], "talk.txt: the name must end in .json"),
        (["--record", "agent.mp3"], "agent.mp3: the name must end in .wav"),
        (["stored.json", "--voice", "aura-2-orion-en"], "do not go with a stored agent"),
    ],
)
def test_mistakes_in_the_call(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("stored.json").write_text('{"audio": {}, "agent": "8f5b0a3e-0000-4000-8000-000000000000"}')
    done = inside(capsys, "converse", *arguments, "--local", "--typed")
    assert done.code == 2
    assert message in done.stderr


def test_settings_that_this_version_does_not_know_can_be_sent(url: str, tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    file.write_text(json.dumps(settings(brand_new=True)))
    assert typed(url, str(file), stdin="").code == 2
    done = typed(url, str(file), "--no-check", stdin="")
    assert done.code == 1  # the embedded server is as strict, and says which field it is
    assert "agent" in done.stderr
    assert "brand_new" in done.stderr
