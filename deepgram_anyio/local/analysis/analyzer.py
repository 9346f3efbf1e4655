"""One text, and all that is asked about it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

from ...protocol.rest.analysis import AnalysisResults, ModelUse
from .intents import find_intents
from .keywords import find_topics
from .language import english
from .sentences import split_sentences
from .sentiment import find_sentiments
from .summary import summarize as summarize_sentences

__all__ = ["analyze"]


def analyze(
    text: str,
    *,
    summarize: bool = False,
    topics: bool = False,
    intents: bool = False,
    sentiment: bool = False,
    custom_topics: Sequence[str] = (),
    custom_topics_strict: bool = False,
    custom_intents: Sequence[str] = (),
    custom_intents_strict: bool = False,
) -> tuple[AnalysisResults, dict[str, ModelUse]]:
    """Analyse a text. Blocking, for a worker thread; thread-safe, deterministic, without network.

    A text of 150,000 characters takes a second or two: all steps but the summary's take time in proportion to the text,
    and the summary compares at most 400 sentences. The first call of a process imports the analysers.

    Args:
        text: in English; punctuation helps, but need not be there.
        summarize: write a summary.
        topics: find topics.
        intents: find intents.
        sentiment: find sentiments.
        custom_topics: topics to look for.
        custom_topics_strict: look for these alone.
        custom_intents: intents to look for.
        custom_intents_strict: look for these alone.

    Returns:
        What was asked for; and the work that it took, by the names of the answer's metadata: ``summary_info``,
        ``topics_info``, ``intents_info``, ``sentiment_info``. A token is a word.

    Raises:
        ConfigError: an analyser's package is missing.
    """
    language = english()
    sentences = split_sentences(text)
    words = sum(len(sentence.words) for sentence in sentences)
    results = AnalysisResults()
    used: dict[str, ModelUse] = {}
    if summarize:
        results.summary = summarize_sentences(sentences, language)
        used["summary_info"] = _use("summary", words, [results.summary.text or ""])
    if topics:
        results.topics = find_topics(text, sentences, language, custom=custom_topics, strict=custom_topics_strict)
        names = [topic.topic or "" for segment in results.topics.segments or () for topic in segment.topics or ()]
        used["topics_info"] = _use("topics", words, names)
    if intents:
        results.intents = find_intents(sentences, language, custom=custom_intents, strict=custom_intents_strict)
        names = [intent.intent or "" for segment in results.intents.segments or () for intent in segment.intents or ()]
        used["intents_info"] = _use("intents", words, names)
    if sentiment:
        results.sentiments = find_sentiments(text, sentences, language)
        names = [segment.sentiment or "" for segment in results.sentiments.segments or ()]
        used["sentiment_info"] = _use("sentiment", words, names)
    return results, used


def _use(analyser: str, words_read: int, written: Sequence[str]) -> ModelUse:
    """The work of an analyser; the identifier that stands for it is always the same."""
    return ModelUse(
        model_uuid=str(uuid5(NAMESPACE_URL, f"deepgram_anyio.local/{analyser}")),
        input_tokens=words_read,
        output_tokens=sum(len(text.split()) for text in written),
    )
