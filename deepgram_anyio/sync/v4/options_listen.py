"""Options of transcription."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .base import BaseOptions

__all__ = [
    "ListenRESTOptions",
    "ListenWebSocketOptions",
    "LiveOptions",
    "PrerecordedOptions",
]


@dataclass(eq=False, repr=False)
class PrerecordedOptions(BaseOptions):
    """How a recording shall be transcribed: the query parameters of ``/v1/listen``, by their names on the wire.

    `deepgram_anyio.PrerecordedOptions` describes each. None leaves a parameter to the server.
    """

    _deprecated: ClassVar[Mapping[str, str]] = {"tier": "models are chosen by `model` alone"}

    alternatives: int | None = None
    channels: int | None = None
    callback: str | None = None
    callback_method: str | None = None
    custom_intent: list[str] | str | None = None
    custom_intent_mode: str | None = None
    custom_topic: list[str] | str | None = None
    custom_topic_mode: str | None = None
    detect_entities: bool | None = None
    detect_language: bool | None = None
    detect_topics: bool | None = None
    diarize: bool | None = None
    diarize_version: str | None = None
    dictation: bool | None = None
    encoding: str | None = None
    extra: list[str] | str | None = None
    filler_words: bool | None = None
    intents: bool | None = None
    keyterm: list[str] | None = None
    keywords: list[str] | str | None = None
    language: str | None = None
    measurements: bool | None = None
    model: str | None = None
    multichannel: bool | None = None
    numerals: bool | None = None
    paragraphs: bool | None = None
    profanity_filter: bool | None = None
    punctuate: bool | None = None
    redact: list[str] | bool | str | None = None
    replace: list[str] | str | None = None
    sample_rate: int | None = None
    search: list[str] | str | None = None
    sentiment: bool | None = None
    smart_format: bool | None = None
    summarize: bool | str | None = None
    tag: list[str] | None = None
    tier: str | None = None
    topics: bool | None = None
    utt_split: float | None = None
    utterances: bool | None = None
    version: str | None = None


@dataclass(eq=False, repr=False)
class LiveOptions(BaseOptions):
    """How a live stream shall be transcribed: the query parameters of the ``/v1/listen`` socket, by their names there.

    `deepgram_anyio.LiveOptions` describes each. None leaves a parameter to the server.
    """

    alternatives: int | None = None
    callback: str | None = None
    callback_method: str | None = None
    channels: int | None = None
    diarize: bool | None = None
    diarize_version: str | None = None
    dictation: bool | None = None
    encoding: str | None = None
    endpointing: str | bool | int | None = None
    extra: list[str] | str | None = None
    filler_words: bool | None = None
    interim_results: bool | None = None
    keywords: list[str] | str | None = None
    keyterm: list[str] | None = None
    language: str | None = None
    model: str | None = None
    multichannel: bool | None = None
    no_delay: bool | None = None
    numerals: bool | None = None
    punctuate: bool | None = None
    profanity_filter: bool | None = None
    redact: list[str] | bool | str | None = None
    replace: list[str] | str | None = None
    sample_rate: int | None = None
    search: list[str] | str | None = None
    smart_format: bool | None = None
    tag: list[str] | None = None
    tier: str | None = None
    utterance_end_ms: str | None = None
    vad_events: bool | None = None
    version: str | None = None


ListenRESTOptions = PrerecordedOptions
ListenWebSocketOptions = LiveOptions
