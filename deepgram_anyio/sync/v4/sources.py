"""Where audio and text come from: the dictionaries that v4's calls take."""

from __future__ import annotations

from io import BufferedReader
from typing import TypeAlias, TypedDict

__all__ = [
    "AnalyzeSource",
    "AnalyzeStreamSource",
    "BufferSource",
    "FileSource",
    "ListenRestSource",
    "PreRecordedStreamSource",
    "PrerecordedSource",
    "SpeakRESTSource",
    "SpeakRestSource",
    "SpeakSource",
    "StreamSource",
    "TextSource",
    "UrlSource",
]


class BufferSource(TypedDict):
    """Bytes in memory."""

    buffer: bytes


class StreamSource(TypedDict):
    """A binary file that is read while it is sent."""

    stream: BufferedReader


class UrlSource(TypedDict):
    """A URL that the server fetches."""

    url: str


class TextSource(TypedDict):
    """Text."""

    text: str


AnalyzeStreamSource = StreamSource
PreRecordedStreamSource = StreamSource

FileSource: TypeAlias = TextSource | BufferSource | StreamSource
PrerecordedSource: TypeAlias = UrlSource | FileSource
ListenRestSource: TypeAlias = PrerecordedSource
AnalyzeSource: TypeAlias = UrlSource | FileSource
SpeakSource: TypeAlias = FileSource | BufferedReader
SpeakRestSource: TypeAlias = SpeakSource
SpeakRESTSource: TypeAlias = SpeakSource
