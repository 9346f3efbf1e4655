"""``listen`` of files, pipes and addresses: what comes out, in each format, and what is kept."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from deepgram_anyio import DeepgramClient, LiveTranscript

from .speech_server import KEY, RATE, SAID, first_line, inside, piped, serving, write_speech
from .terminal import Run, run

WORDS = "\n".join(SAID)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as found:
        yield found


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return write_speech(tmp_path / "speech.wav")


def program(url: str, *arguments: str, tty: bool = False, **options: Any) -> Run:
    return run("listen", "--base-url", url, *arguments, tty=tty, env=KEY, **options)


@pytest.fixture
def listen(url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in this process."""
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    return lambda *arguments: inside(capsys, "listen", "--base-url", url, *arguments)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_words_of_a_file_go_into_a_pipe(url: str, speech: Path, backend: str) -> None:
    done = program(url, str(speech), "--backend", backend)
    assert done == Run(0, [], f"{WORDS}\n", "")


@pytest.mark.parametrize("columns", [80, 120])
def test_the_words_of_a_file_stay_on_the_screen(url: str, speech: Path, columns: int) -> None:
    done = program(url, str(speech), "--timestamps", "--stats", tty=True, columns=columns)
    assert done.code == 0
    assert [line[:8] for line in done.screen[:2]] == ["00:00.00", "00:01.17"]
    assert [line[9:] for line in done.screen[:2]] == SAID
    assert done.screen[2].startswith("sent 2.8 s · final 2.8 s · latency ")
    assert len(done.screen) == 3


def test_interim_lines_go_into_a_pipe_when_wanted(listen: Any, speech: Path) -> None:
    done = listen(str(speech), "--interim", "--pace", "4")
    assert [line for line in done.stdout.splitlines() if not line.startswith("... ")] == SAID
    assert any(line.startswith("... the") for line in done.stdout.splitlines())


def test_json_is_one_document(listen: Any, speech: Path) -> None:
    done = listen(str(speech), "--json")
    document = json.loads(done.stdout)
    assert document["results"]["channels"][0]["alternatives"][0]["transcript"] == " ".join(SAID)
    assert len(document["results"]["utterances"]) == 2
    assert done.stderr == ""


def test_jsonl_is_a_document_for_each_message(listen: Any, speech: Path) -> None:
    events = [json.loads(line) for line in listen(str(speech), "--format", "jsonl").stdout.splitlines()]
    assert [event["channel"]["alternatives"][0]["transcript"] for event in events[:2]] == SAID
    assert events[-1]["type"] == "Metadata"


@pytest.mark.parametrize("wanted", ["srt", "vtt"])
def test_captions_are_those_of_the_library(listen: Any, url: str, speech: Path, wanted: str, tmp_path: Path) -> None:
    async def heard() -> LiveTranscript:
        said = LiveTranscript(utterances=True)
        async with DeepgramClient("a-key", base_url=url) as dg, dg.listen.v1.stream(speech) as results:
            async for event in results:
                said.add(event)
        return said

    def timeless(captions: str) -> list[str]:
        return [line for line in captions.splitlines() if "Id" not in line and "Created" not in line]

    said = anyio.run(heard)
    expected = said.to_srt() if wanted == "srt" else said.to_webvtt()
    path = tmp_path / f"kept.{wanted}"
    done = listen(str(speech), "--format", wanted, "--save", str(path))
    assert timeless(done.stdout) == timeless(expected)
    assert path.read_text() == done.stdout
    assert done.stderr == f"saved to {path}\n"


def test_silence_has_empty_captions(listen: Any, tmp_path: Path) -> None:
    with wave.open(str(path := tmp_path / "silence.wav"), "wb") as wav:
        wav.setparams((1, 2, RATE, 0, "NONE", ""))
        wav.writeframes(bytes(RATE))
    assert listen(str(path), "--format", "srt") == Run(0, [], "", "")
    assert listen(str(path), "--format", "vtt").stdout == "WEBVTT\n"


def test_flux_is_shown_turn_by_turn(listen: Any, speech: Path) -> None:
    done = listen(str(speech), "--model", "flux-general-en", "--save", str(speech.with_suffix(".txt")))
    assert done.code == 0
    assert done.stdout.lower().replace(".", "").split() == " ".join(SAID).split()
    assert speech.with_suffix(".txt").read_text() == done.stdout


@pytest.mark.parametrize("raw", [False, True])
def test_standard_input(url: str, speech: Path, raw: bool) -> None:
    data = speech.read_bytes()
    options = ["--encoding", "linear16", "--sample-rate", str(RATE)] if raw else []
    done = piped("listen", "-", "--base-url", url, *options, data=data[44:] if raw else data)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, f"{WORDS}\n", b"")


def test_a_file_is_not_replaced_unless_that_is_wanted(listen: Any, speech: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    refused = listen(str(speech), "--save", str(kept))
    assert refused == Run(2, [], "", f"error: {kept} exists: --overwrite replaces it\n")
    assert kept.read_text() == "mine"
    assert listen(str(speech), "--save", str(kept), "--overwrite").code == 0
    assert kept.read_text() == f"{WORDS}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "name one source: a file, an address, - for standard input, or --mic"),
        (["no-such-file.wav"], 2, "no-such-file.wav: No such file or directory"),
        (["speech.wav", "--device", "1"], 2, "--device goes with --mic"),
        (["--mic", "--encoding", "linear16"], 2, "a microphone needs none"),
        (["speech.wav", "--save", "talk.doc"], 2, "talk.doc: the name must end in .txt, .json, .srt or .vtt"),
        (["speech.wav", "--save", "nowhere/talk.srt"], 2, "nowhere/talk.srt: there is no folder nowhere"),
        (["speech.wav", "--option", "modle=nova-2"], 2, "--option modle: did you mean model?"),
        (["speech.wav", "--option", "tag"], 2, "--option takes NAME=VALUE, not 'tag'"),
        (["speech.wav", "--option", "endpointing=soon"], 2, "endpointing"),
        (["speech.wav", "--flux", "--diarize"], 2, "diarize does not go with a Flux model"),
        (["speech.wav", "--json", "--format", "srt"], 2, "--json and --format srt contradict each other"),
        (["speech.wav", "--pace", "0"], 2, "pace must be a positive number"),
        (["http://me:secret@127.0.0.1:9/radio"], 1, "error: http://127.0.0.1:9/radio cannot be fetched: "),
    ],
)
def test_mistakes_are_one_clear_line(
    listen: Any, speech: Path, arguments: list[str], code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(speech.parent)
    done = listen(*arguments)
    assert done.code == code
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert "secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_this_version_does_not_know_is_sent(listen: Any, speech: Path) -> None:
    # The embedded server ignores it, and says so nowhere; that it is no mistake here is what counts.
    assert listen(str(speech), "--option", "brand_new=yes").stdout == f"{WORDS}\n"


def test_the_reader_of_the_pipe_may_leave(url: str, speech: Path) -> None:
    # Real time, so that the reader is gone before the second line.
    code, line, errors = first_line("listen", str(speech), "--base-url", url, "--pace", "1")
    assert (code, line, errors) == (141, f"{SAID[0]}\n", "")
