"""Parameters of ``POST /v1/listen``: the transcription of recordings."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from ...errors import ConfigError
from ..options import Options
from .urls import check_callback

__all__ = ["PrerecordedOptions", "PrerecordedParams"]

_Positive = Annotated[int, Meta(ge=1)]
_Seconds = Annotated[float, Meta(gt=0)]


class PrerecordedOptions(Options, frozen=True, kw_only=True):
    """Parameters of a transcription. None leaves a parameter out, so that the server's default, given here, applies.

    Attributes:
        model: recognition model; ``nova-3`` unless you say otherwise. Others: ``nova-3-medical``, ``nova-2`` and its
            kinds (``-meeting``, ``-phonecall``, ``-medical``, ...), ``enhanced``, ``base``, ``whisper-large``, or a
            custom model's identifier.
        language: BCP-47 tag, or ``multi``; ``en``.
        language_hint: languages to expect, with ``language=multi``.
        detect_language: find out the language; false. A list names the ones that it may be.
        encoding: only for audio without a container: ``linear16``, ``flac``, ``mulaw``, ``amr-nb``, ``amr-wb``,
            ``opus``, ``speex`` or ``g729``.
        sample_rate: in Hz, only for audio without a container.
        channels: interleaved channels, only for audio without a container; 1.
        multichannel: transcribe each channel on its own; false.
        punctuate: punctuation and capitals; false.
        smart_format: punctuation, paragraphs, numbers, dates and more in their written form; false.
        numerals: numbers as digits; false.
        measurements: measures in their short form; false.
        dictation: spoken punctuation becomes signs; false.
        paragraphs: paragraphs; false.
        utterances: stretches between pauses; false.
        utt_split: pause that ends an utterance, in seconds; 0.8.
        profanity_filter: mask profanity; false.
        redact: what to mask: ``pci``, ``pii``, ``numbers``, ``ssn``, or several.
        replace: terms to replace, as ``find:replace``.
        search: terms to look for.
        keyterm: terms to favour, Nova-3.
        keywords: terms to favour, earlier models, as ``term:intensifier``.
        detect_entities: mark names, numbers and the like; false.
        diarize: number the speakers; false. The vendor now asks for ``diarize_model`` instead.
        diarize_model: ``latest``, ``v1`` or ``v2``.
        diarize_version: a diarization version.
        filler_words: keep "uh" and "um"; false.
        summarize: a summary; false. ``v2`` names the version.
        topics: topics, stretch by stretch; false.
        custom_topic: topics to look for, at most 100.
        custom_topic_mode: ``extended`` looks for others, too, ``strict`` for these alone; ``extended``.
        intents: what the speakers want; false.
        custom_intent: intents to look for, at most 100.
        custom_intent_mode: as `custom_topic_mode`.
        sentiment: sentiments, stretch by stretch; false.
        detect_topics: topics, first version; false.
        alternatives: readings per channel; 1.
        callback: URL that gets the result instead of this call.
        callback_method: ``POST`` or ``PUT``; ``POST``.
        extra: strings returned in the metadata, as ``key:value``, a list of such, or a mapping.
        tag: labels for usage reports.
        mip_opt_out: keep the audio out of the vendor's model improvement programme; false.
        tier: tier of an earlier model.
        version: model version; ``latest``.
    """

    model: str = "nova-3"
    language: str | None = None
    language_hint: str | list[str] | None = None
    detect_language: bool | str | list[str] | None = None
    encoding: str | None = None
    sample_rate: _Positive | None = None
    channels: _Positive | None = None
    multichannel: bool | None = None
    punctuate: bool | None = None
    smart_format: bool | None = None
    numerals: bool | None = None
    measurements: bool | None = None
    dictation: bool | None = None
    paragraphs: bool | None = None
    utterances: bool | None = None
    utt_split: _Seconds | None = None
    profanity_filter: bool | None = None
    redact: bool | str | list[str] | None = None
    replace: str | list[str] | None = None
    search: str | list[str] | None = None
    keyterm: str | list[str] | None = None
    keywords: str | list[str] | None = None
    detect_entities: bool | None = None
    diarize: bool | None = None
    diarize_model: str | None = None
    diarize_version: str | None = None
    filler_words: bool | None = None
    summarize: bool | str | None = None
    topics: bool | None = None
    custom_topic: str | list[str] | None = None
    custom_topic_mode: str | None = None
    intents: bool | None = None
    custom_intent: str | list[str] | None = None
    custom_intent_mode: str | None = None
    sentiment: bool | None = None
    detect_topics: bool | None = None
    alternatives: _Positive | None = None
    callback: str | None = None
    callback_method: str | None = None
    extra: str | list[str] | dict[str, str] | None = None
    tag: str | list[str] | None = None
    mip_opt_out: bool | None = None
    tier: str | None = None
    version: str | None = None

    def check(self) -> None:
        if not self.model:
            raise ConfigError("model must not be empty")
        check_callback(self.callback, self.callback_method)


class PrerecordedParams(TypedDict, total=False):
    """The fields of `PrerecordedOptions` as keywords, for type checkers and editors; `callback` stands apart."""

    model: str
    language: str | None
    language_hint: str | list[str] | None
    detect_language: bool | str | list[str] | None
    encoding: str | None
    sample_rate: int | None
    channels: int | None
    multichannel: bool | None
    punctuate: bool | None
    smart_format: bool | None
    numerals: bool | None
    measurements: bool | None
    dictation: bool | None
    paragraphs: bool | None
    utterances: bool | None
    utt_split: float | None
    profanity_filter: bool | None
    redact: bool | str | list[str] | None
    replace: str | list[str] | None
    search: str | list[str] | None
    keyterm: str | list[str] | None
    keywords: str | list[str] | None
    detect_entities: bool | None
    diarize: bool | None
    diarize_model: str | None
    diarize_version: str | None
    filler_words: bool | None
    summarize: bool | str | None
    topics: bool | None
    custom_topic: str | list[str] | None
    custom_topic_mode: str | None
    intents: bool | None
    custom_intent: str | list[str] | None
    custom_intent_mode: str | None
    sentiment: bool | None
    detect_topics: bool | None
    alternatives: int | None
    callback_method: str | None
    extra: str | list[str] | dict[str, str] | None
    tag: str | list[str] | None
    mip_opt_out: bool | None
    tier: str | None
    version: str | None
