"""Parameters of streaming text to speech, ``/v1/speak`` and ``/v2/speak``."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from ..errors import ConfigError
from .ledger import AudioFormat
from .options import Options

__all__ = ["FluxSpeakOptions", "FluxSpeakParams", "SpeakOptions", "SpeakParams"]

_Positive = Annotated[int, Meta(ge=1)]
_Speed = Annotated[float, Meta(gt=0)]


class SpeakOptions(Options, frozen=True, kw_only=True):
    """Parameters of ``/v1/speak``. None leaves a parameter out, so that the server's default, given here, applies.

    Attributes:
        model: the voice, ``aura-2-{voice}-{language}``; ``aura-2-thalia-en`` unless you say otherwise. With no voice
            named at all the server would take ``aura-asteria-en``.
        encoding: ``linear16`` (signed 16-bit little-endian), ``mulaw`` or ``alaw``; ``linear16``.
        sample_rate: in Hz: 8000, 16000, 24000, 32000 or 48000, with ``mulaw`` and ``alaw`` 8000 or 16000; 24000, with
            these two 8000.
        speed: how much faster than usual to speak; 1.
        bit_rate: in bits per second, for encodings that have one.
        mip_opt_out: keep the text out of the vendor's model improvement programme; false.
    """

    model: str = "aura-2-thalia-en"
    encoding: str | None = None
    sample_rate: _Positive | None = None
    speed: _Speed | None = None
    bit_rate: _Positive | None = None
    mip_opt_out: bool | None = None

    def check(self) -> None:
        _check_model(self.model)

    @property
    def audio_format(self) -> AudioFormat:
        """The format of the audio that these options ask for."""
        encoding = self.encoding or "linear16"
        default = 24_000 if encoding == "linear16" else 8_000
        return AudioFormat(encoding=encoding, sample_rate=self.sample_rate or default)


class SpeakParams(TypedDict, total=False):
    """The fields of `SpeakOptions` as keywords, for type checkers and editors."""

    model: str
    encoding: str | None
    sample_rate: int | None
    speed: float | None
    bit_rate: int | None
    mip_opt_out: bool | None


class FluxSpeakOptions(Options, frozen=True, kw_only=True):
    """Parameters of ``/v2/speak``. None leaves a parameter out, so that the server's default, given here, applies.

    Attributes:
        model: the voice, ``flux-{voice}-{language}``; ``flux-haley-en`` unless you say otherwise. The server wants it
            named.
        encoding: ``linear16`` (signed 16-bit little-endian), ``mulaw`` or ``alaw``; ``linear16``.
        sample_rate: in Hz: 8000, 16000, 24000, 32000, 44100 or 48000, with ``mulaw`` and ``alaw`` 8000 or 16000; the
            voice's own. Name it, if the audio is to be played.
        speed: how much faster than usual to speak, 0.5 to 1.5 in steps of 0.05; 1.
        expressivity: how lively to speak, -2 to 2; 0.
        tag: labels for usage reports.
        mip_opt_out: keep the text out of the vendor's model improvement programme; false.
    """

    model: str = "flux-haley-en"
    encoding: str | None = None
    sample_rate: _Positive | None = None
    speed: _Speed | None = None
    expressivity: int | None = None
    tag: str | list[str] | None = None
    mip_opt_out: bool | None = None

    def check(self) -> None:
        _check_model(self.model)

    @property
    def audio_format(self) -> AudioFormat:
        """The format of the audio that these options ask for."""
        return AudioFormat(encoding=self.encoding or "linear16", sample_rate=self.sample_rate)


class FluxSpeakParams(TypedDict, total=False):
    """The fields of `FluxSpeakOptions` as keywords, for type checkers and editors."""

    model: str
    encoding: str | None
    sample_rate: int | None
    speed: float | None
    expressivity: int | None
    tag: str | list[str] | None
    mip_opt_out: bool | None


def _check_model(model: str) -> None:
    if not model:
        raise ConfigError("model must not be empty")
