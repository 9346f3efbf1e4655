"""Messages of a live transcription socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .base import BaseResponse
from .responses_common import ModelInfo, Search

__all__ = [
    "ConfigureFailureResponse",
    "ConfigureSuccessResponse",
    "ListenWSAlternative",
    "ListenWSChannel",
    "ListenWSMetadata",
    "ListenWSMetadataResponse",
    "ListenWSWord",
    "LiveResultResponse",
    "SpeechStartedResponse",
    "UtteranceEndResponse",
]


@dataclass(eq=False, repr=False)
class ListenWSWord(BaseResponse):
    """A word; times in seconds."""

    word: str = ""
    start: float = 0
    end: float = 0
    confidence: float = 0
    punctuated_word: str | None = None
    speaker: int | None = None
    language: str | None = None


@dataclass(eq=False, repr=False)
class ListenWSAlternative(BaseResponse):
    """One reading of a channel."""

    transcript: str = ""
    confidence: float = 0
    words: list[ListenWSWord] = field(default_factory=list)
    languages: list[str] | None = None


@dataclass(eq=False, repr=False)
class ListenWSChannel(BaseResponse):
    """The readings of one audio channel, best first."""

    search: list[Search] | None = None
    alternatives: list[ListenWSAlternative] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class ListenWSMetadata(BaseResponse):
    """What stands behind a result."""

    model_info: ModelInfo
    request_id: str = ""
    model_uuid: str = ""
    extra: dict[str, str] | None = None


@dataclass(eq=False, repr=False)
class LiveResultResponse(BaseResponse):
    """A transcript of the audio from ``start`` to ``start + duration``.

    Attributes:
        channel: the transcript.
        metadata: request and model.
        type: of the message.
        channel_index: ``[index, number of channels]``.
        duration: length of the audio covered, in seconds.
        start: where it begins, in seconds.
        is_final: this stretch of audio will not be revised; otherwise an interim result.
        from_finalize: the answer to a `finalize`.
        speech_final: the speaker paused.
    """

    channel: ListenWSChannel
    metadata: ListenWSMetadata
    type: str = ""
    channel_index: list[int] = field(default_factory=list)
    duration: float = 0
    start: float = 0
    is_final: bool = False
    from_finalize: bool | None = None
    speech_final: bool = False


@dataclass(eq=False, repr=False)
class ListenWSMetadataResponse(BaseResponse):
    """Sums the stream up, after its last result; the duration in seconds."""

    type: str = ""
    transaction_key: str = ""
    request_id: str = ""
    sha256: str = ""
    created: str = ""
    duration: float = 0
    channels: int = 0
    models: list[str] | None = None
    model_info: dict[str, ModelInfo] | None = None
    extra: dict[str, Any] | None = None


@dataclass(eq=False, repr=False)
class SpeechStartedResponse(BaseResponse):
    """Speech was heard after silence, at ``timestamp`` seconds."""

    type: str = ""
    channel: list[int] = field(default_factory=list)
    timestamp: float = 0


@dataclass(eq=False, repr=False)
class UtteranceEndResponse(BaseResponse):
    """No word was heard for ``utterance_end_ms``; the end of the last one in seconds."""

    type: str = ""
    channel: list[int] = field(default_factory=list)
    last_word_end: float = 0


@dataclass(eq=False, repr=False)
class ConfigureSuccessResponse(BaseResponse):
    """A change of the running stream took effect. Not in v4."""

    type: str = "ConfigureSuccess"
    request_id: str = ""


@dataclass(eq=False, repr=False)
class ConfigureFailureResponse(BaseResponse):
    """A change of the running stream was refused; it goes on as before. Not in v4."""

    type: str = "ConfigureFailure"
    request_id: str = ""
    code: str = ""
    description: str = ""
