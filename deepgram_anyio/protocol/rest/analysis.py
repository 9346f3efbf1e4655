"""What is said about a text: summary, topics, intents, sentiments; and ``/v1/read``, which says nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from ...errors import ConfigError
from ..options import Options
from .base import Record, Response, explicit_list
from .urls import check_callback

__all__ = [
    "Analysis",
    "AnalysisAccepted",
    "AnalysisMetadata",
    "AnalysisResults",
    "AnalyzeText",
    "AnalyzeUrl",
    "AverageSentiment",
    "Intent",
    "IntentSegment",
    "Intents",
    "ModelUse",
    "ReadOptions",
    "ReadParams",
    "SentimentSegment",
    "Sentiments",
    "Summary",
    "Topic",
    "TopicSegment",
    "Topics",
]


class ModelUse(Record, kw_only=True):
    """A language model's work.

    Attributes:
        model_uuid: the model.
        input_tokens: tokens that it read.
        output_tokens: tokens that it wrote.
    """

    model_uuid: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class Topic(Record, kw_only=True):
    """A topic, with its confidence from 0 to 1.

    Attributes:
        topic: in words.
        confidence_score: 0 to 1.
    """

    topic: str | None = None
    confidence_score: float | None = None


class TopicSegment(Record, kw_only=True):
    """A stretch of the text that has topics.

    Attributes:
        text: the stretch.
        start_word: index of its first word.
        end_word: index of its last word.
        topics: what it is about.
    """

    text: str | None = None
    start_word: float | None = None
    end_word: float | None = None
    topics: list[Topic] | None = None


class Topics(Record, kw_only=True):
    """Topics, in the flat form that the API sends; `results` holds the nested form of the specification.

    Attributes:
        segments: stretch by stretch.
        results: the nested form.
    """

    segments: list[TopicSegment] | None = None
    results: Any = None


class Intent(Record, kw_only=True):
    """What a speaker wants, with its confidence from 0 to 1.

    Attributes:
        intent: in words, such as ``Order a pizza``.
        confidence_score: 0 to 1.
    """

    intent: str | None = None
    confidence_score: float | None = None


class IntentSegment(Record, kw_only=True):
    """A stretch of the text that has intents; fields as in `TopicSegment`.

    Attributes:
        text: the text.
        start_word: index of its first word.
        end_word: index of its last word.
        intents: what is wanted there.
    """

    text: str | None = None
    start_word: float | None = None
    end_word: float | None = None
    intents: list[Intent] | None = None


class Intents(Record, kw_only=True):
    """Intents, in the flat form that the API sends; `results` holds the nested form of the specification.

    Attributes:
        segments: stretch by stretch.
        results: the nested form.
    """

    segments: list[IntentSegment] | None = None
    results: Any = None


class SentimentSegment(Record, kw_only=True):
    """A stretch of the text with one sentiment.

    Attributes:
        text: the stretch.
        start_word: index of its first word.
        end_word: index of its last word.
        sentiment: ``positive``, ``neutral`` or ``negative``.
        sentiment_score: -1 to 1.
    """

    text: str | None = None
    start_word: float | None = None
    end_word: float | None = None
    sentiment: str | None = None
    sentiment_score: float | None = None


class AverageSentiment(Record, kw_only=True):
    """The sentiment of all; fields as in `SentimentSegment`.

    Attributes:
        sentiment: ``positive``, ``neutral`` or ``negative``.
        sentiment_score: -1 to 1.
    """

    sentiment: str | None = None
    sentiment_score: float | None = None


class Sentiments(Record, kw_only=True):
    """Sentiments, stretch by stretch and on average.

    Attributes:
        segments: stretch by stretch.
        average: over all of it.
    """

    segments: list[SentimentSegment] | None = None
    average: AverageSentiment | None = None


class Summary(Record, kw_only=True):
    """A summary: ``text`` from ``/v1/read``, ``short`` from ``/v1/listen``.

    Attributes:
        text: of a text.
        short: of a recording.
        result: ``success``, or why there is none.
    """

    text: str | None = None
    result: str | None = None
    short: str | None = None


class AnalysisMetadata(Record, kw_only=True):
    """What stands behind an analysis.

    Attributes:
        request_id: the request's identifier, to quote to support.
        created: when it was made.
        language: the text's language.
        summary_info: the model behind the summary.
        sentiment_info: the model behind the sentiments.
        topics_info: the model behind the topics.
        intents_info: the model behind the intents.
    """

    request_id: str | None = None
    created: datetime | None = None
    language: str | None = None
    summary_info: ModelUse | None = None
    sentiment_info: ModelUse | None = None
    topics_info: ModelUse | None = None
    intents_info: ModelUse | None = None


class AnalysisResults(Record, kw_only=True):
    """What was asked for of a text, and None for the rest.

    Attributes:
        summary: with ``summarize``.
        topics: with ``topics``.
        intents: with ``intents``.
        sentiments: with ``sentiment``.
    """

    summary: Summary | None = None
    topics: Topics | None = None
    intents: Intents | None = None
    sentiments: Sentiments | None = None


class Analysis(Response, kw_only=True):
    """The answer of ``/v1/read``.

    Attributes:
        metadata: what stands behind the analysis.
        results: what was asked for.
    """

    metadata: AnalysisMetadata
    results: AnalysisResults

    @property
    def request_id(self) -> str | None:
        """The request's identifier."""
        return self.metadata.request_id or super().request_id

    @property
    def summary(self) -> str | None:
        """The summary's text; None when none was asked for."""
        found = self.results.summary
        return None if found is None else found.text or found.short

    @property
    def topics(self) -> list[Topic]:
        """All topics of all stretches, in their order; empty when none were asked for."""
        segments = (self.results.topics.segments if self.results.topics is not None else None) or explicit_list()
        return [topic for segment in segments for topic in segment.topics or ()]

    @property
    def intents(self) -> list[Intent]:
        """All intents of all stretches, in their order; empty when none were asked for."""
        segments = (self.results.intents.segments if self.results.intents is not None else None) or explicit_list()
        return [intent for segment in segments for intent in segment.intents or ()]

    @property
    def sentiment(self) -> AverageSentiment | None:
        """The average sentiment; None when none was asked for."""
        return None if self.results.sentiments is None else self.results.sentiments.average


