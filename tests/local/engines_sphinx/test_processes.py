"""The recogniser's real processes: how they are found, lost and ended."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.local.engines import Recognizer
from deepgram_anyio.local.engines.base import RecognizedWord
from deepgram_anyio.local.engines.failures import EngineError
from deepgram_anyio.local.engines.sphinx import SphinxRecognition, SphinxRecognizer
from deepgram_anyio.local.engines.sphinx_pool import DecoderProcess
from deepgram_anyio.local.engines.sphinx_wire import Begin, Partial

from .speech import silence, speech

pytestmark = pytest.mark.speech

SPEECH = speech("The weather will be cold tomorrow.")
WAIT_S = 30.0


@pytest.fixture
def recognizer() -> Iterator[SphinxRecognizer]:
    made = SphinxRecognizer(max_workers=1)
    yield made
    made.close()


def hear(recognition: SphinxRecognition, audio: bytes) -> list[RecognizedWord]:
    recognition.feed(audio)
    return list(recognition.finish())


def idle(recognizer: SphinxRecognizer) -> DecoderProcess:
    (only,) = recognizer._pool._idle
    return only


def test_it_is_a_recogniser(recognizer: SphinxRecognizer) -> None:
    assert isinstance(recognizer, Recognizer)
    assert recognizer.name.startswith("pocketsphinx 5")
    with pytest.raises(ConfigError, match="at least 1"):
        SphinxRecognizer(max_workers=0)


def test_one_stream_may_hold_more_decoders_than_there_ought_to_be(recognizer: SphinxRecognizer) -> None:
    channels = [recognizer.open(), recognizer.open()]
    for channel in channels:
        channel.feed(SPEECH)
    left, right = ([word.word for word in channel.finish()] for channel in channels)
    assert left == right != []


def test_many_streams_at_once_hear_as_if_alone(recognizer: SphinxRecognizer) -> None:
    alone = hear(recognizer.open(), SPEECH)
    assert alone
    results: list[list[RecognizedWord]] = []

    def stream() -> None:
        recognition = recognizer.open()
        for start in range(0, len(SPEECH), 32_000):
            recognition.feed(SPEECH[start : start + 32_000])
        results.append(list(recognition.finish()))
        recognition.close()

    threads = [threading.Thread(target=stream) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert results == [alone] * 3


def test_interrupts_and_deaths_at_rest_cost_nothing(recognizer: SphinxRecognizer) -> None:
    recognition = recognizer.open()
    alone = hear(recognition, SPEECH)
    first = idle(recognizer)
    os.kill(first.pid, signal.SIGINT)
    assert hear(recognizer.open(), SPEECH) == alone
    assert idle(recognizer) is first
    os.kill(first.pid, signal.SIGKILL)
    first._process.wait(WAIT_S)
    assert hear(recognizer.open(), SPEECH) == alone
    assert idle(recognizer) is not first


def test_closing_fails_the_call_under_way() -> None:
    recognizer = SphinxRecognizer(max_workers=1)
    recognition = recognizer.open()
    recognition.feed(SPEECH)
    assert recognition.partial()
    process = recognition._process
    assert process is not None
    errors: list[EngineError] = []

    def go_on() -> None:
        try:
            while True:
                recognition.feed(SPEECH)
        except EngineError as error:
            errors.append(error)

    thread = threading.Thread(target=go_on)
    thread.start()
    while not process._in_call.locked():
        pass
    recognizer.close()
    thread.join(WAIT_S)
    assert len(errors) == 1
    assert "closed" in str(errors[0])
    assert not process.is_alive()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's list of open files")
@pytest.mark.parametrize("how", ["close", "forget"])
def test_nothing_is_left(how: str) -> None:
    gc.collect()
    files, threads = os.listdir("/proc/self/fd"), set(threading.enumerate())
    recognizer = SphinxRecognizer(max_workers=2)
    hear(recognizer.open(), silence(0.1))
    resting = idle(recognizer)
    left, right = recognizer.open(), recognizer.open()
    left.feed(SPEECH)
    right.feed(SPEECH)
    processes = [resting, *recognizer._pool._leased]
    if how == "close":
        recognizer.close()
    else:
        del recognizer, left, right
        gc.collect()
    assert [process._process.returncode for process in processes] == [-signal.SIGKILL] * 3
    assert os.listdir("/proc/self/fd") == files
    assert set(threading.enumerate()) <= threads  # others' idle workers may end meanwhile


def test_a_failure_of_the_decoder_is_told() -> None:
    process = DecoderProcess()
    process.tell(Begin())
    process.tell("nonsense")  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="ended in the middle of a segment"):
        process.ask(Partial())
    process.end()
    process.end()


ORPHANING_PROGRAM = """
import os
from deepgram_anyio.local.engines.sphinx import SphinxRecognizer
recognizer = SphinxRecognizer(max_workers=1)
recognition = recognizer.open()
recognition.feed(bytes(3200))
recognition.finish()
(process,) = recognizer._pool._idle
if os.fork() == 0:  # this one holds the decoder's input open, and outlives the program
    while process._replies.read(100):
        pass
    print("ended", flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_process_outlives_the_program() -> None:
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    done = subprocess.run(
        [sys.executable, "-c", ORPHANING_PROGRAM],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == b"ended\n"


def test_it_works_from_any_directory_without_a_main_guard(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from deepgram_anyio.local.engines import default_recognizer\n"
        "recognition = default_recognizer().open()\n"
        "recognition.feed(bytes(32000))\n"
        "print(list(recognition.finish()))\n"
    )
    command = [sys.executable, "-W", "error", "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
