"""``transcribe`` with many recordings: interrupted, killed, started again; what fails, and how it is told."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from deepgram_anyio.cli.app import run as run_in_process

from ..bulk.serving import Counted, counting_server, write_tones
from .terminal import run, start

FILES = 120
JOBS = 8

Call: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Counted]:
    with counting_server(tmp_path / "log") as counted:
        yield counted


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    write_tones(tmp_path / "calls", 6)
    return tmp_path / "calls"


def results(folder: Path, suffix: str = ".json") -> set[str]:
    return {path.name for path in folder.rglob("*") if path.suffix == suffix}


@pytest.fixture
def call(server: Counted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command in this process, where it starts sooner, and without a terminal."""
    for name in ("DEEPGRAM_API_KEY", "DEEPGRAM_ACCESS_TOKEN", "DEEPGRAM_HOST"):
        monkeypatch.delenv(name, raising=False)

    def run_here(*arguments: object, url: str = server.url) -> tuple[int, str, str]:
        code = run_in_process(["transcribe", *map(str, arguments), "--base-url", url])
        return code, *capsys.readouterr()

    return run_here


def test_interrupted_and_killed_it_goes_on_and_misses_nothing(server: Counted, tmp_path: Path) -> None:
    calls, out = tmp_path / "calls", tmp_path / "out"
    write_tones(calls, FILES)
    command = ["transcribe", str(calls), "-o", str(out), "-j", str(JOBS), "--base-url", server.url]

    server.hold(after=40)
    with start(*command) as program:
        program.wait_for(f"40/{FILES}")
        server.wait_for(40 + JOBS)
        program.type("\x03")
        program.wait_for(f"Waiting for {JOBS} under way; Ctrl-C again stops at once.")
        server.let_go()
        done = program.finish()
    assert done.code == 130
    assert f"{40 + JOBS} done, 0 failed, {FILES - 40 - JOBS} left; 0:00:24 of audio." in done.screen
    assert "Interrupted; the same command goes on from here." in done.screen
    assert sorted(server.taken().values()) == [1] * (40 + JOBS)

    server.hold(after=32)
    with start(*command) as program:
        program.wait_for(f"80/{FILES}")
        server.wait_for(80 + JOBS)
        os.kill(program.process.pid, signal.SIGKILL)
        program.finish()
    assert sorted(server.taken().values()) == [1] * (80 + JOBS)
    server.let_go()

    done = run(*command)
    assert done.code == 0
    assert f"warning: {JOBS} recordings had been sent and not answered" in done.text
    assert f"{FILES - 80} done, 0 failed, 80 done before; 0:00:20 of audio." in done.screen
    assert f"{JOBS} recordings sent again: unanswered." in done.screen
    assert Counter(server.taken().values()) == {1: FILES - JOBS, 2: JOBS}
    assert results(out) == {f"{number:03}.wav.json" for number in range(FILES)}
    assert not list(out.glob(".*"))

    again = run(*command, tty=False)
    assert again.stderr.startswith(f"0 done, 0 failed, {FILES} done before; 0:00:00 of audio.\n")
    assert server.taken().total() == FILES + JOBS


