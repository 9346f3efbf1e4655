"""Scripts: how they are laid out, and what the engines make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.local import Conversation, Reply
from deepgram_anyio.local.engines.base import Recognizer, Voice
from deepgram_anyio.testing import SpokenWord, Utterance, audio_for, silence, wav_of
from deepgram_anyio.testing.engines import ScriptedEar, ScriptedMind, ScriptedVoice
from deepgram_anyio.testing.scripts import PAUSE_S, Transcript, lay_out, length_s


def times(transcript: Transcript, channel: int | None = None) -> list[tuple[str, float, float]]:
    return [
        (word.word, round(word.start_s, 3), round(word.end_s, 3))
        for utterance in lay_out(transcript, channel=channel)
        for word in utterance.words
    ]


@pytest.mark.parametrize(
    ("transcript", "expected"),
    [
        ("hello world", [("hello", 0.0, 0.3), ("world", 0.3, 0.6)]),
        ("", []),
        (["a", "b"], [("a", 0.0, 0.3), ("b", 0.3 + PAUSE_S, 0.6 + PAUSE_S)]),
        ([Utterance("a", start_s=2.0), "b"], [("a", 2.0, 2.3), ("b", 3.8, 4.1)]),
        (Utterance("a b", start_s=1.0, end_s=2.0), [("a", 1.0, 1.5), ("b", 1.5, 2.0)]),
        (Utterance(words=[SpokenWord("a", 0.5, 0.75), SpokenWord("b", 1.0, 1.5)]), [("a", 0.5, 0.75), ("b", 1.0, 1.5)]),
        ([Utterance("late", start_s=5.0), Utterance("early", start_s=0.0)], [("early", 0.0, 0.3), ("late", 5.0, 5.3)]),
    ],
)
def test_where_words_are(transcript: Transcript, expected: list[tuple[str, float, float]]) -> None:
    assert times(transcript) == expected
    assert length_s(transcript) == pytest.approx(max((end for _, _, end in expected), default=0.0))


def test_channels() -> None:
    script = [Utterance("left", channel=0), Utterance("both"), Utterance("right", channel=1)]
    assert [word for word, _, _ in times(script, 0)] == ["left", "both"]
    assert [word for word, _, _ in times(script, 1)] == ["both", "right"]
    assert [word for word, _, _ in times(script)] == ["left", "both", "right"]


@pytest.mark.parametrize(
    ("text", "words", "written"),
    [
        ("hello world", ["hello", "world"], [None, None]),
        ("Hello, my world!", ["hello", "my", "world"], ["Hello,", "my", "world!"]),
        ("what ?", ["what", "?"], [None, None]),
    ],
)
def test_how_words_are_written(text: str, words: list[str], written: list[str | None]) -> None:
    placed = lay_out(text)[0].words
    assert [word.word for word in placed] == words
    assert [word.written for word in placed] == written


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Utterance("a", words=[SpokenWord("b", 0, 1)]), "words with times, or a text"),
        (lambda: Utterance(words=[SpokenWord("a", 1, 2), SpokenWord("b", 0, 1)]), "follow one another"),
        (lambda: Utterance("a", start_s=-1), "begin at 0"),
        (lambda: Utterance("a", start_s=2, end_s=1), "begin at 0"),
        (lambda: lay_out(lambda session: "a"), "not function"),
        (lambda: lay_out([1]), "not int"),  # type: ignore[list-item]
        (lambda: ScriptedMind("hello", lambda: 0), "not one text"),
        (lambda: ScriptedVoice(b"RIFF"), "WAV"),
        (lambda: ScriptedVoice("nowhere.wav"), "nowhere"),
        (lambda: ScriptedVoice(wav_of(silence(0.1, channels=2), channels=2)), "mono"),
        (lambda: ScriptedVoice({"a": wav_of(b""), "b": wav_of(b"", sample_rate=8000)}), r"\[8000, 16000\]"),
        (lambda: wav_of(b"abc"), "whole frames"),
    ],
)
def test_what_cannot_be_used(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_audio_is_as_long_as_the_script() -> None:
    script: list[str | Utterance] = ["hello world", Utterance("bye", start_s=4.0, end_s=5.0)]
    audio = audio_for(script, sample_rate=8000, tail_s=0.5)
    assert len(audio) == 2 * 8000 * 5.5
    assert not any(audio[2 * 8000 : 4 * 16000])
    assert any(audio[: 2 * 4800])
    assert silence(0.25, sample_rate=48000, channels=2) == bytes(2 * 2 * 12000)


def test_the_ear_is_a_recogniser() -> None:
    ear = ScriptedEar(lambda who: lay_out("hello world"))
    assert isinstance(ear, Recognizer)
    assert ear.detector().feed(silence(0.9)) == [True] * 20 + [False] * 10
    recognition = ear.open()
    recognition.begin(0.0)
    recognition.feed(silence(0.3))
    assert [word.word for word in recognition.partial()] == ["hello"]
    assert [word.word for word in recognition.finish()] == ["hello", "world"]
    recognition.begin(0.5)
    recognition.feed(silence(1.0))
    assert recognition.finish() == []
    recognition.close()
    ear.close()


def test_words_with_times_are_heard_when_they_began() -> None:
    script = Utterance(words=[SpokenWord("a", 0.5, 0.75), SpokenWord("b", 1.0, 1.5)])
    recognition = ScriptedEar(lambda who: lay_out(script)).open()
    recognition.begin(0.25)
    recognition.feed(silence(0.5))
    [word] = recognition.finish()
    assert (word.word, word.start_s, word.end_s) == ("a", 0.25, 0.5)
    recognition.begin(0.75)
    recognition.feed(silence(0.5))
    assert [word.word for word in recognition.finish()] == ["b"]


def test_interims_come_in_turn() -> None:
    recognition = ScriptedEar(lambda who: lay_out(Utterance("hello", interims=["yell", "yellow"]))).open()
    recognition.begin(0.0)
    said = []
    for _ in range(3):
        recognition.feed(silence(0.1))
        said.append([word.word for word in recognition.partial()])
    assert said == [["yell"], ["yellow"], ["yellow"]]
    assert [word.word for word in recognition.finish()] == ["hello"]


def test_the_voice(tmp_path: Path) -> None:
    tone = audio_for("a", sample_rate=24000)
    path = tmp_path / "a.wav"
    path.write_bytes(wav_of(tone, sample_rate=24000))
    voice = ScriptedVoice({"Hello.": path})
    assert isinstance(voice, Voice)
    assert voice.sample_rate == 24000
    assert b"".join(voice.synthesize("Hello. ")) == tone
    assert len(b"".join(voice.synthesize("two words"))) == 2 * 24000 * 0.6
    assert b"".join(ScriptedVoice(path.read_bytes()).synthesize("anything")) == tone
    voice.close()


def test_the_mind() -> None:
    turns = iter(range(9))
    listed = ScriptedMind(["one", Reply(text="two", thought="hm")], lambda: next(turns))
    assert [listed.reply(Conversation()).text for _ in range(3)] == ["one", "two", ""]
    asked = ScriptedMind(lambda conversation: f"{len(conversation.functions)} functions", lambda: 0)
    assert asked.reply(Conversation()).text == "0 functions"
    assert "heard nothing" in ScriptedMind(None, lambda: 0).reply(Conversation()).text
