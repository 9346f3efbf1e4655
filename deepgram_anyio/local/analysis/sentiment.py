"""Sentiments: each sentence's polarity by TextBlob's lexicon, and sentences of one sentiment joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from ...protocol.rest.analysis import AverageSentiment, Sentiments, SentimentSegment
from .language import Language
from .sentences import Sentence, join

__all__ = ["find_sentiments", "sentiment_of"]

_BREAK = 1 / 3
"""Where a score becomes positive; its negative is where one becomes negative. The API's documentation gives it."""


def sentiment_of(score: float) -> str:
    """Return the name of a score from -1 to 1: ``positive`` from a third on, ``negative`` from minus a third down."""
    if score >= _BREAK:
        return "positive"
    return "negative" if score <= -_BREAK else "neutral"


def find_sentiments(text: str, sentences: Sequence[Sentence], language: Language) -> Sentiments:
    """Return the sentiments of a text: stretches that cover it, and their average over all words."""
    scored = [(sentence, language.polarity(sentence.plain)) for sentence in sentences]
    segments = []
    for sentiment, group in groupby(scored, key=lambda pair: sentiment_of(pair[1])):
        pairs = list(group)
        segment = join(text, [sentence for sentence, _ in pairs])
        segments.append(
            SentimentSegment(
                text=segment.text,
                start_word=segment.start_word,
                end_word=segment.end_word,
                sentiment=sentiment,
                sentiment_score=_average(pairs),
            )
        )
    average = _average(scored)
    return Sentiments(
        segments=segments, average=AverageSentiment(sentiment=sentiment_of(average), sentiment_score=average)
    )


def _average(scored: Iterable[tuple[Sentence, float]]) -> float:
    """The average over words. Rounded, so that the average of equal scores is that score."""
    pairs = [(len(sentence.words), score) for sentence, score in scored]
    total = sum(words for words, _ in pairs)
    return round(sum(words * score for words, score in pairs) / total, 9) if total else 0.0
