"""What the text-to-speech programs share: the text, and the report that they print. Standard library only."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

__all__ = ["FLUX_MODEL", "SAMPLE_RATE", "SPEAK_MODEL", "SPOKEN", "SpeechReport"]

SPOKEN = ("The quick brown fox jumps over ", "the lazy dog. We will meet again ", "tomorrow morning.")
"""One text, in the pieces in which it is sent."""

SPEAK_MODEL = "aura-2-thalia-en"
FLUX_MODEL = "flux-haley-en"
SAMPLE_RATE = 16_000

_EXPECTED = {
    "Metadata",
    "Connected",
    "Flushed",
    "SpeechStarted",
    "SpeechMetadata",
    "SessionMetadata",
    "ConfigureSuccess",
}


class SpeechReport:
    """What a client was given to hear."""

    def __init__(self) -> None:
        self.audio_bytes = 0
        self.events: Counter[str] = Counter()
        self.errors: list[str] = []
        self.request_id: str | None = None

    def audio(self, data: bytes) -> None:
        self.audio_bytes += len(data)
        self.events["Audio"] += 1

    def message(self, message: dict[str, Any]) -> None:
        """Take a message as it was on the wire."""
        kind = message["type"]
        self.events[kind] += 1
        self.request_id = message.get("request_id") or self.request_id
        if kind not in _EXPECTED:
            self.error(message)

    def error(self, error: object) -> None:
        self.errors.append(str(error) or repr(error))

    def print(self) -> None:
        # The voice takes the same time for the same text, but does not make the same noise.
        document = {"transcript": f"{self.audio_bytes} bytes of audio", "finals": [], **vars(self)}
        document["metadata_duration"] = self.audio_bytes / 2 / SAMPLE_RATE
        print(json.dumps(document))
