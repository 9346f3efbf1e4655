"""Topics: the key phrases of each stretch of a text, by YAKE, and the caller's own topics where their words occur."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ...protocol.rest.analysis import Topic, Topics, TopicSegment
from .language import Language
from .sentences import Sentence, join, stretches

__all__ = ["custom_matches", "find_topics"]

_STRETCH_WORDS = 60
_PHRASES = 3
_SCORE_WEIGHT = 10.0
_MATCH = 0.5


def find_topics(
    text: str, sentences: Sequence[Sentence], language: Language, *, custom: Sequence[str] = (), strict: bool = False
) -> Topics:
    """Return the topics of a text, for each stretch of about 60 words that has any.

    Args:
        text: the text.
        sentences: its sentences.
        language: the analysers.
        custom: topics to look for; one occurs where more than half of its words do, in any inflection.
        strict: look for these alone.
    """
    segments = []
    for group in stretches(sentences, words=_STRETCH_WORDS):
        stretch = join(text, group)
        topics = [
            Topic(topic=name, confidence_score=share)
            for name, share in custom_matches(custom, language.stems(stretch.words, all_words=True), language)
        ]
        if not strict:
            named = {name.lower() for name in custom}
            topics += [
                Topic(topic=phrase, confidence_score=1 / (1 + _SCORE_WEIGHT * score))
                for phrase, score in language.phrases(stretch.plain, most=_PHRASES)
                if phrase.lower() not in named
            ]
        if topics:
            segments.append(
                TopicSegment(text=stretch.text, start_word=stretch.start_word, end_word=stretch.end_word, topics=topics)
            )
    return Topics(segments=segments)


def custom_matches(custom: Sequence[str], stems: Collection[str], language: Language) -> list[tuple[str, float]]:
    """Return which of the caller's phrases occur, each with the share of its words that do, if more than half.

    Stop words count in a phrase that has no others.
    """
    present = frozenset(stems)
    result = []
    for phrase in custom:
        words = phrase.split()
        wanted = frozenset(language.stems(words) or language.stems(words, all_words=True))
        share = len(wanted & present) / len(wanted) if wanted else 0.0
        if share > _MATCH:
            result.append((phrase, share))
    return result
