"""Options of text to speech."""

from __future__ import annotations

from dataclasses import dataclass

from .base import BaseOptions

__all__ = [
    "SpeakOptions",
    "SpeakRESTOptions",
    "SpeakWSOptions",
]


@dataclass(eq=False, repr=False)
class SpeakRESTOptions(BaseOptions):
    """How text shall be spoken.

    Attributes:
        model: the voice.
        encoding: of the audio, such as ``linear16`` or ``mp3``.
        container: ``wav``, ``ogg`` or ``none``.
        sample_rate: in Hz.
        bit_rate: in bits per second, for compressed audio.
    """

    model: str | None = "aura-2-thalia-en"
    encoding: str | None = None
    container: str | None = None
    sample_rate: int | None = None
    bit_rate: int | None = None


@dataclass(eq=False, repr=False)
class SpeakWSOptions(BaseOptions):
    """How text shall be spoken on a socket.

    Attributes:
        model: the voice.
        encoding: of the audio: ``linear16``, ``mulaw`` or ``alaw``.
        sample_rate: in Hz.
        bit_rate: in bits per second, for compressed audio.
    """

    model: str | None = "aura-2-thalia-en"
    encoding: str | None = None
    sample_rate: int | None = None
    bit_rate: int | None = None


SpeakOptions = SpeakRESTOptions
