"""``punctuate``, ``smart_format`` and ``replace``, as far as they can be had without a language model.

A sentence is what was said between two pauses: it gets a capital, and a full stop or a question mark. Numbers, dates
and commas are not imitated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from .engines.base import RecognizedWord

__all__ = ["as_written", "parse_replacements", "punctuated", "replaced_words"]

_QUESTIONS = frozenset(
    {
        *("who", "what", "when", "where", "why", "which", "whose", "how"),
        *("is", "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "shall", "should", "may"),
    }
)
_CAPITALS = frozenset({"i", "i'm", "i'll", "i've", "i'd"})


def punctuated(words: Sequence[str], *, begins: bool, ends: bool) -> list[str]:
    """Return the words as they stand in a sentence.

    Args:
        words: lower case, without punctuation.
        begins: the first word begins a sentence.
        ends: the last word ends it.
    """
    written = [word.capitalize() if word in _CAPITALS else word for word in words]
    if not written:
        return []
    if begins:
        written[0] = written[0][:1].upper() + written[0][1:]
    if ends:
        written[-1] += "?" if begins and words[0] in _QUESTIONS else "."
    return written


def as_written(words: Sequence[RecognizedWord], *, begins: bool, ends: bool) -> list[str]:
    """Return recognised words as they stand in a sentence: as the engine says, else as `punctuated` does."""
    found = punctuated([word.word for word in words], begins=begins, ends=ends)
    return [word.written or text for word, text in zip(words, found, strict=True)]


def parse_replacements(terms: str | Sequence[str] | None) -> dict[str, str]:
    """Read ``replace`` parameters, ``find:replace``; a term without a replacement is removed from the transcript."""
    given = [terms] if isinstance(terms, str) else list(terms or ())
    pairs = (term.partition(":") for term in given)
    return {find.strip().lower(): put for find, _, put in pairs}


def replaced_words(words: Sequence[RecognizedWord], replacements: Mapping[str, str]) -> list[RecognizedWord]:
    """Return the words with their replacements put in their places, and without those that are replaced by nothing."""
    put = [
        msgspec.structs.replace(word, word=replacements[word.word], written=None) if word.word in replacements else word
        for word in words
    ]
    return [word for word in put if word.word]