class AnalysisAccepted(Response, kw_only=True):
    """The answer when the analysis goes to a callback."""

    request_id: str


class AnalyzeText(Record, kw_only=True):
    """A text to analyse.

    Attributes:
        text: the text.
    """

    text: str


class AnalyzeUrl(Record, kw_only=True):
    """Where a text, or a recording, is to be fetched.

    Attributes:
        url: its address.
    """

    url: str


class ReadOptions(Options, frozen=True, kw_only=True):
    """Parameters of ``/v1/read``. None leaves a parameter out, so that the server's default, given here, applies.

    Attributes:
        summarize: a summary; false. ``v2`` names the version.
        topics: topics, stretch by stretch; false.
        custom_topic: topics to look for, at most 100.
        custom_topic_mode: ``extended`` looks for others, too, ``strict`` for these alone; ``extended``.
        intents: what the speaker wants; false.
        custom_intent: intents to look for, at most 100.
        custom_intent_mode: as `custom_topic_mode`.
        sentiment: sentiments, stretch by stretch; false.
        language: BCP-47 tag; ``en``, the only one so far.
        tag: labels for usage reports.
        callback: URL that gets the result instead of this call.
        callback_method: ``POST`` or ``PUT``; ``POST``.
    """

    summarize: bool | str | None = None
    topics: bool | None = None
    custom_topic: str | list[str] | None = None
    custom_topic_mode: str | None = None
    intents: bool | None = None
    custom_intent: str | list[str] | None = None
    custom_intent_mode: str | None = None
    sentiment: bool | None = None
    language: str | None = None
    tag: str | list[str] | None = None
    callback: str | None = None
    callback_method: str | None = None

    def check(self) -> None:
        if not (self.summarize or self.topics or self.intents or self.sentiment):
            raise ConfigError("nothing to do: ask for summarize, topics, intents or sentiment")
        check_callback(self.callback, self.callback_method)


class ReadParams(TypedDict, total=False):
    """The fields of `ReadOptions` as keywords, for type checkers and editors; `callback` stands apart."""

    summarize: bool | str | None
    topics: bool | None
    custom_topic: str | list[str] | None
    custom_topic_mode: str | None
    intents: bool | None
    custom_intent: str | list[str] | None
    custom_intent_mode: str | None
    sentiment: bool | None
    language: str | None
    tag: str | list[str] | None
    callback_method: str | None
