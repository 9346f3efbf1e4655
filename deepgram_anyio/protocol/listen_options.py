"""Parameters of live transcription, ``/v1/listen``."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from ..errors import ConfigError
from .ledger import AudioFormat
from .options import Options

__all__ = ["RAW_ENCODINGS", "LiveOptions", "LiveParams"]

RAW_ENCODINGS = frozenset({"linear16", "linear32", "mulaw", "alaw"})
"""Encodings that are bare samples: they need a ``sample_rate``, and they alone can be cut anywhere and replayed."""

_Positive = Annotated[int, Meta(ge=1)]
_NonNegative = Annotated[int, Meta(ge=0)]


class LiveOptions(Options, frozen=True, kw_only=True):
    """Parameters of live transcription. None leaves a parameter out, so that the server's default, given here, applies.

    Attributes:
        model: recognition model; ``nova-3`` unless you say otherwise. Others: ``nova-3-medical``, ``nova-2`` and its
            kinds (``-meeting``, ``-phonecall``, ``-medical``, ...), ``enhanced``, ``base``, or a custom model's
            identifier.
        language: BCP-47 tag, or ``multi``; ``en``.
        language_hint: languages to expect, with ``language=multi``.
        encoding: ``linear16`` (signed 16-bit little-endian), ``linear32`` (32-bit float little-endian), ``mulaw``,
            ``alaw``, ``flac``, ``amr-nb``, ``amr-wb``, ``opus``, ``ogg-opus``, ``speex`` or ``g729``; None for audio in
            a container.
        sample_rate: in Hz; needed with the first four encodings.
        channels: interleaved channels; 1.
        multichannel: transcribe each channel on its own; false.
        interim_results: send results that later ones revise; false.
        endpointing: pause that ends an utterance, in milliseconds, or False for none; 10.
        utterance_end_ms: gap between words after which `UtteranceEnd` is sent, in milliseconds; off. 1000 or more, and
            ``interim_results``, make sense.
        vad_events: send `SpeechStarted`; false.
        punctuate: punctuation and capitals; false.
        smart_format: numbers, dates, currencies and more in their written form; false.
        numerals: numbers as digits; false.
        dictation: spoken punctuation becomes signs; false.
        profanity_filter: mask profanity; false.
        redact: what to mask: ``pci``, ``ssn``, ``numbers``, ``aggressive_numbers``, or several.
        replace: terms to replace, as ``find:replace``.
        search: terms to look for.
        keyterm: terms to favour, Nova-3.
        keywords: terms to favour, earlier models, as ``term:intensifier``.
        detect_entities: mark names, numbers and the like; false.
        diarize: number the speakers; false. The vendor now asks for ``diarize_model`` instead.
        diarize_model: ``latest`` or ``v1``.
        diarize_version: a diarization version.
        filler_words: keep "uh" and "um"; false.
        alternatives: readings per result; 1.
        no_delay: do not wait to format numbers; false.
        callback: URL that gets the results instead of this connection.
        callback_method: ``POST``, ``GET``, ``PUT`` or ``DELETE``; ``POST``.
        extra: strings returned in the metadata, as ``key:value``, a list of such, or a mapping.
        tag: labels for usage reports.
        mip_opt_out: keep the audio out of the vendor's model improvement programme; false.
        tier: tier of an earlier model.
        version: model version; ``latest``.
    """

    model: str = "nova-3"
    language: str | None = None
    language_hint: str | list[str] | None = None
    encoding: str | None = None
    sample_rate: _Positive | None = None
    channels: _Positive | None = None
    multichannel: bool | None = None
    interim_results: bool | None = None
    endpointing: bool | _NonNegative | None = None
    utterance_end_ms: _NonNegative | None = None
    vad_events: bool | None = None
    punctuate: bool | None = None
    smart_format: bool | None = None
    numerals: bool | None = None
    dictation: bool | None = None
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
    alternatives: _Positive | None = None
    no_delay: bool | None = None
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
        if self.endpointing is True:
            raise ConfigError("endpointing takes milliseconds, or False")
        if self.encoding in RAW_ENCODINGS and self.sample_rate is None:
            raise ConfigError(f"encoding={self.encoding} needs sample_rate")

    @property
    def audio_format(self) -> AudioFormat:
        """The format of the audio that these options announce."""
        return AudioFormat(encoding=self.encoding, sample_rate=self.sample_rate, channels=self.channels or 1)


class LiveParams(TypedDict, total=False):
    """The fields of `LiveOptions` as keywords, for type checkers and editors."""

    model: str
    language: str | None
    language_hint: str | list[str] | None
    encoding: str | None
    sample_rate: int | None
    channels: int | None
    multichannel: bool | None
    interim_results: bool | None
    endpointing: bool | int | None
    utterance_end_ms: int | None
    vad_events: bool | None
    punctuate: bool | None
    smart_format: bool | None
    numerals: bool | None
    dictation: bool | None
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
    alternatives: int | None
    no_delay: bool | None
    callback: str | None
    callback_method: str | None
    extra: str | list[str] | dict[str, str] | None
    tag: str | list[str] | None
    mip_opt_out: bool | None
    tier: str | None
    version: str | None
