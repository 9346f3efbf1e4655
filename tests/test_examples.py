"""Every example runs: against an embedded server with a scripted recogniser, and with ``--local``, on real speech."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.local.engines.scripted import ScriptedRecognizer
from deepgram_anyio.sync import DeepgramClient

from .documents import ROOT, Piece, run_pieces, wav
from .spoken import spoken

EXAMPLES = ROOT / "examples"
SAID = r"[Tt]he quick brown fox"

# Arguments, and what has to be printed.
PROGRAMS: dict[str, tuple[list[str], str]] = {
    "agent_functions": (["What is the weather in Paris?"], r"calls get_weather\(.*Paris.*\)(.|\n)*assistant: .*clear"),
    "batch": (["calls", "out"], r"monday\.wav done out/monday\.wav\.json"),
    "blocking_script": (["speech.wav"], rf"{SAID}(.|\n)*final   ?{SAID}"),
    "captions_file": (["speech.wav", "speech.srt"], r"\d+ words in speech\.srt"),
    "flux_turns": (["speech.wav"], r"turn 0.*: The quick brown"),
    "live_captions": (["speech.wav", "--pace", "8"], r"s of audio, \d+ events"),
    "manage_keys": ([], r"made [-\w]+, of \d\d+ characters\n(.|\n)*an example(.|\n)*deleted it"),
    "speak_streamed": ([], r"(.* \d\.\d s of audio, the first after \d\.\d\d s\n){3}"),
    "speak_to_file": (["Good morning.", "morning.mp3"], r"13 characters, spoken by \S+, are in morning\.mp3"),
    "text_intelligence": (["I love it. It works every time."], r"summary: +I love it(.|\n)*sentiment: \w+ \+"),
    "transcribe_file": (["speech.wav"], rf"\d\.\d\d s  {SAID}"),
    "v4_program": (["speech.wav"], rf"{SAID}(.|\n)*speaker: {SAID}"),
}
# These have tests of their own.
ELSEWHERE = {
    "microphone_captions": "tests/cli/test_listen_example.py",
    "voice_agent": "tests/test_voice_agent.py",
    "transcribe_url": "tests/test_examples.py",
}
WITH_LOCAL = [name for name in PROGRAMS if "--local" in (EXAMPLES / f"{name}.py").read_text("utf-8")]


def _piece(name: str, *arguments: str) -> Piece:
    return Piece(f"examples/{name}.py", 0, (EXAMPLES / f"{name}.py").read_text("utf-8"), arguments)


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*PROGRAMS, *ELSEWHERE}
    assert [name for name, path in ELSEWHERE.items() if name not in (ROOT / path).read_text("utf-8")] == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_every_example_says_how_to_run_it(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert f"\n\npython examples/{path.name}" in text or f"\npython examples/{path.name}" in text


@pytest.mark.speech
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_examples_do_their_job(backend: str, tmp_path: Path) -> None:
    names = list(PROGRAMS)
    printed = run_pieces([_piece(name, *PROGRAMS[name][0]) for name in names], backend, tmp_path)
    wrong = {n: text for n, text in zip(names, printed, strict=True) if not re.search(PROGRAMS[n][1], text)}
    assert wrong == {}
    assert (tmp_path / "morning.mp3").stat().st_size > 1000
    assert (tmp_path / "speech.srt").read_text().startswith("1\n00:00:0")


@pytest.mark.speech
def test_examples_run_with_a_server_of_their_own(tmp_path: Path) -> None:
    pieces = [_piece(name, *PROGRAMS[name][0], "--local") for name in WITH_LOCAL]
    printed = dict(zip(WITH_LOCAL, run_pieces(pieces, "trio", tmp_path, said=spoken()), strict=True))
    assert len(printed) >= 9
    for name in ("transcribe_file", "flux_turns", "blocking_script"):
        assert "city" in printed[name].lower(), printed[name]


class _Web(HTTPServer):
    """Has a recording to fetch, and takes answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[bytes] = []
        self.answered = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Web

    def do_GET(self) -> None:
        body = wav()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.answers.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answered.set()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named so there
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[_Web]:
    with _Web() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_answer_to_a_url_is_called_back(web: _Web) -> None:
    base = f"http://127.0.0.1:{web.server_port}"
    program = [sys.executable, "-W", "error", "examples/transcribe_url.py", f"{base}/speech.wav", f"{base}/answers"]
    recognizer = ScriptedRecognizer(["the quick brown fox"])
    with DeepgramClient.local(recognizer=recognizer, allow_private_urls=True) as local:
        env = {**os.environ, "DEEPGRAM_HOST": local.base_url, "DEEPGRAM_API_KEY": "any-key", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(program, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.stderr == ""
        assert re.fullmatch(rf"request [-\w]+: the answer will be sent to {base}/answers\n", done.stdout)
        assert web.answered.wait(30)
    assert b"quick brown fox" in web.answers[0].lower()
