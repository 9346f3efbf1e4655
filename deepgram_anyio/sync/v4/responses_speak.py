"""Answers of text to speech, and messages of its socket."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from .base import BaseResponse

__all__ = [
    "ClearedResponse",
    "FlushedResponse",
    "SpeakRESTResponse",
    "SpeakResponse",
    "SpeakWSMetadataResponse",
    "WarningResponse",
]


@dataclass(eq=False, repr=False)
class SpeakRESTResponse(BaseResponse):
    """Speech, and what the answer said of it.

    Attributes:
        content_type: media type of the audio.
        request_id: to quote to support.
        model_uuid: of the voice.
        model_name: of the voice.
        characters: how many were spoken.
        transfer_encoding: how the audio came.
        date: when, as the server says.
        filename: where the audio was saved; None when it was not.
        stream: the audio in memory; None when it was saved. Not part of `to_dict`.
        stream_memory: the same.
    """

    content_type: str = ""
    request_id: str = ""
    model_uuid: str = ""
    model_name: str = ""
    characters: int = 0
    transfer_encoding: str = ""
    date: str = ""
    filename: str | None = None
    stream: BytesIO | None = None
    stream_memory: BytesIO | None = None

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        for audio in ("stream", "stream_memory"):
            result.pop(audio, None)
        return result


@dataclass(eq=False, repr=False)
class SpeakWSMetadataResponse(BaseResponse):
    """The first message of a server."""

    type: str = ""
    request_id: str = ""


@dataclass(eq=False, repr=False)
class FlushedResponse(BaseResponse):
    """All audio of the text before a flush has been sent."""

    type: str = ""
    sequence_id: int = 0


@dataclass(eq=False, repr=False)
class ClearedResponse(BaseResponse):
    """The answer to a clear: what comes after it belongs to later text."""

    type: str = ""
    sequence_id: int = 0


@dataclass(eq=False, repr=False)
class WarningResponse(BaseResponse):
    """The server goes on, but something is not as it should be.

    Servers of today say ``code`` and ``description``; these are kept too.
    """

    warn_code: str = ""
    warn_msg: str = ""
    type: str = ""

    def _decoded(self) -> None:
        if self.warn_code in ("", None):
            self.warn_code = self["code"] or ""
        if self.warn_msg in ("", None):
            self.warn_msg = self["description"] or ""


SpeakResponse = SpeakRESTResponse
