"""Parts of more than one answer, and the messages that every socket has."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import BaseResponse
from .events import Sentiment

__all__ = [
    "Average",
    "CloseResponse",
    "ErrorResponse",
    "Hit",
    "Intent",
    "Intents",
    "IntentsInfo",
    "ModelInfo",
    "OpenResponse",
    "Search",
    "Segment",
    "SentimentInfo",
    "Sentiments",
    "SummaryInfo",
    "Topic",
    "Topics",
    "TopicsInfo",
    "UnhandledResponse",
]


@dataclass(eq=False, repr=False)
class ModelInfo(BaseResponse):
    """A model that answered."""

    name: str = ""
    version: str = ""
    arch: str = ""


@dataclass(eq=False, repr=False)
class Hit(BaseResponse):
    """A place where a searched term was heard; times in seconds."""

    confidence: float = 0
    start: float = 0
    end: float = 0
    snippet: str | None = ""


@dataclass(eq=False, repr=False)
class Search(BaseResponse):
    """A term of ``search`` and where it was heard."""

    query: str = ""
    hits: list[Hit] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class IntentsInfo(BaseResponse):
    """Tokens that intent recognition cost."""

    model_uuid: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(eq=False, repr=False)
class SentimentInfo(BaseResponse):
    """Tokens that sentiment analysis cost."""

    model_uuid: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(eq=False, repr=False)
class SummaryInfo(BaseResponse):
    """Tokens that the summary cost."""

    model_uuid: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(eq=False, repr=False)
class TopicsInfo(BaseResponse):
    """Tokens that topic detection cost."""

    model_uuid: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(eq=False, repr=False)
class Intent(BaseResponse):
    """What somebody wants."""

    intent: str = ""
    confidence_score: float = 0


@dataclass(eq=False, repr=False)
class Topic(BaseResponse):
    """What is spoken about."""

    topic: str = ""
    confidence_score: float = 0


@dataclass(eq=False, repr=False)
class Segment(BaseResponse):
    """A stretch of text with its sentiment, intents or topics; words are counted from 0."""

    text: str = ""
    start_word: int = 0
    end_word: int = 0
    sentiment: Sentiment | None = None
    sentiment_score: float | None = None
    intents: list[Intent] | None = None
    topics: list[Topic] | None = None


@dataclass(eq=False, repr=False)
class Average(BaseResponse):
    """The sentiment of the whole."""

    sentiment: Sentiment
    sentiment_score: float = 0


@dataclass(eq=False, repr=False)
class Sentiments(BaseResponse):
    """Sentiments of the whole and of its segments."""

    average: Average
    segments: list[Segment] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Intents(BaseResponse):
    """Segments with their intents."""

    segments: list[Segment] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Topics(BaseResponse):
    """Segments with their topics."""

    segments: list[Segment] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class OpenResponse(BaseResponse):
    """The connection stands."""

    type: str = ""


@dataclass(eq=False, repr=False)
class CloseResponse(BaseResponse):
    """The connection has ended."""

    type: str = ""


@dataclass(eq=False, repr=False)
class ErrorResponse(BaseResponse):
    """Something went wrong; ``code``, where the server sends one, is kept too."""

    description: str = ""
    message: str = ""
    type: str = ""
    variant: str | None = None


@dataclass(eq=False, repr=False)
class UnhandledResponse(BaseResponse):
    """A message of a type that is not known, as it came."""

    type: str = ""
    raw: str = ""
