"""Speech or silence, frame by frame: the WebRTC detector that PocketSphinx carries."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import Final

from .base import RECOGNIZER_RATE
from .failures import missing_extra

try:
    import pocketsphinx
except ImportError as _error:
    raise missing_extra("local", _error) from _error

__all__ = ["SpeechDetector"]

_FRAME_S: Final = 0.03
_FRAME_BYTES: Final = round(RECOGNIZER_RATE * _FRAME_S) * 2

_FAINTEST: Final = 50
"""Peak below which a frame is no speech whatever its shape: 56 dB below full scale, where dither and hiss live."""

_LEARNING_FRAMES: Final = 4
"""Frames with sound that the detector's noise model takes to settle; until then it takes any noise for speech."""


class SpeechDetector:
    """Tells speech from silence on one channel, in frames of 30 ms. Cheap: a few microseconds for each.

    The second-strictest of the detector's four modes: it hears a speaker 30 dB below a close one, and stays quiet on
    steady noise, which the lax ones do not.

    Attributes:
        frame_bytes: length of a frame of 16-bit samples at `RECOGNIZER_RATE`.
    """

    frame_bytes: int = _FRAME_BYTES

    def __init__(self) -> None:
        self._vad = pocketsphinx.Vad(pocketsphinx.Vad.MEDIUM_STRICT, RECOGNIZER_RATE, _FRAME_S)
        self._partial_frame = b""
        self._loud_frames = 0

    def feed(self, samples: bytes) -> Sequence[bool]:
        """Take samples of any length, in the machine's byte order.

        Returns:
            For each frame that they complete, whether it is speech.
        """
        data = self._partial_frame + samples
        whole = len(data) - len(data) % _FRAME_BYTES
        self._partial_frame = data[whole:]
        return [self._is_speech(data[start : start + _FRAME_BYTES]) for start in range(0, whole, _FRAME_BYTES)]

    def _is_speech(self, frame: bytes) -> bool:
        shaped_like_speech = self._vad.is_speech(frame)  # asked of every frame, so that it learns the noise
        values = array.array("h", frame)
        loud = max(max(values), -min(values)) >= _FAINTEST
        self._loud_frames += loud
        return bool(shaped_like_speech) and loud and self._loud_frames > _LEARNING_FRAMES
