"""Sentences, as ranges of words.

The text may come from a person or from the recogniser, which writes few full stops or none: where there are none, it is
cut by length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

__all__ = ["Sentence", "join", "split_sentences", "stretches"]

_LONGEST = 40
"""Words in a sentence; a longer one is cut into equal parts."""

_LONGEST_WORD = 64
"""Characters of a word that the analysers get to see; what is longer is no word, and costs them quadratic time."""

_WORD = re.compile(r"\S+")
_ENDS = re.compile(r"[.!?\u2026][\"'\u2019\u201d)\]]*$")
_BEGINS_SMALL = re.compile(r"[a-z]")
_PLAIN_END = re.compile(r"[^.]{2,}[.!?]")
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_RULED = re.compile(r"[-=*_#~]{3,}$")
_ABBREVIATIONS = frozenset(
    {
        *("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "sr.", "jr.", "gen.", "col.", "sgt.", "capt.", "rev.", "hon."),
        *("e.g.", "i.e.", "vs.", "cf.", "approx.", "vol.", "inc.", "ltd.", "corp."),
        *("jan.", "feb.", "mar.", "apr.", "jun.", "jul.", "aug.", "sep.", "sept.", "oct.", "nov.", "dec."),
    }
)
_INITIAL = re.compile(r"\W*[A-HJ-Z]\.")
_APOSTROPHES = str.maketrans("\u2018\u2019\u02bc", "'''")


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A range of words. The words of a text are what stands between its blanks.

    Attributes:
        text: as it stands in the whole text.
        offset: index of its first character.
        start_word: index of its first word.
        words: its words, as an analyser can bear them: apostrophes straight, and none of endless length.
    """

    text: str
    offset: int
    start_word: int
    words: Sequence[str]

    @property
    def end_word(self) -> int:
        """Index of its last word."""
        return self.start_word + len(self.words) - 1

    @property
    def plain(self) -> str:
        """Its words with single blanks between them."""
        return " ".join(self.words)


def split_sentences(text: str) -> list[Sentence]:
    """Split a text into sentences that cover all its words, in their order.

    A sentence ends at a full stop, a question mark or an exclamation mark that is not an abbreviation's or an
    initial's; at an empty line; and at a ruled one. One of more than 40 words is cut into equal parts.
    """
    found = list(_WORD.finditer(text))
    result = []
    start = 0
    for end in range(1, len(found) + 1):
        if end == len(found) or _is_end(text, found[end - 1], found[end]):
            for first, last in _parts(start, end):
                words = [word[0][:_LONGEST_WORD].translate(_APOSTROPHES) for word in found[first:last]]
                offset = found[first].start()
                span = text[offset : found[last - 1].end()]
                result.append(Sentence(text=span, offset=offset, start_word=first, words=words))
            start = end
    return result


def _is_end(text: str, word: re.Match[str], following: re.Match[str]) -> bool:
    if _PARAGRAPH.search(text, word.end(), following.start()) or _RULED.match(word[0]) or _RULED.match(following[0]):
        return True
    tail = word[0][-_LONGEST_WORD:]
    if not _ENDS.search(tail) or tail.lower() in _ABBREVIATIONS or _INITIAL.fullmatch(tail):
        return False
    # People who write no capitals do write full stops; but "3 p.m. today", "well... maybe", '"Stop!" she said' go on.
    return not _BEGINS_SMALL.match(following[0]) or _PLAIN_END.fullmatch(tail) is not None


def _parts(start: int, end: int) -> Iterator[tuple[int, int]]:
    count = -(-(end - start) // _LONGEST)
    bounds = [start + (end - start) * index // count for index in range(count + 1)]
    return pairwise(bounds)


def stretches(sentences: Sequence[Sentence], *, words: int) -> Iterator[Sequence[Sentence]]:
    """Yield successive groups of sentences, each with that many words or a few more, the last with what is left."""
    start = size = 0
    for index, sentence in enumerate(sentences, 1):
        size += len(sentence.words)
        if size >= words or index == len(sentences):
            yield sentences[start:index]
            start, size = index, 0


def join(text: str, sentences: Sequence[Sentence]) -> Sentence:
    """Make one range of adjacent sentences of a text."""
    first, last = sentences[0], sentences[-1]
    span = text[first.offset : last.offset + len(last.text)]
    words = [word for sentence in sentences for word in sentence.words]
    return Sentence(text=span, offset=first.offset, start_word=first.start_word, words=words)
