"""The models that there are."""

from __future__ import annotations

from ..options import Options
from .base import Record, Response

__all__ = ["Model", "ModelList", "ModelListOptions", "VoiceMetadata"]


class VoiceMetadata(Record, kw_only=True):
    """What a voice is like.

    Attributes:
        accent: such as ``American``.
        age: such as ``Adult``.
        color: for a page, ``#rrggbb``.
        image: URL of a portrait.
        sample: URL of a recording.
        tags: such as ``feminine``.
        use_cases: what it is good for.
        display_name: for a person.
    """

    accent: str | None = None
    age: str | None = None
    color: str | None = None
    image: str | None = None
    sample: str | None = None
    tags: list[str] | None = None
    use_cases: list[str] | None = None
    display_name: str | None = None


class Model(Response, kw_only=True):
    """A model, for speech to text or for text to speech.

    Attributes:
        name: its name.
        canonical_name: what to write as ``model``.
        architecture: its family, such as ``nova-3``.
        languages: BCP-47 tags.
        version: its version.
        uuid: its identifier.
        batch: transcribes recordings; speech to text only.
        streaming: transcribes live audio; speech to text only.
        formatted_output: writes numbers and dates as people do; speech to text only.
        metadata: what the voice is like; text to speech only.
    """

    name: str | None = None
    canonical_name: str | None = None
    architecture: str | None = None
    languages: list[str] | None = None
    version: str | None = None
    uuid: str | None = None
    batch: bool | None = None
    streaming: bool | None = None
    formatted_output: bool | None = None
    metadata: VoiceMetadata | None = None


class ModelList(Response, kw_only=True):
    """The models that there are.

    Attributes:
        stt: for speech to text.
        tts: for text to speech.
    """

    stt: list[Model] | None = None
    tts: list[Model] | None = None


class ModelListOptions(Options, frozen=True, kw_only=True):
    """Which models to list.

    Attributes:
        include_outdated: also those that newer versions replaced; false.
    """

    include_outdated: bool | None = None
