"""What live and recorded transcription refuse alike."""

from __future__ import annotations

import re

from ..protocol.listen_options import LiveOptions
from ..protocol.rest.prerecorded_options import PrerecordedOptions
from .socket_app import bad_request

__all__ = ["check_recognition"]

_MODELS = re.compile(
    r"(nova(-[23])?|enhanced|base|whisper)(-[a-z0-9]+)*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|custom"
)
_ENGLISH = re.compile(r"en(-[A-Za-z]{2,4})?")
_MIN_RATE_HZ = 1_000
_MAX_RATE_HZ = 384_000
_MAX_CHANNELS = 16


def check_recognition(options: LiveOptions | PrerecordedOptions, *, any_language: bool = False) -> None:
    """Check the model, the language, and the announced form of the audio, but for its encoding.

    Args:
        options: of the request.
        any_language: the recogniser knows more than English.

    Raises:
        Refusal: 400.
    """
    if not _MODELS.fullmatch(options.model):
        raise bad_request(f"no such model/language/tier combination found: {options.model}")
    if options.language is not None and not any_language and not _ENGLISH.fullmatch(options.language):
        raise bad_request("the local server recognises English only")
    if not _MIN_RATE_HZ <= (options.sample_rate or _MIN_RATE_HZ) <= _MAX_RATE_HZ:
        raise bad_request("sample_rate is out of range")
    if (options.channels or 1) > _MAX_CHANNELS:
        raise bad_request("too many channels")
