"""Answers of text analysis."""

from __future__ import annotations

from dataclasses import dataclass

from .base import BaseResponse
from .responses_common import Intents, IntentsInfo, SentimentInfo, Sentiments, SummaryInfo, Topics, TopicsInfo

__all__ = [
    "AnalyzeMetadata",
    "AnalyzeResponse",
    "AnalyzeResults",
    "AnalyzeSummary",
    "AsyncAnalyzeResponse",
    "SyncAnalyzeResponse",
]


@dataclass(eq=False, repr=False)
class AnalyzeMetadata(BaseResponse):
    """The request, and what its analyses cost."""

    request_id: str = ""
    created: str = ""
    language: str = ""
    intents_info: IntentsInfo | None = None
    sentiment_info: SentimentInfo | None = None
    summary_info: SummaryInfo | None = None
    topics_info: TopicsInfo | None = None


@dataclass(eq=False, repr=False)
class AnalyzeSummary(BaseResponse):
    """A summary."""

    text: str = ""


@dataclass(eq=False, repr=False)
class AnalyzeResults(BaseResponse):
    """The analyses that were asked for."""

    summary: AnalyzeSummary | None = None
    sentiments: Sentiments | None = None
    topics: Topics | None = None
    intents: Intents | None = None


@dataclass(eq=False, repr=False)
class AnalyzeResponse(BaseResponse):
    """The answer to an analysis."""

    metadata: AnalyzeMetadata | None = None
    results: AnalyzeResults | None = None


@dataclass(eq=False, repr=False)
class AsyncAnalyzeResponse(BaseResponse):
    """The answer to an analysis with ``callback``: the result goes there."""

    request_id: str = ""


SyncAnalyzeResponse = AnalyzeResponse
