"""``speak``: aloud, into files of all kinds, and into pipes."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from deepgram_anyio.local import FaultOptions
from deepgram_anyio.local.engines.scripted import ToneVoice

from .speech_server import FAKE_SOUND, KEY, inside, piped, serving, without_sound
from .terminal import Program, Run, run, start

WORD_S = 0.1
PAUSE_S = 0.1
TEXT = "One two three. Four five six."
LENGTH_S = 6 * WORD_S + 2 * PAUSE_S


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(voice=ToneVoice(word_s=WORD_S, pause_s=PAUSE_S)) as found:
        yield found


@pytest.fixture
def speak(url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    monkeypatch.chdir(tmp_path)

    def speak(*arguments: str) -> Run:
        return inside(capsys, "speak", "--base-url", url, *arguments)

    return speak


def wav_s(data: bytes | Path, *, rate: int = 24_000) -> float:
    """The length of a WAV file whose header says so."""
    content = data.read_bytes() if isinstance(data, Path) else data
    with wave.open(io.BytesIO(content)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (rate, 1, 2)
        assert len(content) == 44 + 2 * wav.getnframes()
        return float(wav.getnframes() / rate)


def decoded_s(path: Path) -> float:
    """The length of what a decoder makes of a file."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        return float(sum(frame.samples for frame in container.decode(audio=0)) / rate)


@pytest.mark.parametrize("more", [[], ["--stream"], ["--backend", "trio"], ["--model", "flux-haley-en", "--stream"]])
def test_a_wav_file(speak: Any, more: list[str]) -> None:
    done = speak(TEXT, "-o", "speech.wav", *more)
    assert (done.code, done.stdout, done.stderr) == (0, "", f"{LENGTH_S:.1f} s of speech in speech.wav\n")
    assert wav_s(Path("speech.wav")) == pytest.approx(LENGTH_S, abs=0.01)
    assert [path.name for path in Path().iterdir()] == ["speech.wav"]


@pytest.mark.parametrize(
    ("name", "begins"),
    [("speech.mp3", b"\xff\xf3"), ("speech.opus", b"OggS"), ("speech.ogg", b"OggS"), ("speech.flac", b"fLaC")],
)
def test_compressed_files(speak: Any, name: str, begins: bytes) -> None:
    assert speak(TEXT, "-o", name).code == 0
    assert Path(name).read_bytes().startswith((begins, b"ID3"))
    assert decoded_s(Path(name)) == pytest.approx(LENGTH_S, abs=0.15)


def test_raw_samples_and_telephone_sound(speak: Any) -> None:
    assert speak(TEXT, "-o", "speech.raw", "--sample-rate", "16000").code == 0
    assert Path("speech.raw").stat().st_size == pytest.approx(2 * 16_000 * LENGTH_S, abs=400)
    assert speak(TEXT, "-o", "speech.wav", "--encoding", "mulaw").code == 0
    assert decoded_s(Path("speech.wav")) == pytest.approx(LENGTH_S, abs=0.01)


