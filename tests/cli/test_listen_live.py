"""``listen`` while it goes on: microphones, endless streams, Ctrl-C, and connections that break."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.local import FaultOptions

from .speech_server import FAKE_SOUND, KEY, SAID, inside, press_ctrl_c, serving, without_sound, write_speech
from .terminal import Program, run, start

Serve = Callable[..., str]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as found:
        yield found


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return write_speech(tmp_path / "speech.wav")


@contextmanager
def listening(url: str, *arguments: str, tty: bool = True, env: Mapping[str, str] | None = None) -> Iterator[Program]:
    with start("listen", "--base-url", url, *arguments, tty=tty, env={**KEY, **(env or {})}) as program:
        yield program


@contextmanager
def web(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Serve HTTP as told; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/radio"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sends(data: bytes, *, kind: str = "audio/wav", status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("content-type", kind)
        request.end_headers()
        request.wfile.write(data)

    return answer


# Ctrl-C.


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_ctrl_c_ends_a_file_in_good_order(url: str, tmp_path: Path, backend: str) -> None:
    speech, kept = write_speech(tmp_path / "long.wav", sentences=20), tmp_path / "kept.json"
    with listening(url, str(speech), "--pace", "1", "--save", str(kept), "--backend", backend) as program:
        program.wait_for("quick")
        press_ctrl_c(program)
        done = program.finish()
    assert done.code == 130
    assert SAID[0] in done.text  # what was on its way became final
    assert "".join(done.screen).endswith(f"saved to {kept}")
    document = json.loads(kept.read_text())
    assert SAID[0] in document["results"]["channels"][0]["alternatives"][0]["transcript"]
    assert document["metadata"]["duration"] > 0.4  # of the server's last message


def test_the_request_to_terminate_ends_at_once_and_saves(url: str, tmp_path: Path) -> None:
    speech, kept = write_speech(tmp_path / "long.wav", sentences=20), tmp_path / "kept.txt"
    with listening(url, str(speech), "--pace", "1", "--save", str(kept), tty=False) as program:
        program.wait_for(SAID[0])
        program.process.send_signal(signal.SIGTERM)
        done = program.finish()
    assert done.code == 143
    assert kept.read_text() == f"{SAID[0]}\n"


def test_a_second_ctrl_c_does_not_wait_for_the_last_words(tmp_path: Path) -> None:
    speech, kept = write_speech(tmp_path / "long.wav", sentences=20), tmp_path / "kept.txt"
    with (
        serving(faults=FaultOptions(late_finals_s=60)) as url,
        listening(url, str(speech), "--pace", "1", "--save", str(kept), "--stats") as program,
    ):
        program.wait_for("quick")
        press_ctrl_c(program)
        program.wait_for("finishing")
        press_ctrl_c(program)
        done = program.finish(timeout_s=5)
    assert done.code == 130
    assert kept.read_text() == ""


# Microphones.


def test_a_microphone_is_heard_until_ctrl_c(url: str, speech: Path) -> None:
    kept = speech.with_suffix(".srt")
    env = {**FAKE_SOUND, "FAKE_MICROPHONE_WAV": str(speech), "FAKE_SPEED": "4"}
    arguments = ("--mic", "--timestamps", "--save", str(kept), "--backend", "trio")
    with listening(url, *arguments, env=env) as program:
        program.wait_for("Fake Microphone · Ctrl-C ends")
        program.wait_for("▮")
        program.wait_for(SAID[1])
        press_ctrl_c(program)
        done = program.finish()
    assert done.code == 0  # nothing else ends it
    assert [line[9:] for line in done.screen[:2]] == SAID
    assert "".join(done.screen[2:]) == f"saved to {kept}"
    assert "quick brown" in kept.read_text()


def test_a_microphone_into_a_pipe(url: str, speech: Path) -> None:
    env = {**FAKE_SOUND, "FAKE_MICROPHONE_WAV": str(speech), "FAKE_SPEED": "4"}
    with listening(url, "--mic", tty=False, env=env) as program:
        program.wait_for(SAID[1])
        press_ctrl_c(program)
        done = program.finish()
    assert (done.code, done.stdout, done.stderr) == (0, "".join(f"{line}\n" for line in SAID), "")


def test_a_microphone_that_vanishes_is_told_and_the_words_before_are_kept(url: str, speech: Path) -> None:
    kept = speech.with_suffix(".txt")
    recorded = {"FAKE_MICROPHONE_WAV": str(speech), "FAKE_SPEED": "4", "FAKE_MICROPHONE_END": "vanish"}
    done = run(
        *("listen", "--base-url", url, "--mic", "--save", str(kept)), tty=False, env={**KEY, **FAKE_SOUND, **recorded}
    )
    assert done.code == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Fake Microphone" in done.stderr
    assert kept.read_text() == done.stdout


@pytest.mark.parametrize(
    ("devices", "message"), [("none", "the system has no microphone at all"), ("refused", "--list-devices")]
)
def test_without_a_microphone_it_says_what_to_do(
    url: str, devices: str, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    without_sound(monkeypatch, devices)
    done = inside(capsys, "listen", "--base-url", url, "--mic")
    assert done.code == 1
    assert message in done.stderr
    assert done.stderr.endswith("; or listen to a file\n")
    assert len(done.stderr.splitlines()) == 1


def test_without_portaudio_it_says_what_to_install(url: str) -> None:
    done = run("listen", "--base-url", url, "--mic", tty=False, env={**KEY, **FAKE_SOUND, "FAKE_DEVICES": "missing"})
    assert done.code == 1
    assert "libportaudio2" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_devices_are_listed() -> None:
    done = run("listen", "--list-devices", env=FAKE_SOUND)
    assert "Fake Microphone" in done.text
    assert "Fake Speaker" in done.text
    done = run("listen", "--list-devices", "--json", tty=False, env=FAKE_SOUND)
    assert [device["name"] for device in json.loads(done.stdout)["devices"]] == ["Fake Microphone", "Fake Speaker"]


def test_a_missing_extra_is_named(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    done = inside(capsys, "listen", "--base-url", url, "--mic")
    assert done.code == 2
    assert "deepgram-anyio[audio]" in done.stderr


# Addresses.


def test_a_file_of_the_web(url: str, speech: Path) -> None:
    with web(sends(speech.read_bytes())) as address:
        done = run("listen", "--base-url", url, address, tty=False, env=KEY)
    assert (done.code, done.stdout.splitlines(), done.stderr) == (0, SAID, "")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_endless_stream_of_the_web_until_ctrl_c(url: str, speech: Path, backend: str) -> None:
    stop = threading.Event()

    def radio(request: BaseHTTPRequestHandler) -> None:
        sends(speech.read_bytes())(request)
        request.wfile.flush()
        stop.wait(30)

    with web(radio) as address, listening(url, address, "--backend", backend) as program:
        program.wait_for(SAID[0])
        press_ctrl_c(program)
        done = program.finish()
        stop.set()
    assert done.code == 130
    assert done.screen[0] == SAID[0]


@pytest.mark.parametrize(
    ("kind", "status", "code", "message"),
    [
        ("text/html; charset=utf-8", 200, 2, "is a web page, not audio"),
        ("application/vnd.apple.mpegurl", 200, 2, "is a playlist: name the stream that it leads to"),
        ("audio/wav", 404, 1, "answered 404 Not Found"),
    ],
)
def test_what_is_no_audio_on_the_web(
    url: str,
    kind: str,
    status: int,
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    with web(sends(b"<html>", kind=kind, status=status)) as address:
        done = inside(capsys, "listen", "--base-url", url, address)
    assert (done.code, done.stderr) == (code, f"error: {address} {message}\n")


# Connections that break.


def test_a_reconnection_is_told_and_nothing_is_missing(speech: Path) -> None:
    raw = speech.with_suffix(".raw")
    raw.write_bytes(speech.read_bytes()[44:])
    faults = FaultOptions(connections=1, close_after_audio_s=0.5, close_code=1011)
    with serving(faults=faults) as url:
        done = run("listen", "--base-url", url, str(speech), "--stats", tty=False, env=KEY)
    assert done.code == 0
    assert done.stdout.splitlines() == SAID
    assert "warning: reconnected after " in done.stderr
    assert "s of audio sent again" in done.stderr
    assert "1 reconnect" in done.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_a_break_for_good_is_told_and_the_words_before_are_kept(
    speech: Path, as_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    kept = speech.with_suffix(".txt")
    faults = FaultOptions(close_after_messages=1, close_code=1008)
    with serving(faults=faults) as url:
        arguments = ["--base-url", url, str(speech), "--save", str(kept), *["--json"] * as_json]
        done = inside(capsys, "listen", *arguments)
    assert done.code == 1
    assert done.stderr.splitlines()[0] == f"saved to {kept}"
    assert done.stderr.splitlines()[1].startswith("error: ")
    assert kept.read_text() == f"{SAID[0]}\n"
    if as_json:
        assert json.loads(done.stdout)["error"]["kind"] == "network"


def test_refused_credentials(speech: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    with serving(api_keys=["another"]) as url:
        done = inside(capsys, "listen", "--base-url", url, str(speech), "--save", str(speech.with_suffix(".txt")))
    assert done.code == 3
    assert not speech.with_suffix(".txt").exists()
