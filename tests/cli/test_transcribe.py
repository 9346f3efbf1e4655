"""``transcribe`` with one recording: what is printed, in which format, and what goes wrong."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

import msgspec
import pytest

from deepgram_anyio import Transcription
from deepgram_anyio.cli.app import run as run_in_process

from ..bulk.serving import Counted, counting_server, write_tones
from .terminal import COMMAND, environment, run

SAID = "the quick brown fox"

Here: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with counting_server(tmp_path_factory.mktemp("server") / "log") as counted:
        yield counted


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    write_tones(folder, 1)
    return folder / "000.wav"


@pytest.fixture
def here(server: Counted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Here:
    """Run the command in this process, where it starts sooner, and without a terminal."""
    for name in ("DEEPGRAM_API_KEY", "DEEPGRAM_ACCESS_TOKEN", "DEEPGRAM_HOST"):
        monkeypatch.delenv(name, raising=False)

    def run_here(*arguments: object, url: str = server.url) -> tuple[int, str, str]:
        code = run_in_process(["transcribe", *map(str, arguments), "--base-url", url])
        return code, *capsys.readouterr()

    return run_here


def test_text_at_a_terminal(server: Counted, call: Path) -> None:
    done = run("transcribe", str(call), "--base-url", server.url)
    assert (done.code, done.screen[-1]) == (0, SAID)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_text_into_a_pipe_is_the_text_alone(here: Here, call: Path, backend: str) -> None:
    assert here(call, "--backend", backend) == (0, SAID + "\n", "")


@pytest.mark.parametrize("flag", ["--json", "--format=json"])
def test_json_is_one_document(here: Here, call: Path, flag: str) -> None:
    code, printed, told = here(call, flag)
    assert (code, told) == (0, "")
    assert json.loads(printed)["results"]["channels"][0]["alternatives"][0]["transcript"] == SAID


@pytest.mark.parametrize("shape", ["srt", "vtt"])
def test_captions_are_those_of_deepgram_captions(here: Here, call: Path, shape: str) -> None:
    from deepgram_captions import DeepgramConverter, srt, webvtt

    _, printed, _ = here(call, "--utterances", "-f", shape)
    _, wire, _ = here(call, "--utterances", "--json")
    expected = (srt if shape == "srt" else webvtt)(DeepgramConverter(msgspec.json.decode(wire, type=Transcription)))

    def less_of_the_request(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith(("Request Id", "Created"))]

    assert less_of_the_request(printed) == less_of_the_request(expected)
    assert SAID in printed


class Speaking(BaseHTTPRequestHandler):
    """Hears two speakers in everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        words = [{"word": word, "start": 0.0, "end": 1.0, "speaker": who} for who, word in enumerate(["yes", "no"])]
        channel = {"alternatives": [{"transcript": "yes no", "words": words}]}
        body = json.dumps({"metadata": {}, "results": {"channels": [channel]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_speakers_have_colours_at_a_terminal_and_names_in_a_pipe(call: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Speaking) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        arguments = ["transcribe", str(call), "--diarize", "--base-url", f"http://127.0.0.1:{server.server_port}"]
        coloured = run(*arguments)
        plain = run(*arguments, env={"NO_COLOR": "1"})
        piped = run(*arguments, tty=False)
        server.shutdown()
        thread.join()
    assert coloured.screen[-3:] == ["Speaker 0: yes", "", "Speaker 1: no"]
    assert "\x1b[1;36mSpeaker 0:" in coloured.stdout
    assert "\x1b[1;32mSpeaker 1:" in coloured.stdout
    assert plain.screen[-3:] == ["Speaker 0: yes", "", "Speaker 1: no"]
    assert "36m" not in plain.stdout
    assert piped.stdout == "Speaker 0: yes\n\nSpeaker 1: no\n"


def test_standard_input(server: Counted, call: Path) -> None:
    command = [*COMMAND, "transcribe", "-", "--base-url", server.url]
    done = subprocess.run(command, input=call.read_bytes(), capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, SAID + "\n", b"")


def test_a_large_file_has_a_bar(server: Counted, tmp_path: Path) -> None:
    large = tmp_path / "large.wav"
    write_tones(tmp_path, 1, length_s=600.0)
    (tmp_path / "000.wav").rename(large)
    done = run("transcribe", str(large), "--base-url", server.url)
    assert done.code == 0
    assert "Sending" in done.stdout
    assert "waiting for the transcript" in done.stdout
    assert "Sending" not in done.text  # it goes away when it has done its work


def test_options_reach_the_server(server: Counted, here: Here, call: Path) -> None:
    flags = ["--model", "nova-2", "--smart-format", "--keyterm", "a b", "--keyterm", "c", "--option", "utt-split=0.5"]
    assert here(call, *flags, "--option", "brand_new=1")[0] == 0
    assert server.queries()[-1] == {
        "model": ["nova-2"],
        "smart_format": ["true"],
        "keyterm": ["a b", "c"],
        "utt_split": ["0.5"],
        "brand_new": ["1"],
    }


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["none.wav"], 2, "error: cannot read none.wav: No such file or directory\n"),
        (["none.wav", "--option", "x"], 2, "error: --option takes NAME=VALUE, not 'x'\n"),
        (["none.wav", "--option", "punctate=1"], 2, "error: --option punctate: did you mean punctuate?\n"),
        (["none.wav", "--option", "callback=https://x"], 2, "error: --option callback: this command waits"),
        (["-", "none.wav"], 2, "error: - can only be the one recording"),
        (["none.wav", "--jobs", "0"], 2, "error: invalid value for '--jobs'"),
        (["none.wav", "--format", "docx"], 2, "error: invalid value for '--format'"),
    ],
)
def test_mistakes_are_one_line(here: Here, arguments: list[str], code: int, told: str) -> None:
    found, printed, shown = here(*arguments, url="http://127.0.0.1:1")
    assert (found, printed) == (code, "")
    assert shown.startswith(told)
    assert shown.count("\n") == 1


def test_silence_is_said_to_be_silence(here: Here, tmp_path: Path) -> None:
    write_tones(tmp_path, 1, volume=0)
    assert here(tmp_path / "000.wav") == (0, "\n", "Nothing was heard.\n")


def test_the_help_has_whole_lines() -> None:
    done = run("transcribe", "--help")
    assert done.code == 0
    assert "Example: deepgram-anyio transcribe calls/ --jobs 32" in done.text
    assert "To do all again, remove the manifest and add --overwrite." in " ".join(done.text.split())
