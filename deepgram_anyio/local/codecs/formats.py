"""Which encodings, containers, sample rates and bit rates go with what."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from ...errors import ConfigError

__all__ = ["CONTAINERS", "DEMUXERS", "SPEECH_FORMATS", "SpeechFormat", "speech_format"]

CONTAINERS: Final = "wav,w64,aiff,au,caf,mp3,flac,ogg,mov,matroska,aac,amr,avi,asf,flv,mpegts,mpeg"
"""FFmpeg's demuxers for recordings that say by themselves what they are.

Formats that name other files or addresses to read, such as playlists, must never get into this list: a recording comes
from a stranger.
"""

DEMUXERS: Final[dict[str, tuple[str, ...]]] = {
    "flac": ("flac", "ogg"),
    "amr-nb": ("amr", "amrnb"),
    "amr-wb": ("amr", "amrwb"),
    "opus": ("ogg", "matroska"),
    "ogg-opus": ("ogg",),
    "speex": ("ogg",),
}
"""FFmpeg's demuxers for an announced ``encoding``, tried in this order.

Opus and Speex packets do not tell where they end, so that those encodings come in a container all the same.
"""


class SpeechFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The form of the speech that a request asks for, with every default filled in.

    Attributes:
        encoding: Deepgram's name.
        container: ``wav``, ``ogg`` or ``none``.
        sample_rate: in Hz.
        bit_rate: in bits per second; None for an encoding that has none to choose.
        media_type: for ``content-type``.
    """

    encoding: str
    container: str
    sample_rate: int
    bit_rate: int | None
    media_type: str


class _Encoding(msgspec.Struct, frozen=True, kw_only=True):
    """What can be chosen for an encoding; the first container and the first rate are the defaults."""

    containers: tuple[str, ...]
    sample_rates: tuple[int, ...]
    media_type: str
    bit_rates: Collection[int] = ()
    bit_rate: int | None = None


SPEECH_FORMATS: Final[dict[str, _Encoding]] = {
    "mp3": _Encoding(
        containers=("none",),
        sample_rates=(22050,),
        bit_rates=(32000, 48000),
        bit_rate=48000,
        media_type="audio/mpeg",
    ),
    "linear16": _Encoding(
        containers=("wav", "none"),
        sample_rates=(24000, 8000, 16000, 32000, 48000),
        media_type="audio/l16",
    ),
    "mulaw": _Encoding(containers=("wav", "none"), sample_rates=(8000, 16000), media_type="audio/mulaw"),
    "alaw": _Encoding(containers=("wav", "none"), sample_rates=(8000, 16000), media_type="audio/alaw"),
    "flac": _Encoding(
        containers=("none",),
        sample_rates=(22050, 8000, 16000, 32000, 48000),
        media_type="audio/flac",
    ),
    "opus": _Encoding(
        containers=("ogg",),
        sample_rates=(48000,),
        bit_rates=range(4000, 650_001),
        bit_rate=12000,
        media_type="audio/ogg",
    ),
    "aac": _Encoding(
        containers=("none",),
        sample_rates=(22050,),
        bit_rates=range(4000, 192_001),
        bit_rate=48000,
        media_type="audio/aac",
    ),
}
"""The forms of speech, by the name of the encoding."""

_FLUX_MP3_BIT_RATES = (8000, 16000, 24000, 32000, 40000, 48000)
_FLUX_LINEAR16_RATES = (44100,)
_WAV_MEDIA_TYPE = "audio/wav"


def speech_format(
    *,
    encoding: str | None = None,
    container: str | None = None,
    sample_rate: int | None = None,
    bit_rate: int | None = None,
    flux: bool = False,
) -> SpeechFormat:
    """Fill in the defaults of what a request asks for; None stands for what it left out.

    Args:
        encoding: one of `SPEECH_FORMATS`; ``mp3``.
        container: ``wav``, ``ogg`` or ``none``; the usual one of the encoding.
        sample_rate: in Hz; the usual one of the encoding.
        bit_rate: in bits per second; the usual one of the encoding.
        flux: it is a request of ``/v2/speak``, which has more of some.

    Raises:
        ConfigError: it cannot be had; the message names the parameter.
    """
    encoding = encoding or "mp3"
    choice = SPEECH_FORMATS.get(encoding)
    if choice is None:
        raise ConfigError(f"encoding={encoding} is none of {', '.join(SPEECH_FORMATS)}")
    sample_rates: Collection[int] = choice.sample_rates
    bit_rates = choice.bit_rates
    if flux and encoding == "mp3":
        bit_rates = _FLUX_MP3_BIT_RATES
    if flux and encoding == "linear16":
        sample_rates = (*sample_rates, *_FLUX_LINEAR16_RATES)
    container = container or choice.containers[0]
    sample_rate = sample_rate or choice.sample_rates[0]
    if container not in choice.containers:
        raise ConfigError(f"container={container} does not go with encoding={encoding}")
    if sample_rate not in sample_rates:
        raise ConfigError(f"sample_rate={sample_rate} does not go with encoding={encoding}")
    if bit_rate is not None and bit_rate not in bit_rates:
        raise ConfigError(f"bit_rate={bit_rate} does not go with encoding={encoding}")
    media_type = choice.media_type
    if container == "wav":
        media_type = _WAV_MEDIA_TYPE
    elif container == "none" and encoding in ("linear16", "mulaw", "alaw"):
        media_type = f"{media_type};rate={sample_rate};channels=1"
    return SpeechFormat(
        encoding=encoding,
        container=container,
        sample_rate=sample_rate,
        bit_rate=bit_rate or choice.bit_rate,
        media_type=media_type,
    )
