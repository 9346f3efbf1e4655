"""The decoder itself: real words, and the same ones whatever came before and however they were fed."""

from __future__ import annotations

import pytest

from deepgram_anyio.local.engines.base import RecognizedWord
from deepgram_anyio.local.engines.sphinx_decoder import PARTIAL_CONFIDENCE, SegmentDecoder
from deepgram_anyio.local.engines.sphinx_wire import CepstralMean

from .speech import noise, silence, speech

pytestmark = pytest.mark.speech

TEXT = "The weather in the city will be cold and windy tomorrow."
LONG = "The train to the airport runs every twenty minutes during the day."  # more than the decoder learns from
SHORT = "Good morning."

Heard = tuple[list[RecognizedWord], CepstralMean | None]


@pytest.fixture(scope="module")
def decoder() -> SegmentDecoder:
    # One for all tests: that none of them feels what another did to it is part of what they show.
    return SegmentDecoder()


def hear(
    decoder: SegmentDecoder, audio: bytes, cmn: CepstralMean | None = None, *, step: int = 3200, partials: bool = False
) -> Heard:
    decoder.begin(cmn)
    for start in range(0, len(audio), step):
        decoder.feed(audio[start : start + step])
        if partials:
            decoder.partial()
    return decoder.finish()


def words(heard: Heard) -> list[str]:
    return [word.word for word in heard[0]]


def test_words_have_times_and_confidence(decoder: SegmentDecoder) -> None:
    audio = speech(TEXT)
    heard, _ = hear(decoder, audio)
    assert len({"weather", "city", "cold", "windy", "tomorrow"} & {word.word for word in heard}) >= 3
    assert all(word.word == word.word.lower() and word.word.isascii() for word in heard)
    assert all(0 <= word.confidence <= 1 for word in heard)
    edges = [edge for word in heard for edge in (word.start_s, word.end_s)]
    assert edges == sorted(edges)
    assert edges[0] >= 0.1
    assert edges[-1] <= len(audio) / 32_000 - 0.1


@pytest.mark.parametrize("text", [SHORT, LONG], ids=["short", "long"])
def test_same_words_whatever_ran_before(decoder: SegmentDecoder, text: str) -> None:
    fresh = hear(SegmentDecoder(), speech(text))
    assert words(fresh)
    hear(decoder, noise(1.5))
    hear(decoder, speech(TEXT), CepstralMean("10,-20,30,1,2,3,4,5,6,7,8,9,10", 1000))
    assert hear(decoder, speech(text)) == fresh


def test_same_words_after_an_unfinished_segment(decoder: SegmentDecoder) -> None:
    expected = hear(decoder, speech(SHORT))
    decoder.begin(None)
    decoder.feed(noise(5.0))
    assert hear(decoder, speech(SHORT)) == expected


@pytest.mark.parametrize("text", [SHORT, LONG], ids=["short", "long"])
def test_same_words_however_they_are_fed(decoder: SegmentDecoder, text: str) -> None:
    audio = speech(text)
    expected = hear(decoder, audio)
    assert hear(decoder, audio, step=len(audio)) == expected
    assert hear(decoder, audio, step=12_346, partials=True) == expected


def test_partial_words_come_early(decoder: SegmentDecoder) -> None:
    audio = speech(TEXT)
    decoder.begin(None)
    decoder.feed(audio[: len(audio) // 2])
    early = decoder.partial()
    assert early
    assert {word.confidence for word in early} == {PARTIAL_CONFIDENCE}
    decoder.feed(audio[len(audio) // 2 :])
    assert len(decoder.partial()) > len(early)
    assert decoder.finish() == hear(decoder, audio)


def test_a_stream_is_learnt_over_its_segments(decoder: SegmentDecoder) -> None:
    _, first = hear(decoder, speech(SHORT))
    assert first is not None
    assert 0 < first.frames < 400
    _, second = hear(decoder, speech(LONG), first)
    assert second is not None
    assert second.frames >= 400
    assert words(hear(decoder, speech(TEXT), second))


@pytest.mark.parametrize(
    "audio",
    [b"", bytes(2), bytes(40), silence(0.05), silence(2.0), noise(0.02), noise(1.0, level=3)],
    ids=["none", "1 sample", "20 samples", "50 ms", "silence", "20 ms noise", "dither"],
)
def test_nothing_is_heard_where_nothing_is_said(decoder: SegmentDecoder, audio: bytes) -> None:
    decoder.begin(None)
    decoder.feed(audio)
    assert decoder.partial() == []
    heard, cmn = decoder.finish()
    assert heard == []
    again = hear(decoder, speech(SHORT), cmn)
    assert words(again)
