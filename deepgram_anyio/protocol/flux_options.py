"""Parameters of conversational transcription, ``/v2/listen``."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from ..errors import ConfigError
from .ledger import AudioFormat
from .listen_options import RAW_ENCODINGS
from .options import Options

__all__ = ["FluxOptions", "FluxParams"]

_Positive = Annotated[int, Meta(ge=1)]
_Confidence = Annotated[float, Meta(ge=0, le=1)]


class FluxOptions(Options, frozen=True, kw_only=True):
    """Parameters of conversational transcription. None leaves a parameter out, so that the server's default applies.

    Attributes:
        model: ``flux-general-en`` unless you say otherwise, or ``flux-general-multi``.
        encoding: ``linear16`` (signed 16-bit little-endian), ``linear32`` (32-bit float little-endian), ``mulaw``,
            ``alaw``, ``opus`` or ``ogg-opus``; None for audio in a container. One channel.
        sample_rate: in Hz; needed with the first four encodings.
        eager_eot_threshold: confidence, 0.3 to 0.9, at which an ``EagerEndOfTurn`` is sent; off.
        eot_threshold: confidence, 0.5 to 0.9, at which a turn ends; 0.7. With 1.0 only the timeout and
            `ForceEndTurn` end one.
        eot_timeout_ms: silence after which a turn ends in any case, in milliseconds, 500 to 60000; 5000.
        keyterm: terms to favour, without weights.
        language_hint: languages to expect, as BCP-47 tags; ``flux-general-multi`` only.
        profanity_filter: mask profanity; false.
        numerals: numbers as digits; false.
        redact: what to mask: ``numbers`` or ``aggressive_numbers``.
        mip_opt_out: keep the audio out of the vendor's model improvement programme; false.
        tag: labels for usage reports.
    """

    model: str = "flux-general-en"
    encoding: str | None = None
    sample_rate: _Positive | None = None
    eager_eot_threshold: _Confidence | None = None
    eot_threshold: _Confidence | None = None
    eot_timeout_ms: _Positive | None = None
    keyterm: str | list[str] | None = None
    language_hint: str | list[str] | None = None
    profanity_filter: bool | None = None
    numerals: bool | None = None
    redact: str | list[str] | None = None
    mip_opt_out: bool | None = None
    tag: str | list[str] | None = None

    def check(self) -> None:
        if not self.model:
            raise ConfigError("model must not be empty")
        if self.encoding in RAW_ENCODINGS and self.sample_rate is None:
            raise ConfigError(f"encoding={self.encoding} needs sample_rate")
        hints = [self.language_hint] if isinstance(self.language_hint, str) else self.language_hint or []
        if hints and self.model == "flux-general-en":
            raise ConfigError("language_hint needs model=flux-general-multi")
        if not all(hints):
            raise ConfigError("language_hint must not be empty")

    @property
    def audio_format(self) -> AudioFormat:
        """The format of the audio that these options announce."""
        return AudioFormat(encoding=self.encoding, sample_rate=self.sample_rate)


class FluxParams(TypedDict, total=False):
    """The fields of `FluxOptions` as keywords, for type checkers and editors."""

    model: str
    encoding: str | None
    sample_rate: int | None
    eager_eot_threshold: float | None
    eot_threshold: float | None
    eot_timeout_ms: int | None
    keyterm: str | list[str] | None
    language_hint: str | list[str] | None
    profanity_filter: bool | None
    numerals: bool | None
    redact: str | list[str] | None
    mip_opt_out: bool | None
    tag: str | list[str] | None
