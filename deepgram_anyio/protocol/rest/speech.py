"""Speech as one answer: ``POST /v1/speak`` and ``POST /v2/speak``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from msgspec import Meta

from ...errors import ConfigError
from ..options import Options
from .base import Record, Response
from .urls import check_callback

__all__ = [
    "FluxSpeechOptions",
    "FluxSpeechParams",
    "Speech",
    "SpeechAccepted",
    "SpeechInfo",
    "SpeechOptions",
    "SpeechParams",
    "SpeechText",
]

_Positive = Annotated[int, Meta(ge=1)]
_Speed = Annotated[float, Meta(gt=0)]


class SpeechText(Record, kw_only=True):
    """A text to speak.

    Attributes:
        text: the text.
    """

    text: str


class SpeechInfo(Response, kw_only=True):
    """What the server says of some speech, in the headers of its answer.

    Attributes:
        content_type: media type of the audio, such as ``audio/mpeg``.
        request_id: the request's identifier.
        model_name: the voice.
        model_uuid: the voice's identifier.
        char_count: characters that were spoken, and are billed.
        date: when it was made.
        pronunciations_applied: how many custom pronunciations were used.
        pronunciation_warnings: what was wrong with them.
        breaks_applied: how many pauses were made.
        warnings: what the server did not do as it was asked.
    """

    content_type: str | None = None
    request_id: str | None = None
    model_name: str | None = None
    model_uuid: str | None = None
    char_count: int | None = None
    date: datetime | None = None
    pronunciations_applied: int | None = None
    pronunciation_warnings: str | None = None
    breaks_applied: int | None = None
    warnings: str | None = None


class Speech(SpeechInfo, kw_only=True):
    """Speech.

    Attributes:
        audio: the audio, in the container and encoding that were asked for; MP3 by default.
    """

    audio: bytes

    def __repr__(self) -> str:
        return f"<Speech {len(self.audio)} bytes of {self.content_type}, request {self.request_id}>"


class SpeechAccepted(Response, kw_only=True):
    """The answer when the speech goes to a callback."""

    request_id: str


class SpeechOptions(Options, frozen=True, kw_only=True):
    """Parameters of ``POST /v1/speak``. None leaves a parameter out, so that the server's default, given here, applies.

    Not everything goes together: ``wav`` (or ``none``) holds ``linear16``, ``mulaw`` and ``alaw``, ``ogg`` holds
    ``opus``, and the others are their own container. Defaults depend on the encoding; so only what you set is sent.

    Attributes:
        model: the voice, ``aura-2-{voice}-{language}``; ``aura-2-thalia-en`` unless you say otherwise. With no voice
            named at all the server would take ``aura-asteria-en``.
        encoding: ``mp3``, ``linear16`` (signed 16-bit little-endian), ``flac``, ``mulaw``, ``alaw``, ``opus`` or
            ``aac``; ``mp3``.
        container: ``wav``, ``ogg`` or ``none``; the usual one of the encoding.
        sample_rate: in Hz: 8000, 16000, 24000, 32000 or 48000 for ``linear16``; 8000 or 16000 for ``mulaw`` and
            ``alaw``; 8000, 16000, 22050, 32000 or 48000 for ``flac``. MP3 is fixed at 22050, Opus at 48000.
        bit_rate: in bits per second: 32000 or 48000 for MP3, 4000 to 650000 for Opus, 4000 to 192000 for AAC.
        speed: how much faster than usual to speak, 0.7 to 1.5; 1.
        callback: URL that gets the audio instead of this call.
        callback_method: ``POST`` or ``PUT``; ``POST``.
        tag: labels for usage reports.
        mip_opt_out: keep the text out of the vendor's model improvement programme; false.
    """

    model: str = "aura-2-thalia-en"
    encoding: str | None = None
    container: str | None = None
    sample_rate: _Positive | None = None
    bit_rate: _Positive | None = None
    speed: _Speed | None = None
    callback: str | None = None
    callback_method: str | None = None
    tag: str | list[str] | None = None
    mip_opt_out: bool | None = None

    def check(self) -> None:
        _check(self.model, self.callback, self.callback_method)


class SpeechParams(TypedDict, total=False):
    """The fields of `SpeechOptions` as keywords, for type checkers and editors; `callback` stands apart."""

    model: str
    encoding: str | None
    container: str | None
    sample_rate: int | None
    bit_rate: int | None
    speed: float | None
    callback_method: str | None
    tag: str | list[str] | None
    mip_opt_out: bool | None


class FluxSpeechOptions(Options, frozen=True, kw_only=True):
    """Parameters of ``POST /v2/speak``. None leaves a parameter out, so that the server's default, given here, applies.

    Attributes:
        model: the voice, ``flux-{voice}-{language}``; ``flux-haley-en`` unless you say otherwise. The server wants it
            named.
        encoding: as in `SpeechOptions`.
        container: as in `SpeechOptions`.
        sample_rate: in Hz, as in `SpeechOptions`, and 44100 for ``linear16``.
        bit_rate: in bits per second: 8000, 16000, 24000, 32000, 40000 or 48000 for MP3; otherwise as in
            `SpeechOptions`.
        speed: how much faster than usual to speak, 0.5 to 1.5 in steps of 0.05; 1.
        expressivity: how lively to speak, -2 to 2; 0.
        priority: ``low``, only with a callback.
        callback: URL that gets the audio instead of this call.
        callback_method: ``POST`` or ``PUT``; ``POST``.
        tag: labels for usage reports.
        mip_opt_out: keep the text out of the vendor's model improvement programme; false.
    """

    model: str = "flux-haley-en"
    encoding: str | None = None
    container: str | None = None
    sample_rate: _Positive | None = None
    bit_rate: _Positive | None = None
    speed: _Speed | None = None
    expressivity: int | None = None
    priority: str | None = None
    callback: str | None = None
    callback_method: str | None = None
    tag: str | list[str] | None = None
    mip_opt_out: bool | None = None

    def check(self) -> None:
        _check(self.model, self.callback, self.callback_method)
        if self.priority is not None and self.callback is None:
            raise ConfigError("priority is for requests with a callback")


class FluxSpeechParams(TypedDict, total=False):
    """The fields of `FluxSpeechOptions` as keywords, for type checkers and editors; `callback` stands apart."""

    model: str
    encoding: str | None
    container: str | None
    sample_rate: int | None
    bit_rate: int | None
    speed: float | None
    expressivity: int | None
    priority: str | None
    callback_method: str | None
    tag: str | list[str] | None
    mip_opt_out: bool | None


def _check(model: str, callback: str | None, callback_method: str | None) -> None:
    if not model:
        raise ConfigError("model must not be empty")
    check_callback(callback, callback_method)
