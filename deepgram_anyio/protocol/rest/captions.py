"""Captions, made by the vendor's own library, ``deepgram_captions`` (the extra ``captions``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ...errors import ConfigError

if TYPE_CHECKING:
    from deepgram_captions import DeepgramConverter

__all__ = ["Captioned", "srt_captions", "webvtt_captions"]


class Captioned(Protocol):
    """What can be captioned: a transcription."""

    def to_json(self) -> str:
        """Return the wire form of a `Transcription`."""
        ...


def webvtt_captions(transcription: Captioned, line_length: int) -> str:
    """Return a transcription as a WebVTT document.

    Args:
        transcription: what was said.
        line_length: words per caption, at most.

    Raises:
        ConfigError: no words, a length that is no positive number, or ``deepgram_captions`` is not installed.
    """
    lines = _Lines(transcription, line_length)
    from deepgram_captions import webvtt

    return webvtt(lines, line_length)


def srt_captions(transcription: Captioned, line_length: int) -> str:
    """Return a transcription as an SRT document. See `webvtt_captions`.

    Args:
        transcription: what was said.
        line_length: words per caption, at most.
    """
    lines = _Lines(transcription, line_length)
    from deepgram_captions import srt

    return srt(lines, line_length)


class _Lines:
    """The library's own lines, less what its formatters stumble at.

    That is: empty lines, of utterances without words and before a first speaker who is not number 0; and words without
    a speaker among others that have one.
    """

    def __init__(self, transcription: Captioned, line_length: int) -> None:
        if line_length < 1:
            raise ConfigError(f"line_length must be a positive number of words, not {line_length!r}")
        self._converter = _converter(transcription)
        self._lines = [line for line in _given_lines(self._converter, line_length) if line]
        if not self._lines:
            raise ConfigError("there is nothing to caption: the transcript has no words")
        if "speaker" in self._lines[0][0]:
            for line in self._lines:
                line[0].setdefault("speaker", 0)

    def get_headers(self) -> list[str]:
        return self._converter.get_headers()

    def get_lines(self, _line_length: int) -> list[list[dict[str, Any]]]:
        return self._lines


def _converter(transcription: Captioned) -> DeepgramConverter:
    try:
        from deepgram_captions import DeepgramConverter
    except ImportError as error:
        raise ConfigError(f'{error}; it comes with: pip install "deepgram-anyio[captions]"') from error
    return DeepgramConverter(transcription, use_exception=False)


def _given_lines(converter: DeepgramConverter, line_length: int) -> list[list[dict[str, Any]]]:
    results = converter.response["results"]
    if results.get("utterances") or (results["channels"] and results["channels"][0]["alternatives"]):
        return converter.get_lines(line_length)
    return []