def test_json_tells_what_was_made(speak: Any) -> None:
    done = speak(TEXT, "-o", "speech.wav", "--json")
    told = json.loads(done.stdout)
    assert told["path"] == "speech.wav"
    assert told["audio_s"] == pytest.approx(LENGTH_S, abs=0.01)
    assert len(told["request_ids"]) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_long_text_is_spoken_in_parts_without_a_seam(speak: Any, stream: bool) -> None:
    words = 1200
    Path("long.txt").write_text("Some more words here. " * (words // 4))  # 6,600 characters
    done = speak("long.txt", "-o", "long.wav", *["--stream"] * stream, "--json")
    assert wav_s(Path("long.wav")) == pytest.approx(words * WORD_S + words / 4 * PAUSE_S, rel=0.001)
    assert len(json.loads(done.stdout)["request_ids"]) == (1 if stream else 4)


def test_what_of_a_long_text_can_be_joined(speak: Any) -> None:
    Path("long.txt").write_text("Some more words here. " * 100)  # 2,200 characters
    assert speak("long.txt", "-o", "long.mp3").code == 0
    assert decoded_s(Path("long.mp3")) == pytest.approx(400 * WORD_S + 100 * PAUSE_S, abs=0.3)
    done = speak("long.txt", "-o", "long.flac")
    assert done.code == 2
    assert "2 parts, which do not make one flac file: write .wav" in done.stderr
    assert not Path("long.flac").exists()


def test_standard_input_and_a_pipe(url: str) -> None:
    done = piped("speak", "-", "-o", "-", "--base-url", url, data=TEXT.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"RIFF")
    assert len(done.stdout) - 44 == pytest.approx(48_000 * LENGTH_S, abs=500)
    done = piped("speak", "-", "-o", "-", "--stream", "--base-url", url, data=b"\n \n")
    assert (done.returncode, done.stderr) == (2, b"error: there is nothing to speak: the text is empty\n")
    done = piped("speak", TEXT, "-o", "-", "--format", "flac", "--base-url", url)
    assert done.stdout.startswith(b"fLaC")


def wait_for_bytes(program: Program, count: int) -> None:
    """Read standard output until so much has come, which nobody asked for to be text."""
    assert program.process.stdout is not None
    read = 0
    while read < count:
        read += len(os.read(program.process.stdout.fileno(), 65_536))


def test_lines_are_spoken_as_they_come(url: str) -> None:
    with start(
        *("speak", "-", "--stream", "-o", "-", "--encoding", "mulaw", "--format", "raw", "--base-url", url),
        tty=False,
        env=KEY,
    ) as program:
        for _ in range(2):
            program.type("One two.\n\n")
            wait_for_bytes(program, int(8000 * (2 * WORD_S + PAUSE_S)) - 10)
        program.end_input()
        assert program.finish().code == 0


def test_it_is_played(url: str, tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    played = {**KEY, **FAKE_SOUND, "FAKE_SPEAKER_WAV": str(heard), "FAKE_SPEED": "4"}
    done = run("speak", TEXT, "--base-url", url, env=played)
    assert done == Run(0, [], done.stdout, "")
    with wave.open(str(heard)) as wav:
        samples = memoryview(wav.readframes(wav.getnframes())).cast("h")
        loud = sum(1 for sample in samples if abs(sample) > 300) / wav.getframerate() / wav.getnchannels()
    assert loud == pytest.approx(6 * WORD_S, rel=0.1)


@pytest.mark.parametrize("devices", ["none", "refused"])
def test_without_a_speaker_it_says_what_to_do(speak: Any, devices: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_sound(monkeypatch, devices)
    done = speak(TEXT)
    assert done.code == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("; or write a file with -o PATH\n")
    assert len(done.stderr.splitlines()) == 1


class WaitingVoice(ToneVoice):
    """Says a word, and then nothing for as long as the test wants."""

    def __init__(self) -> None:
        super().__init__(word_s=WORD_S)
        self.go_on = threading.Event()

    def synthesize(self, text: str) -> Iterator[bytes]:
        for piece in super().synthesize(text):
            yield piece
            self.go_on.wait(20)


@pytest.mark.parametrize("name", ["speech.wav", "speech.mp3"])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    voice = WaitingVoice()
    path = tmp_path / name
    with serving(voice=voice) as url:
        with start("speak", TEXT, "-o", str(path), "--base-url", url, env=KEY) as program:
            program.wait_for("Speaking")
            program.interrupt()
            done = program.finish()
        voice.go_on.set()
    assert done.code == 128 + signal.SIGINT
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-key")
    path = tmp_path / "speech.wav"
    with serving(faults=FaultOptions(refuse_status=402)) as url:
        done = inside(capsys, "speak", TEXT, "--base-url", url, "-o", str(path))
    assert done.code == 5
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_replaced_unless_that_is_wanted(speak: Any) -> None:
    path = Path("speech.wav")
    path.write_bytes(b"mine")
    done = speak(TEXT, "-o", "speech.wav")
    assert (done.code, done.stderr) == (2, "error: speech.wav exists: --overwrite replaces it\n")
    assert path.read_bytes() == b"mine"
    assert speak(TEXT, "-o", "speech.wav", "--overwrite").code == 0
    assert wav_s(path) > 0


def test_no_audio_is_written_to_a_terminal(url: str) -> None:
    done = run("speak", TEXT, "-o", "-", "--base-url", url, env=KEY)
    assert (done.code, done.text) == (
        2,
        "error: standard output is a terminal: write into a pipe, or name a file",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a text, a text file, or - for standard input"),
        (["  "], "there is nothing to speak"),
        (["letter.txt"], "letter.txt: there is no such file"),
        (["picture.txt"], "picture.txt is no text file"),
        (["Hi", "-o", "speech"], "speech: the name must end in .wav, .mp3"),
        (["Hi", "-o", "speech.mp3", "--format", "wav"], "contradict each other"),
        (["Hi", "-o", "speech.mp3", "--stream"], "--stream makes no mp3"),
        (["Hi", "-o", "speech.mp3", "--sample-rate", "48000"], "mp3 always has 22050 Hz"),
        (["Hi", "-o", "speech.opus", "--encoding", "linear16"], "opus does not hold linear16, but opus"),
        (["Hi", "--encoding", "mulaw"], "what is played is linear16"),
        (["Hi", "--format", "mp3"], "--format is for -o"),
        (["Hi", "-o", "speech.wav", "--device", "0"], "name one of them"),
        (["Hi", "-o", "-", "--json"], "both write to standard output"),
        (["Hi", "-o", "speech.wav", "--option", "samplerate=8000"], "did you mean sample_rate?"),
        (["Hi", "-o", "nowhere/speech.wav"], "there is no folder nowhere"),
    ],
)
def test_mistakes_are_one_clear_line(speak: Any, arguments: list[str], message: str) -> None:
    Path("picture.txt").write_bytes(b"\x89PNG\xff")
    done = speak(*arguments)
    assert done.code == 2
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in Path().iterdir()] == ["picture.txt"]


def test_a_text_may_look_like_a_name(speak: Any) -> None:
    assert speak("a" * 300, "-o", "long.wav").code == 0  # too long for a file's name
    Path("note").write_text("One two.")
    assert speak("note", "-o", "note.wav").code == 0
    assert wav_s(Path("note.wav")) == pytest.approx(2 * WORD_S + PAUSE_S, abs=0.01)
