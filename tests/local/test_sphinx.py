"""The packaged recogniser's pool of processes: what it promises beyond the words."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soxr

from deepgram_anyio.local.engines import default_voice
from deepgram_anyio.local.engines.base import RECOGNIZER_RATE, RecognizedWord
from deepgram_anyio.local.engines.failures import EngineError
from deepgram_anyio.local.engines.sphinx import SphinxRecognizer
from deepgram_anyio.local.engines.vad import SpeechDetector

pytestmark = pytest.mark.speech


@pytest.fixture(scope="module")
def speech() -> bytes:
    """A sentence, as a recogniser takes it."""
    voice = default_voice()
    samples = np.frombuffer(b"".join(voice.synthesize("Please close the window before you leave.")), np.int16)
    voice.close()
    resampled = soxr.resample(samples, voice.sample_rate, RECOGNIZER_RATE)
    return bytes(np.asarray(resampled, np.int16).tobytes())


@pytest.fixture
def recognizer() -> Iterator[SphinxRecognizer]:
    made = SphinxRecognizer(max_workers=1)
    yield made
    made.close()


def heard(recognition: Any, samples: bytes) -> list[RecognizedWord]:
    for start in range(0, len(samples), 3200):
        recognition.feed(samples[start : start + 3200])
    return list(recognition.finish())


def worker(recognition: Any) -> int:
    return int(recognition._process.pid)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_words_have_times_and_confidences(recognizer: SphinxRecognizer, speech: bytes) -> None:
    recognition = recognizer.open()
    words = heard(recognition, speech)
    assert {"please", "close", "window"} & {word.word for word in words}
    assert [word.start_s for word in words] == sorted(word.start_s for word in words)
    assert all(0 <= word.start_s < word.end_s <= len(speech) / 32000 + 0.05 for word in words)
    assert all(0 <= word.confidence <= 1 for word in words)


def test_the_same_audio_gives_the_same_words_whatever_ran_before(recognizer: SphinxRecognizer, speech: bytes) -> None:
    first = heard(recognizer.open(), speech)
    other = recognizer.open()
    heard(other, bytes(32000) + speech[::-1][: 2 * 16000])
    assert heard(recognizer.open(), speech) == first


def test_partial_words_come_before_the_end(recognizer: SphinxRecognizer, speech: bytes) -> None:
    recognition = recognizer.open()
    recognition.feed(speech)
    assert recognition.partial()
    assert recognition.finish()
    assert recognition.partial() == []
    assert recognition.finish() == []


def test_silence_has_no_words(recognizer: SphinxRecognizer) -> None:
    assert heard(recognizer.open(), bytes(32000)) == []


def test_streams_share_a_decoder_segment_by_segment(recognizer: SphinxRecognizer, speech: bytes) -> None:
    first, second = recognizer.open(), recognizer.open()
    first.feed(speech)
    pid = worker(first)
    result: list[list[RecognizedWord]] = []
    waiting = threading.Thread(target=lambda: result.append(heard(second, speech)))
    waiting.start()
    assert first.finish()
    waiting.join(20)
    assert result[0]
    first.feed(speech[:3200])
    assert worker(first) == pid
    first.close()


def test_a_decoder_that_dies_fails_its_segment_and_is_replaced(recognizer: SphinxRecognizer, speech: bytes) -> None:
    recognition = recognizer.open()
    recognition.feed(speech[:3200])
    os.kill(worker(recognition), signal.SIGKILL)
    with pytest.raises(EngineError, match="decoder process"):
        heard(recognition, speech)
    assert heard(recognition, speech)


def test_closing_wakes_those_who_wait_and_ends_all_processes(speech: bytes) -> None:
    recognizer = SphinxRecognizer(max_workers=1)
    busy, waiter = recognizer.open(), recognizer.open()
    busy.feed(speech[:3200])
    pid = worker(busy)
    failures: list[Exception] = []

    def wait() -> None:
        try:
            waiter.feed(speech)
        except EngineError as error:
            failures.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    recognizer.close()
    thread.join(5)
    assert len(failures) == 1
    busy.close()
    assert not is_running(pid)
    recognizer.close()
    with pytest.raises(EngineError, match="closed"):
        recognizer.open().feed(speech)


def test_an_unfinished_segment_is_dropped_by_close(recognizer: SphinxRecognizer, speech: bytes) -> None:
    clean = heard(recognizer.open(), speech)
    abandoned = recognizer.open()
    abandoned.feed(speech[:32000])
    abandoned.close()
    abandoned.close()
    assert heard(recognizer.open(), speech) == clean


def test_the_detector_hears_speech_and_no_silence(speech: bytes) -> None:
    detector = SpeechDetector()
    assert not any(detector.feed(bytes(64000)))
    assert sum(detector.feed(speech)) > 30
    hiss = np.random.default_rng(1).integers(-20, 20, 32000).astype(np.int16).tobytes()
    assert not any(SpeechDetector().feed(hiss))
