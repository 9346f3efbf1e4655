"""The packaged analysers, behind the few functions that are used of them. Imported when first used; no downloads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from threading import Lock
from typing import Any

from ..engines.failures import missing_extra

__all__ = ["Language", "english", "letters"]

_PHRASE_WORDS = 2
_STEMS = 16_384
_loading = Lock()


class Language:
    """English. Thread-safe; every function gives the same for the same text.

    Attributes:
        stop_words: words that carry no meaning of their own, in lower case.
    """

    def __init__(
        self, polarity: Callable[[str], float], stem: Callable[[str], str], extractor: Callable[..., Any]
    ) -> None:
        self._polarity = polarity
        self._stem = stem
        self._extractor = extractor
        self.stop_words: frozenset[str] = frozenset(extractor(lan="en").stopword_set)

    def polarity(self, text: str) -> float:
        """Return how positive a text is, -1 to 1, by TextBlob's lexicon with its negations and intensifiers."""
        return max(-1.0, min(1.0, float(self._polarity(text))))

    def phrases(self, text: str, *, most: int) -> list[tuple[str, float]]:
        """Return a text's key phrases as YAKE finds them, best first, each with its score; 0 is best."""
        # An extractor keeps a cache that is not made for threads; making one costs less than a millisecond.
        extractor = self._extractor(lan="en", n=_PHRASE_WORDS, dedupLim=0.7, top=most)
        found = ((phrase, float(score)) for phrase, score in extractor.extract_keywords(text))
        return [(phrase, max(score, 0.0)) for phrase, score in found if not math.isnan(score)]

    def stems(self, words: Iterable[str], *, all_words: bool = False) -> list[str]:
        """Return the Porter stems of words, less those without a letter or digit and, unless asked for, stop words."""
        bare = (letters(word) for word in words)
        return [self._stem(word) for word in bare if word and (all_words or word not in self.stop_words)]


def letters(word: str) -> str:
    """Return a word in lower case, without the punctuation around it."""
    bare = word.lower()
    start, end = 0, len(bare)
    while start < end and not bare[start].isalnum():
        start += 1
    while end > start and not bare[end - 1].isalnum():
        end -= 1
    return bare[start:end]


def english() -> Language:
    """Return the analysers of English, imported when first asked for.

    Raises:
        ConfigError: a package is missing.
    """
    with _loading:  # TextBlob fills its lexicon at the first word, and threads must not meet it half full
        return _load()


@cache
def _load() -> Language:
    try:
        from textblob import Word
        from textblob.en import polarity
        from yake import KeywordExtractor
    except ImportError as error:
        raise missing_extra("local", error) from error
    polarity("good")

    @lru_cache(maxsize=_STEMS)
    def stem(word: str) -> str:
        return str(Word(word).stem())

    return Language(polarity, stem, KeywordExtractor)
