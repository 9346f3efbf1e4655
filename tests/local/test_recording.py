"""What is made of a recording: words, sentences, paragraphs, utterances, hits."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.local.codecs.decode import RecordingDecoder
from deepgram_anyio.local.codecs.encode import speech_encoder
from deepgram_anyio.local.codecs.formats import speech_format
from deepgram_anyio.local.engines import default_recognizer, default_voice
from deepgram_anyio.local.engines.base import RecognizedWord
from deepgram_anyio.local.engines.scripted import ScriptedRecognition, ScriptedRecognizer
from deepgram_anyio.local.recording import HeardChannel, Origin, hear, strings, written
from deepgram_anyio.local.wire_audio import UndecodableAudioError
from deepgram_anyio.protocol.rest.prerecorded_options import PrerecordedOptions
from deepgram_anyio.protocol.rest.transcription import Transcription, Utterance

from .audio_files import sine, wav

ORIGIN = Origin(
    request_id="r", created=datetime(2026, 1, 1, tzinfo=timezone.utc), sha256="00", duration_s=10.0, engine="test"
)


def said(*sentences: tuple[float, str]) -> HeardChannel:
    """A channel on which sentences begin at given times; each word takes half a second."""
    return HeardChannel(
        sentences=[
            [
                RecognizedWord(
                    word=word, start_s=start_s + index / 2, end_s=start_s + index / 2 + 0.5, confidence=0.5 + index / 10
                )
                for index, word in enumerate(text.split())
            ]
            for start_s, text in sentences
        ]
    )


def write(*channels: HeardChannel, **options: Any) -> Transcription:
    return written(channels, PrerecordedOptions(**options), ORIGIN)


TALK = said((0, "who is there"), (2, "it is me"), (10, "come in"))


def test_the_bare_transcript() -> None:
    found = write(TALK)
    assert found.transcript == "who is there it is me come in"
    assert [word.word for word in found.words] == found.transcript.split()
    assert {word.punctuated_word for word in found.words} == {None}
    best = found.best[0]
    assert best.confidence == pytest.approx((0.5 + 0.6 + 0.7 + 0.5 + 0.6 + 0.7 + 0.5 + 0.6) / 8, abs=1e-4)
    assert best.paragraphs is None
    assert (found.results.utterances, found.results.channels[0].search) == (None, None)
    assert found.to_dict()["metadata"]["created"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("options", [{"punctuate": True}, {"smart_format": True}, {"paragraphs": True}])
def test_signs(options: dict[str, Any]) -> None:
    found = write(TALK, **options)
    assert found.transcript == "Who is there? It is me. Come in."
    assert found.words[2].word == "there"
    assert found.words[2].punctuated_word == "there?"


@pytest.mark.parametrize("option", ["paragraphs", "smart_format"])
def test_a_paragraph_ends_at_a_long_pause(option: str) -> None:
    paragraphs = write(TALK, **{option: True}).best[0].paragraphs
    assert paragraphs is not None
    assert paragraphs.transcript == "\nWho is there? It is me.\n\nCome in."
    first, second = paragraphs.paragraphs
    assert [sentence.text for sentence in first.sentences] == ["Who is there?", "It is me."]
    assert (first.num_words, first.start, first.end) == (6, 0.0, 3.5)
    assert (second.num_words, second.start, second.end) == (2, 10.0, 11.0)
    assert (first.sentences[1].start, first.sentences[1].end) == (2.0, 3.5)


def test_a_paragraph_has_five_sentences_at_most() -> None:
    paragraphs = write(said(*((index, "go") for index in range(12))), paragraphs=True).best[0].paragraphs
    assert paragraphs is not None
    assert [len(paragraph.sentences) for paragraph in paragraphs.paragraphs] == [5, 5, 2]


def test_utterances_are_split_at_pauses_channel_by_channel() -> None:
    other = said((1.0, "yes"), (20, "bye"))
    found = write(TALK, other, utterances=True).results.utterances or []
    texts = [(utterance.channel, utterance.transcript) for utterance in found]
    assert texts == [(0, "who is there it is me"), (1, "yes"), (0, "come in"), (1, "bye")]
    assert (found[0].start, found[0].end, len(found[0].words)) == (0.0, 3.5, 6)
    assert len({utterance.id for utterance in found}) == 4
    closer = write(TALK, utterances=True, utt_split=0.5).results.utterances or []
    assert [utterance.transcript for utterance in closer] == ["who is there", "it is me", "come in"]
    assert len(write(TALK, utterances=True, utt_split=60.0).results.utterances or []) == 1


def test_search_finds_words_and_parts_of_them() -> None:
    found = write(TALK, search=["IS", "it  is", "here", "absent", ""]).results.channels[0].search or []
    hits = {term.query: [(hit.start, hit.end, hit.snippet) for hit in term.hits] for term in found}
    assert hits == {
        "IS": [(0.5, 1.0, "is"), (2.5, 3.0, "is")],
        "it  is": [(2.0, 3.0, "it is")],
        "here": [(1.0, 1.5, "there")],
        "absent": [],
        "": [],
    }
    assert found[1].hits[0].confidence == pytest.approx(0.55)


def test_words_are_replaced_or_removed() -> None:
    found = write(TALK, replace=["me:you", "come:"], punctuate=True)
    assert found.transcript == "Who is there? It is you. In."


def test_a_sentence_that_is_replaced_by_nothing_is_none() -> None:
    found = write(said((0, "um"), (3, "yes")), replace="um:", paragraphs=True, utterances=True)
    assert found.transcript == "Yes."
    assert len(found.results.utterances or []) == 1


@pytest.mark.parametrize(
    ("value", "language"), [(None, None), ("false", None), (False, None), ("true", "en"), (["de", "en"], "en")]
)
def test_the_language(value: Any, language: str | None) -> None:
    assert write(TALK, detect_language=value).results.channels[0].detected_language == language


def test_silence() -> None:
    found = write(HeardChannel(), paragraphs=True, utterances=True, search="x")
    assert (found.transcript, found.words, found.results.utterances) == ("", [], [])
    assert found.best[0].confidence == 0.0
    assert found.best[0].paragraphs is not None
    assert found.best[0].paragraphs.transcript == ""


@pytest.mark.parametrize(("value", "expected"), [(None, []), (True, []), ("a", ["a"]), (["a", "b"], ["a", "b"])])
def test_parameters_that_can_be_given_often(value: Any, expected: list[str]) -> None:
    assert strings(value) == expected


_WORDS = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 4)), max_size=12)


@given(_WORDS, st.floats(0.1, 3))
def test_utterances_hold_every_word_once_and_pauses_lie_between_them(
    parts: list[tuple[float, int]], gap_s: float
) -> None:
    at_s, sentences = 0.0, []
    for pause_s, count in parts:
        sentences.append((at_s + pause_s, " ".join(["w"] * count)))
        at_s += pause_s + count / 2
    found = write(said(*sentences), utterances=True, utt_split=gap_s)
    utterances: list[Utterance] = found.results.utterances or []
    assert [word for utterance in utterances for word in utterance.words] == found.words
    for one, other in pairwise(utterances):
        assert other.start - one.end >= gap_s - 0.001


class CountedRecognizer(ScriptedRecognizer):
    """Counts what is open."""

    def __init__(self, utterances: Sequence[str]) -> None:
        super().__init__(utterances)
        self.open_count = 0
        self.keyterms: list[str] = []

    def open(self, *, keyterms: Sequence[str] = ()) -> ScriptedRecognition:
        owner = self

        class Counted(ScriptedRecognition):
            def close(self) -> None:
                owner.open_count -= 1

        self.open_count += 1
        self.keyterms = list(keyterms)
        return Counted(self._utterances, self._word_s)


def test_sentences_are_what_lies_between_pauses() -> None:
    recognizer = CountedRecognizer(["one two", "three", "four"])
    sound = sine(0.6, silence_s=0.3) + sine(0.6, silence_s=1.0) + sine(0.6, silence_s=3.0) + sine(0.6)
    decoder = RecordingDecoder(io.BytesIO(wav(sound)))
    (channel,) = hear(decoder, recognizer, PrerecordedOptions(keyterm=["a", "b"]))
    # The first pause is too short to end a sentence.
    assert [[word.word for word in sentence] for sentence in channel.sentences] == [["one", "two"], ["three"], ["four"]]
    assert channel.sentences[-1][-1].end_s == pytest.approx(6.7, abs=0.1)
    assert decoder.duration_s == pytest.approx(6.7)
    assert (recognizer.open_count, recognizer.keyterms) == (0, ["a", "b"])


def test_a_long_speech_without_a_pause_is_one_sentence() -> None:
    recognizer = CountedRecognizer(["one two", "three", "four"])
    (channel,) = hear(RecordingDecoder(io.BytesIO(wav(sine(45.0)))), recognizer, PrerecordedOptions())
    assert [word.word for sentence in channel.sentences for word in sentence] == ["one", "two", "three", "four"]
    assert len(channel.sentences) == 1


def test_recognition_is_closed_whatever_happens() -> None:
    recognizer = CountedRecognizer(["one"])
    calls = iter(range(100))

    def check() -> None:
        if next(calls) == 3:
            raise KeyboardInterrupt

    decoder = RecordingDecoder(io.BytesIO(sine(60.0)), encoding="linear16", sample_rate=16_000, check=check)
    with pytest.raises(KeyboardInterrupt):
        hear(decoder, recognizer, PrerecordedOptions())
    assert recognizer.open_count == 0
    with pytest.raises(UndecodableAudioError):
        hear(RecordingDecoder(io.BytesIO(b"")), recognizer, PrerecordedOptions())


@pytest.mark.speech
def test_spoken_and_sent_as_mp3_it_is_understood() -> None:
    text = "the weather in the city will be cold and windy tomorrow please bring a warm coat and a good book"
    voice = default_voice()
    recognizer = default_recognizer()
    encoder = speech_encoder(speech_format(), source_rate=voice.sample_rate)
    try:
        audio = b"".join(encoder.feed(chunk) for chunk in voice.synthesize(text + ".")) + encoder.finish()
        options = PrerecordedOptions(smart_format=True)
        heard = hear(RecordingDecoder(io.BytesIO(audio)), recognizer, options)
    finally:
        voice.close()
        recognizer.close()
    found = written(heard, options, ORIGIN)
    words = " ".join(word.word for word in found.words)
    assert jiwer.wer(text, words) <= 0.35, words
    assert found.transcript[0].isupper()
    assert found.transcript[-1] in ".?"
