"""The small voice: espeak-ng, through the shared library in the package ``espeakng-loader``.

Source: espeak-ng's ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
import os
import re
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

from ...errors import ConfigError
from .failures import EngineError, missing_extra

__all__ = ["EspeakVoice"]

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000  # report a missing data folder instead of ending the process
_RATE = 1
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

# The library has one state for the whole process.
_lock = threading.Lock()


class _Library:
    """The loaded library; every call needs the lock."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError as error:
            raise missing_extra("local", error) from error
        try:
            self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise ConfigError(f"espeak-ng's library cannot be loaded: {error}") from error
        # Without its type ctypes would pass the length, a size_t, as an int.
        self._library.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint),
            *(ctypes.c_void_p, ctypes.c_void_p),
        ]
        data = os.fsencode(espeakng_loader.get_data_path())
        options = _INITIALIZE_DONT_EXIT
        self.sample_rate = int(self._library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, options))
        if self.sample_rate <= 0:
            raise ConfigError("espeak-ng cannot be started: its data folder is missing or broken")
        self._samples = bytearray()
        self._callback = _Callback(self._take)  # kept: the library holds only a pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, count * 2)
        return 0

    def set_voice(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ConfigError(f"espeak-ng has no voice {voice!r}")

    def speak(self, text: str, rate_wpm: int) -> bytes:
        self._library.espeak_SetParameter(_RATE, rate_wpm, 0)
        encoded = text.encode(errors="replace") + b"\0"
        self._samples.clear()
        failed = self._library.espeak_Synth(encoded, len(encoded), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
        if failed or self._library.espeak_Synchronize():
            raise EngineError("espeak-ng could not speak a text")
        return bytes(self._samples)


@cache
def _library() -> _Library:
    return _Library()


class EspeakVoice:
    """A `Voice` on espeak-ng: quick, small, and plainly a machine.

    Attributes:
        name: the engine's and the voice's name.
        sample_rate: of the samples, in Hz; 22050.
    """

    def __init__(self, voice: str = "en-us+f2", *, rate_wpm: int = 160) -> None:
        """
        Args:
            voice: espeak-ng's name of a voice, with an optional variant; this one is recognised best.
            rate_wpm: speed in words per minute, 80 to 450.

        Raises:
            ConfigError: the extra ``local`` is not installed, or there is no such voice.
        """
        with _lock:
            library = _library()
            library.set_voice(voice)
            self.sample_rate: int = library.sample_rate
        self.name: str = f"espeak-ng {voice}"
        self._voice = voice
        self._rate_wpm = rate_wpm

    def synthesize(self, text: str) -> Iterator[bytes]:
        """Yield the samples of a text, a sentence at a time."""
        for sentence in _SENTENCE_END.split(text.strip()):
            if not sentence:
                continue
            with _lock:
                library = _library()
                library.set_voice(self._voice)
                samples = library.speak(sentence, self._rate_wpm)
            yield samples

    def close(self) -> None:
        """Nothing to let go of: the library stays with the process."""