def test_a_second_interruption_stops_at_once(server: Counted, calls: Path, tmp_path: Path) -> None:
    server.hold()
    with start("transcribe", str(calls), "-j", "2", "--base-url", server.url) as program:
        program.wait_for("0/6")
        server.wait_for(2)
        program.type("\x03")
        program.wait_for("Waiting for 2 under way")
        program.type("\x03")
        done = program.finish(timeout_s=10)
    assert done.code == 130
    assert "warning: 2 recordings sent and not waited for; may be billed twice" in " ".join(done.screen)
    server.let_go()
    done = run("transcribe", str(calls), "-j", "2", "--base-url", server.url, tty=False)
    assert done.code == 0
    assert done.stderr.startswith("warning: 2 recordings had been sent and not answered")
    assert "2 recordings sent again: unanswered.\n" in done.stderr
    assert sorted(server.taken().values()) == [1, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("columns", [80, 120])
def test_the_bar_is_one_line(server: Counted, calls: Path, columns: int) -> None:
    server.hold(after=3)
    (calls / "bad.wav").write_text("no sound")
    with start("transcribe", str(calls), "-j", "1", "--base-url", server.url, columns=columns) as program:
        program.wait_for("3/7")
        (line,) = program.screen
        assert "0:00:01 audio" in line
        server.let_go()
        done = program.finish()
    assert done.code == 6
    assert done.screen[0] == "6 done, 1 failed; 0:00:03 of audio."
    assert "failed: bad.wav: " in done.text
    assert "/7" not in done.text


def test_failures_are_listed_and_tried_again(call: Call, calls: Path) -> None:
    (calls / "bad.wav").write_text("no sound")
    code, printed, told = call(calls)
    assert (code, printed) == (6, "")
    assert "6 done, 1 failed; 0:00:03 of audio.\n" in told
    assert "failed: bad.wav: " in told
    code, printed, told = call(calls, "--json")
    assert (code, told) == (6, "")
    document = json.loads(printed)
    (failure,) = document.pop("failures")
    assert document == {
        "done": 0,
        "failed": 1,
        "skipped": 6,
        "left": 0,
        "unanswered": 0,
        "interrupted": False,
        "duration_s": 0.0,
        "sent_again": {"failed before": 1},
        "manifest": str(calls / "transcribe.jsonl"),
    }
    assert failure["key"] == "bad.wav"
    assert failure["error"]["status"] == 400
    write_tones(calls, 1, start=99)
    (calls / "099.wav").replace(calls / "bad.wav")
    assert call(calls)[0] == 0


def test_where_results_go(call: Call, calls: Path, tmp_path: Path) -> None:
    write_tones(calls / "deep", 1, start=50)
    assert call(calls, "-f", "text")[0] == 0
    assert results(calls, ".txt") == {f"00{index}.wav.txt" for index in range(6)}
    out = tmp_path / "out"
    assert call(calls, "-r", "--glob", "*0.wav", "-o", out, "-f", "srt")[0] == 0
    assert results(out, ".srt") == {"000.wav.srt", "050.wav.srt"}
    assert (out / "deep" / "050.wav.srt").is_file()
    many = tmp_path / "many"
    assert call(calls, calls / "deep", calls / "000.wav", "-o", many)[0] == 0
    found = {path.relative_to(many).as_posix() for path in many.rglob("*.json")}
    # The one that was named twice was sent once, under the name of whichever came first.
    rest = {"deep/050.wav.json", *(f"calls/00{index}.wav.json" for index in range(1, 6))}
    assert found - {"000.wav.json", "calls/000.wav.json"} == rest
    assert len(found) == 7


def test_a_file_that_is_there_stays(server: Counted, call: Call, calls: Path) -> None:
    (calls / "000.wav.json").write_text("mine")
    code, _, told = call(calls)
    assert code == 6
    assert "000.wav.json is already there" in told
    assert server.taken().total() == 5
    assert (calls / "000.wav.json").read_text() == "mine"
    assert call(calls, "--overwrite")[0] == 0
    assert (calls / "000.wav.json").read_text() != "mine"


def test_one_manifest_has_one_writer(server: Counted, calls: Path) -> None:
    server.hold()
    with start("transcribe", str(calls), "--base-url", server.url, tty=False) as first:
        server.wait_for(1)
        second = run("transcribe", str(calls), "--base-url", server.url, tty=False)
        assert second.code == 2
        assert f"transcribe.jsonl is in use by process {first.process.pid} on " in second.stderr
        server.let_go()
        first.end_input()
        assert first.finish().code == 0


def test_a_folder_without_recordings_is_a_mistake(call: Call, tmp_path: Path) -> None:
    code, _, told = call(tmp_path)
    assert (code, told) == (2, "error: there is no recording there: see --glob and --recursive\n")


def test_a_key_that_is_refused_stops_all(call: Call, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with counting_server(calls.parent / "other.log", key="right") as server:
        monkeypatch.setenv("DEEPGRAM_API_KEY", "wrong")
        code, _, told = call(calls, "-j", "2", url=server.url)
    assert code == 3
    assert "0 done, " in told
    assert "check the API key" in told
    assert "wrong" not in told


def test_a_request_to_terminate_ends_what_is_under_way(server: Counted, calls: Path) -> None:
    server.hold()
    with start("transcribe", str(calls), "-j", "2", "--base-url", server.url, tty=False) as program:
        server.wait_for(2)
        program.process.send_signal(signal.SIGTERM)
        program.wait_for("Waiting for 2 under way")
        server.let_go()
        program.end_input()
        done = program.finish()
    assert done.code == 143
    assert "2 done, 0 failed, 4 left" in done.stderr
