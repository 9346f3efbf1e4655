"""The live API's messages as plain msgspec structs, for clients that are a WebSocket library and msgspec."""

from __future__ import annotations

from typing import Union

import msgspec

__all__ = ["Alternative", "Channel", "Metadata", "ModelInfo", "Results", "ResultsMetadata", "Word", "decoder"]


class Word(msgspec.Struct):
    word: str
    start: float
    end: float
    confidence: float
    punctuated_word: str | None = None
    speaker: int | None = None


class Alternative(msgspec.Struct):
    transcript: str
    confidence: float
    words: list[Word]


class Channel(msgspec.Struct):
    alternatives: list[Alternative]


class ModelInfo(msgspec.Struct):
    name: str
    version: str
    arch: str


class ResultsMetadata(msgspec.Struct):
    request_id: str
    model_info: ModelInfo
    model_uuid: str


class Results(msgspec.Struct, tag_field="type", tag=True):
    channel_index: list[int]
    duration: float
    start: float
    channel: Channel
    metadata: ResultsMetadata
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False


class Metadata(msgspec.Struct, tag_field="type", tag=True):
    transaction_key: str
    request_id: str
    sha256: str
    created: str
    duration: float
    channels: int


decoder: msgspec.json.Decoder[Results | Metadata] = msgspec.json.Decoder(Union[Results, Metadata])  # noqa: UP007
