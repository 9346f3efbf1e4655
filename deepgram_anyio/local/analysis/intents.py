"""Intents by a table of rules, for there is no packaged analyser of them.

A rule is an opening, such as "I want to" or "can you"; what follows it is taken for a verb and its object. That finds
what is asked for in so many words, and nothing that must be inferred. The caller's own intents are found
by their words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ...protocol.rest.analysis import Intent, Intents, IntentSegment
from .keywords import custom_matches
from .language import Language, letters
from .sentences import Sentence

__all__ = ["find_intents"]


class _Rule(msgspec.Struct, frozen=True):
    """What an opening stands for; without a verb of its own, the next word is the verb."""

    confidence: float
    verb: str | None = None


_WANT = _Rule(0.9)
_NEED = _Rule(0.85)
_ASK = _Rule(0.8)
_PLEA = _Rule(0.75)
_GET = _Rule(0.7, "get")

_US = ("i", "we")
_US_WOULD = ("i would", "i'd", "we would", "we'd")
_US_ARE = ("i am", "i'm", "we are", "we're")


def _each(starts: Sequence[str], *rests: str) -> list[str]:
    return [f"{start} {rest}" for start in starts for rest in rests]


_RULES: dict[_Rule, list[str]] = {
    _WANT: [*_each(_US, "want to", "wanna", "wish to"), *_each(_US_WOULD, "like to")],
    _NEED: [*_each(_US, "need to", "have to"), *_each(_US_ARE, "trying to", "calling to", "looking to")],
    _ASK: [
        *_each(("can", "could", "would", "will"), "you"),
        *_each(("can", "could", "may", "how do", "how can", "how could", "how should"), *_US),
        *("how to", "if i could", "if you could"),
    ],
    _PLEA: ["please", *_each(("help me", "help us"), "to"), "help me", "help us", "let's"],
    _GET: [*_each(_US, "want", "need"), *_each(_US_WOULD, "like"), *_each(_US_ARE, "looking for"), "do you have"],
}
_OPENINGS = {tuple(opening.split()): rule for rule, openings in _RULES.items() for opening in openings}
_LONGEST_OPENING = max(map(len, _OPENINGS))

_FILLERS = frozenset(
    {"just", "also", "maybe", "actually", "really", "kindly", "possibly", "perhaps", "quickly", "um", "uh"}
)
_DETERMINERS = frozenset(
    {
        *("a", "an", "the", "this", "that", "these", "those", "some", "any", "another", "all", "one", "both", "more"),
        *("my", "your", "his", "her", "its", "our", "their", "me", "us", "you", "him", "them", "it", "myself"),
    }
)
_PREPOSITIONS = frozenset({"to", "for", "with", "about", "on", "in", "into", "at", "from", "up", "out", "off", "down"})
_BREAKS = frozenset(
    {
        *(
            "and",
            "or",
            "but",
            "so",
            "because",
            "since",
            "if",
            "when",
            "while",
            "until",
            "before",
            "after",
            "as",
            "than",
        ),
        *("who", "what", "which", "where", "why", "how", "whether", "i", "we", "he", "she", "they", "not", "no", "of"),
        *("is", "are", "was", "were", "be", "been", "am", "do", "does", "did", "has", "had", "by", "over", "please"),
        *("today", "tomorrow", "now", "then", "there", "here", "again", "too", "yet", "can", "could", "would", "will"),
    }
)
_NO_VERBS = _DETERMINERS | _PREPOSITIONS | _BREAKS | {"like", "mind"}
_NEED_AN_OBJECT = frozenset({"tell", "show", "give", "let", "get", "make", "say", "ask", "have", "take", "put", "hear"})
_OBJECT_WORDS = 3


def find_intents(
    sentences: Sequence[Sentence], language: Language, *, custom: Sequence[str] = (), strict: bool = False
) -> Intents:
    """Return what a speaker wants, for each sentence that says so.

    Args:
        sentences: of the text.
        language: the analysers.
        custom: intents to look for; one occurs in a sentence that has more than half of its words, in any inflection.
        strict: look for these alone.
    """
    segments = []
    for sentence in sentences:
        stems = language.stems(sentence.words, all_words=True) if custom else ()
        found = dict(custom_matches(custom, stems, language))
        if not strict:
            for phrase, confidence in _spoken(sentence.words):
                found.setdefault(phrase, confidence)
        if found:
            segments.append(
                IntentSegment(
                    text=sentence.text,
                    start_word=sentence.start_word,
                    end_word=sentence.end_word,
                    intents=[Intent(intent=name, confidence_score=score) for name, score in found.items()],
                )
            )
    return Intents(segments=segments)


def _spoken(words: Sequence[str]) -> Iterator[tuple[str, float]]:
    tokens = [letters(word) for word in words]
    start = 0
    while start < len(tokens):
        after, rule = _opening(tokens, start)
        if rule is None:
            start += 1
            continue
        start = after
        # "Can you please help me find my order" opens three times, and its first opening tells how sure it is.
        while True:
            while start < len(tokens) and tokens[start] in _FILLERS:
                start += 1
            after, inner = _opening(tokens, start)
            if inner is None:
                break
            start = after
            rule = _Rule(rule.confidence, inner.verb)
        phrase = _phrase(words, tokens, start, rule.verb)
        if phrase:
            yield phrase[:1].upper() + phrase[1:], rule.confidence


def _opening(tokens: Sequence[str], start: int) -> tuple[int, _Rule | None]:
    """The longest opening at a place, and where it ends."""
    for end in range(min(start + _LONGEST_OPENING, len(tokens)), start, -1):
        rule = _OPENINGS.get(tuple(tokens[start:end]))
        if rule is not None:
            return end, rule
    return start, None


def _phrase(words: Sequence[str], tokens: Sequence[str], start: int, verb: str | None) -> str:
    """A verb, its preposition and the first words of its object; empty when there is no verb, or too little."""
    said = [verb] if verb else []
    objects = 0
    for word, token in zip(words[start:], tokens[start:], strict=True):
        if not said:
            if not token.isalpha() or token in _NO_VERBS:
                return ""
            said.append(token)
        elif token in _PREPOSITIONS and not objects and said[-1] not in _PREPOSITIONS:
            said.append(token)
        elif token in _DETERMINERS and not objects:
            pass
        elif not token or token in _NO_VERBS or objects == _OBJECT_WORDS:
            break
        else:
            said.append(token)
            objects += 1
        if not word[-1:].isalnum():
            break
    if not objects and (verb or (said and said[0] in _NEED_AN_OBJECT)):
        return ""
    return " ".join(said)
