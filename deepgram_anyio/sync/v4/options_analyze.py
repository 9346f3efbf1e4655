"""Options of text analysis."""

from __future__ import annotations

from dataclasses import dataclass

from .base import BaseOptions

__all__ = [
    "AnalyzeOptions",
    "ReadOptions",
]


@dataclass(eq=False, repr=False)
class AnalyzeOptions(BaseOptions):
    """How text shall be analysed: the query parameters of ``/v1/read``, by their names there.

    Attributes:
        callback: URL that the result goes to.
        callback_method: ``POST`` or ``PUT``.
        custom_intent: intents to look for.
        custom_intent_mode: ``strict`` for these alone, ``extended`` for others too.
        custom_topic: topics to look for.
        custom_topic_mode: like the intents'.
        intents: find out what is wanted.
        language: of the text, such as ``en``.
        sentiment: find out how the text sounds.
        summarize: sum the text up.
        topics: find out what the text is about.
    """

    callback: str | None = None
    callback_method: str | None = None
    custom_intent: list[str] | str | None = None
    custom_intent_mode: str | None = None
    custom_topic: list[str] | str | None = None
    custom_topic_mode: str | None = None
    intents: bool | None = None
    language: str | None = None
    sentiment: bool | None = None
    summarize: bool | None = None
    topics: bool | None = None


@dataclass(eq=False, repr=False)
class ReadOptions(AnalyzeOptions):
    """The same under the name that v4's own README has, which also sets a model."""

    model: str | None = None
