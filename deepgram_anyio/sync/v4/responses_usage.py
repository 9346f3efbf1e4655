"""Answers about usage."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import BaseResponse

__all__ = [
    "Callback",
    "Config",
    "Resolution",
    "STTTokens",
    "STTUsageDetails",
    "SpeechSegment",
    "TTSTokens",
    "TTSUsageDetails",
    "TokenDetail",
    "UsageFieldsResponse",
    "UsageModel",
    "UsageRequest",
    "UsageRequestsResponse",
    "UsageResponse",
    "UsageSummaryResponse",
    "UsageSummaryResults",
]


@dataclass(eq=False, repr=False)
class Config(BaseResponse):
    """What a request asked for."""

    language: str = ""
    model: str = ""
    punctuate: bool | None = None
    utterances: bool | None = None
    diarize: bool | None = None
    smart_format: bool | None = None
    interim_results: bool | None = None
    topics: bool | None = None
    intents: bool | None = None
    sentiment: bool | None = None
    summarize: bool | None = None


@dataclass(eq=False, repr=False)
class STTUsageDetails(BaseResponse):
    """What a transcription used; audio in seconds."""

    config: Config
    usd: float = 0
    duration: float | None = None
    total_audio: float | None = None
    channels: int | None = None
    streams: int | None = None
    method: str = ""
    tier: str | None = ""
    models: list[str] = field(default_factory=list)
    tags: list[str] | None = None
    features: list[str] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class SpeechSegment(BaseResponse):
    """A stretch of speech that was made."""

    characters: int = 0
    model: str = ""
    tier: str = ""


@dataclass(eq=False, repr=False)
class TTSUsageDetails(BaseResponse):
    """What speech used; in seconds."""

    duration: float = 0
    speech_segments: list[SpeechSegment] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class TokenDetail(BaseResponse):
    """Tokens that one feature used."""

    feature: str = ""
    input: int = 0
    model: str = ""
    output: int = 0


@dataclass(eq=False, repr=False)
class Callback(BaseResponse):
    """How a callback went."""

    attempts: int = 0
    code: int = 0
    completed: str = ""


@dataclass(eq=False, repr=False)
class UsageResponse(BaseResponse):
    """How a request was answered."""

    details: STTUsageDetails | None = None
    code: int = 0
    completed: str = ""
    message: str | None = None
    tts_details: TTSUsageDetails | None = None
    token_details: list[TokenDetail] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class UsageRequest(BaseResponse):
    """A request of the past."""

    response: UsageResponse
    project_uuid: str = ""
    request_id: str = ""
    created: str = ""
    path: str = ""
    api_key_id: str = ""
    callback: Callback | None = None
    accessor: str | None = None


@dataclass(eq=False, repr=False)
class UsageRequestsResponse(BaseResponse):
    """A page of requests."""

    page: int = 0
    limit: int = 0
    requests: list[UsageRequest] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class STTTokens(BaseResponse):
    """Tokens used."""

    tokens_in: int = 0
    out: int = 0


@dataclass(eq=False, repr=False)
class TTSTokens(BaseResponse):
    """Characters spoken."""

    characters: int = 0
    requests: int = 0


@dataclass(eq=False, repr=False)
class Resolution(BaseResponse):
    """The length of one entry of a summary."""

    units: str = ""
    amount: int = 0


@dataclass(eq=False, repr=False)
class UsageSummaryResults(BaseResponse):
    """Usage in one period; in hours."""

    tokens: STTTokens
    tts: TTSTokens
    start: str = ""
    end: str = ""
    hours: int = 0
    total_hours: int = 0
    requests: int = 0


@dataclass(eq=False, repr=False)
class UsageSummaryResponse(BaseResponse):
    """Usage over time."""

    resolution: Resolution
    start: str = ""
    end: str = ""
    results: list[UsageSummaryResults] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class UsageModel(BaseResponse):
    """A model that was used."""

    name: str = ""
    language: str = ""
    version: str = ""
    model_id: str = ""


@dataclass(eq=False, repr=False)
class UsageFieldsResponse(BaseResponse):
    """What usage can be filtered by."""

    tags: list[str] | None = None
    models: list[UsageModel] = field(default_factory=list)
    processing_methods: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    languages: list[str] | None = None
