"""Segments and results, from scripted speech: no engine, no audio, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepgram_anyio.local.engines.base import RECOGNIZER_RATE, RecognizedWord
from deepgram_anyio.local.formatting import parse_replacements, punctuated, replaced_words
from deepgram_anyio.local.segments import (
    ChannelTranscriber,
    Heard,
    SegmentSettings,
    SpeechBegan,
    Stretch,
    UtteranceEnded,
)

FRAME_S = 0.03
FRAME_BYTES = round(RECOGNIZER_RATE * FRAME_S) * 2
SPEECH, SILENCE = b"\x01" * FRAME_BYTES, b"\x00" * FRAME_BYTES


class ByteDetector:
    """Frames of ones are speech."""

    frame_bytes = FRAME_BYTES

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, samples: bytes) -> Sequence[bool]:
        samples = self._rest + samples
        whole = len(samples) // FRAME_BYTES * FRAME_BYTES
        self._rest = samples[whole:]
        return [samples[start] == 1 for start in range(0, whole, FRAME_BYTES)]


class OneWordPerSegment:
    """Hears one word, as long as the speech in the segment."""

    def __init__(self) -> None:
        self.segment = b""
        self.segments: list[bytes] = []
        self.closed = 0

    def feed(self, samples: bytes) -> None:
        self.segment += samples

    def partial(self) -> Sequence[RecognizedWord]:
        first, last = self.segment.find(1), self.segment.rfind(1)
        if first < 0:
            return []
        rate = RECOGNIZER_RATE * 2
        return [RecognizedWord(word="word", start_s=first / rate, end_s=(last + 1) / rate, confidence=0.5)]

    def finish(self) -> Sequence[RecognizedWord]:
        words = self.partial()
        self.segments.append(self.segment)
        self.segment = b""
        return words

    def close(self) -> None:
        self.closed += 1


def transcriber(**settings_: Any) -> tuple[ChannelTranscriber, OneWordPerSegment]:
    recognition = OneWordPerSegment()
    return ChannelTranscriber(recognition, ByteDetector(), SegmentSettings(**settings_)), recognition


def audio(*parts: tuple[str, float]) -> bytes:
    return b"".join((SPEECH if kind == "speech" else SILENCE) * round(length / FRAME_S) for kind, length in parts)


def finals(heard: Sequence[Heard]) -> list[Stretch]:
    return [item for item in heard if isinstance(item, Stretch) and item.final]


def test_a_pause_ends_a_segment() -> None:
    channel, _ = transcriber()
    heard = channel.feed(audio(("silence", 0.6), ("speech", 1.2), ("silence", 0.6)))
    began = next(item for item in heard if isinstance(item, SpeechBegan))
    (final,) = finals(heard)
    assert began.at_s == pytest.approx(0.6, abs=0.1)
    assert final.paused
    assert final.start_s == 0.0
    assert final.end_s == pytest.approx(2.1)
    assert final.words[0].start_s == pytest.approx(0.6)
    assert final.words[0].end_s == pytest.approx(1.8)


def test_a_short_pause_does_not() -> None:
    channel, _ = transcriber()
    assert finals(channel.feed(audio(("speech", 1.2), ("silence", 0.24), ("speech", 1.2)))) == []


def test_a_click_is_not_a_voice() -> None:
    channel, recognition = transcriber()
    heard = channel.feed(audio(("silence", 0.6), ("speech", 0.06), ("silence", 0.6)))
    assert heard == []
    assert recognition.segment == b""


def test_without_endpointing_a_pause_ends_nothing() -> None:
    channel, _ = transcriber(endpoint_s=None)
    heard = channel.feed(audio(("speech", 1.2), ("silence", 3.0)))
    assert finals(heard) == []
    (final,) = finals(channel.finish(4.2))
    assert final.end_s == 4.2


def test_interim_results_grow_and_the_final_one_covers_the_same_start() -> None:
    channel, _ = transcriber(interim_s=0.5)
    heard = channel.feed(audio(("speech", 1.8), ("silence", 0.6)))
    stretches = [item for item in heard if isinstance(item, Stretch)]
    assert [item.final for item in stretches] == [False, False, False, True]
    assert [item.start_s for item in stretches] == [0.0] * 4
    ends = [item.end_s for item in stretches]
    assert ends == sorted(ends)
    assert all(item.words for item in stretches)


def test_a_long_segment_ends_at_a_gap_and_a_longer_one_anywhere() -> None:
    channel, _ = transcriber(soft_limit_s=2.0, hard_limit_s=4.0)
    heard = channel.feed(audio(("speech", 2.4), ("silence", 0.15), ("speech", 6.0)))
    first, second = finals(heard)[:2]
    assert first.end_s == pytest.approx(2.52, abs=0.031)
    assert not first.paused
    assert second.end_s - second.start_s == pytest.approx(4.0, abs=0.1)


def test_long_silence_is_reported_as_empty_results() -> None:
    channel, recognition = transcriber(silence_s=2.0)
    heard = channel.feed(audio(("silence", 5.0)))
    assert [item.words for item in finals(heard)] == [[], []]
    assert recognition.segments == []


def test_an_utterance_end_comes_once_after_the_gap() -> None:
    channel, _ = transcriber(utterance_end_s=1.0)
    heard = channel.feed(audio(("speech", 0.9), ("silence", 3.0), ("speech", 0.9), ("silence", 0.6)))
    assert [item.last_word_end_s for item in heard if isinstance(item, UtteranceEnded)] == [pytest.approx(0.9)]


def test_no_utterance_ends_while_the_voice_goes_on() -> None:
    channel, _ = transcriber(utterance_end_s=1.0)
    heard = channel.feed(audio(("speech", 0.9), ("silence", 0.5), ("speech", 3.0)))
    assert len(finals(heard)) == 1
    assert not any(isinstance(item, UtteranceEnded) for item in heard)


def test_an_utterance_ends_within_a_segment_too() -> None:
    channel, _ = transcriber(endpoint_s=None, interim_s=0.5, utterance_end_s=1.0)
    heard = channel.feed(audio(("speech", 0.9), ("silence", 2.0)))
    assert [item.last_word_end_s for item in heard if isinstance(item, UtteranceEnded)] == [pytest.approx(0.9)]


def test_finalize_gives_what_there_is_and_nothing_when_there_is_nothing() -> None:
    channel, _ = transcriber()
    assert channel.finalize() == []
    channel.feed(audio(("speech", 0.9)))
    (stretch,) = finals(channel.finalize())
    assert stretch.finalized
    assert stretch.words
    assert channel.finalize() == []
    channel.feed(audio(("silence", 0.3)))
    (silent,) = finals(channel.finalize())
    assert (silent.start_s, silent.words) == (stretch.end_s, [])


def test_finish_includes_the_frame_that_was_not_completed() -> None:
    channel, recognition = transcriber()
    channel.feed(audio(("speech", 0.9)) + SPEECH[:100])
    (final,) = finals(channel.finish(0.9 + 100 / 32000))
    assert recognition.segments[0].endswith(SPEECH[:100])
    assert final.end_s == pytest.approx(0.9 + 100 / 32000)


def test_an_empty_stream_has_no_results() -> None:
    channel, _ = transcriber()
    assert channel.finish(0.0) == []


def test_close_lets_go_of_the_recogniser() -> None:
    channel, recognition = transcriber()
    channel.close()
    assert recognition.closed == 1


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.tuples(st.sampled_from(["speech", "silence"]), st.floats(0.03, 3.0)), max_size=12),
    cuts=st.lists(st.integers(1, 4000), min_size=1, max_size=8),
    finalize_at=st.sets(st.integers(0, 20), max_size=3),
)
def test_final_results_tile_the_timeline_however_the_audio_is_cut(
    parts: list[tuple[str, float]], cuts: list[int], finalize_at: set[int]
) -> None:
    whole = audio(*parts)
    channel, _ = transcriber(interim_s=0.5, soft_limit_s=2.0, hard_limit_s=3.0, silence_s=1.0)
    heard: list[Heard] = []
    position = count = 0
    while position < len(whole):
        size = cuts[count % len(cuts)] * 2
        heard += channel.feed(whole[position : position + size])
        position += size
        if count in finalize_at:
            heard += channel.finalize()
        count += 1
    duration_s = len(whole) / (RECOGNIZER_RATE * 2)
    heard += channel.finish(duration_s)
    ends = 0.0
    for stretch in finals(heard):
        assert stretch.start_s == pytest.approx(ends)
        assert stretch.end_s >= stretch.start_s
        for word in stretch.words:
            assert word.start_s <= word.end_s <= stretch.end_s
        ends = stretch.end_s
    assert ends == pytest.approx(duration_s)


@settings(max_examples=30, deadline=None)
@given(
    parts=st.lists(st.tuples(st.sampled_from(["speech", "silence"]), st.floats(0.03, 2.0)), max_size=8),
    cuts=st.lists(st.integers(1, 4000), min_size=1, max_size=8),
)
def test_any_split_of_the_audio_gives_the_same_results(parts: list[tuple[str, float]], cuts: list[int]) -> None:
    whole = audio(*parts)
    duration_s = len(whole) / (RECOGNIZER_RATE * 2)
    at_once, _ = transcriber(interim_s=0.5, utterance_end_s=1.0)
    in_pieces, _ = transcriber(interim_s=0.5, utterance_end_s=1.0)
    expected = at_once.feed(whole) + at_once.finish(duration_s)
    heard: list[Heard] = []
    position = count = 0
    while position < len(whole):
        size = cuts[count % len(cuts)]
        heard += in_pieces.feed(whole[position : position + size])
        position, count = position + size, count + 1
    assert heard + in_pieces.finish(duration_s) == expected


@pytest.mark.parametrize(
    ("words", "begins", "ends", "expected"),
    [
        ("how can i help", True, True, "How can I help?"),
        ("and i'm here", False, True, "and I'm here."),
        ("to be continued", True, False, "To be continued"),
        ("", True, True, ""),
    ],
)
def test_punctuation(words: str, begins: bool, ends: bool, expected: str) -> None:
    assert " ".join(punctuated(words.split(), begins=begins, ends=ends)) == expected


def test_replacements() -> None:
    table = parse_replacements(["Deep:Shallow", "um"])
    words = [RecognizedWord(word=text, start_s=0, end_s=1, confidence=1) for text in ("deep", "um", "other")]
    assert [word.word for word in replaced_words(words, table)] == ["Shallow", "other"]
    assert parse_replacements("a:b") == {"a": "b"}
    assert parse_replacements(None) == {}
