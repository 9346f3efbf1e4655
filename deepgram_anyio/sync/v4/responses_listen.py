"""Answers to the transcription of recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .base import BaseResponse
from .events import Sentiment
from .responses_common import (
    Intents,
    IntentsInfo,
    ModelInfo,
    Search,
    SentimentInfo,
    Sentiments,
    SummaryInfo,
    Topics,
    TopicsInfo,
)

__all__ = [
    "AsyncPrerecordedResponse",
    "Entity",
    "ListenRESTAlternative",
    "ListenRESTChannel",
    "ListenRESTMetadata",
    "ListenRESTResults",
    "ListenRESTWord",
    "Paragraph",
    "Paragraphs",
    "PrerecordedResponse",
    "Sentence",
    "Summaries",
    "SummaryV1",
    "SummaryV2",
    "SyncPrerecordedResponse",
    "Translation",
    "Utterance",
    "Warning",
]


@dataclass(eq=False, repr=False)
class Entity(BaseResponse):
    """A name, a number or the like that was found in the transcript; words are counted from 0."""

    label: str = ""
    value: str = ""
    confidence: float = 0
    start_word: float = 0
    end_word: float = 0


@dataclass(eq=False, repr=False)
class Translation(BaseResponse):
    """The transcript in another language."""

    language: str | None = ""
    translation: str | None = ""


@dataclass(eq=False, repr=False)
class Warning(BaseResponse):  # noqa: A001 - the name of v4
    """A parameter that the server could not follow."""

    parameter: str = ""
    type: str = ""
    message: str = ""


@dataclass(eq=False, repr=False)
class SummaryV1(BaseResponse):
    """A summary of a part of the transcript."""

    summary: str = ""
    start_word: float = 0
    end_word: float = 0


@dataclass(eq=False, repr=False)
class SummaryV2(BaseResponse):
    """A summary of the transcript."""

    result: str = ""
    short: str = ""


@dataclass(eq=False, repr=False)
class ListenRESTWord(BaseResponse):
    """A word; times in seconds."""

    word: str = ""
    start: float = 0
    end: float = 0
    confidence: float = 0
    punctuated_word: str | None = None
    speaker: int | None = None
    language: str | None = None
    speaker_confidence: float | None = None
    sentiment: Sentiment | None = None
    sentiment_score: float | None = None


@dataclass(eq=False, repr=False)
class Sentence(BaseResponse):
    """A sentence; times in seconds."""

    text: str = ""
    start: float = 0
    end: float = 0
    sentiment: Sentiment | None = None
    sentiment_score: float | None = None


@dataclass(eq=False, repr=False)
class Paragraph(BaseResponse):
    """A paragraph; times in seconds."""

    sentences: list[Sentence] = field(default_factory=list)
    start: float = 0
    end: float = 0
    num_words: int = 0
    speaker: int | None = None
    sentiment: Sentiment | None = None
    sentiment_score: float | None = None


@dataclass(eq=False, repr=False)
class Paragraphs(BaseResponse):
    """The transcript in paragraphs."""

    transcript: str | None = ""
    paragraphs: list[Paragraph] | None = None


@dataclass(eq=False, repr=False)
class ListenRESTAlternative(BaseResponse):
    """One reading of a channel."""

    transcript: str = ""
    confidence: float = 0
    words: list[ListenRESTWord] = field(default_factory=list)
    summaries: list[SummaryV1] | None = None
    paragraphs: Paragraphs | None = None
    entities: list[Entity] | None = None
    translations: list[Translation] | None = None
    languages: list[str] | None = None


@dataclass(eq=False, repr=False)
class ListenRESTChannel(BaseResponse):
    """The readings of one audio channel, best first."""

    search: list[Search] | None = None
    alternatives: list[ListenRESTAlternative] = field(default_factory=list)
    detected_language: str | None = None
    language_confidence: float | None = None


@dataclass(eq=False, repr=False)
class Utterance(BaseResponse):
    """What one speaker said without a pause; times in seconds."""

    start: float = 0
    end: float = 0
    confidence: float = 0
    channel: int = 0
    transcript: str = ""
    words: list[ListenRESTWord] = field(default_factory=list)
    speaker: int | None = None
    sentiment: Sentiment | None = None
    sentiment_score: float | None = None
    id: str = ""


@dataclass(eq=False, repr=False)
class ListenRESTMetadata(BaseResponse):
    """What was transcribed, and by which models; the duration in seconds."""

    transaction_key: str = ""
    request_id: str = ""
    sha256: str = ""
    created: str = ""
    duration: float = 0
    channels: int = 0
    models: list[str] | None = None
    warnings: list[Warning] | None = None
    model_info: dict[str, ModelInfo] | None = None
    summary_info: SummaryInfo | None = None
    intents_info: IntentsInfo | None = None
    sentiment_info: SentimentInfo | None = None
    topics_info: TopicsInfo | None = None
    extra: dict[str, Any] | None = None


@dataclass(eq=False, repr=False)
class ListenRESTResults(BaseResponse):
    """The transcript and its analyses."""

    channels: list[ListenRESTChannel] | None = None
    utterances: list[Utterance] | None = None
    summary: SummaryV2 | None = None
    sentiments: Sentiments | None = None
    topics: Topics | None = None
    intents: Intents | None = None


@dataclass(eq=False, repr=False)
class PrerecordedResponse(BaseResponse):
    """The answer to a transcription."""

    metadata: ListenRESTMetadata | None = None
    results: ListenRESTResults | None = None


@dataclass(eq=False, repr=False)
class AsyncPrerecordedResponse(BaseResponse):
    """The answer to a transcription with ``callback``: the result goes there."""

    request_id: str = ""


Summaries = SummaryV1
SyncPrerecordedResponse = PrerecordedResponse
