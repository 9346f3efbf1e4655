"""What the client programs share: the speech in paced chunks, and the report that they print.

Standard library only: it runs in the environments of other SDKs.
"""

from __future__ import annotations

import json
import sys
import wave
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["CHUNK_S", "DEADLINE_S", "KEY", "PACE", "PAUSE_S", "Report", "Speech", "arguments", "websocket_url"]

CHUNK_S = 0.1
PACE = 8.0
"""How much faster than real time the speech is sent."""

PAUSE_S = 1.5
"""Between two turns."""

DEADLINE_S = 30.0
"""For the last results, after the last chunk was sent."""

KEY = "interop"


class Speech:
    """A WAV file of 16-bit samples."""

    def __init__(self, path: str) -> None:
        with wave.open(path) as file:
            self.sample_rate = file.getframerate()
            self.channels = file.getnchannels()
            self._frame_bytes = self.channels * file.getsampwidth()
            self._samples = file.readframes(file.getnframes())

    @property
    def options(self) -> dict[str, Any]:
        """The parameters of a `/v1/listen` stream, the same for every client."""
        return {
            "model": "nova-3",
            "interim_results": True,
            "encoding": "linear16",
            "sample_rate": self.sample_rate,
            "channels": self.channels,
        }

    @property
    def flux_options(self) -> dict[str, Any]:
        """The parameters of a `/v2/listen` stream, the same for every client."""
        return {
            "model": "flux-general-en",
            "encoding": "linear16",
            "sample_rate": self.sample_rate,
            "eager_eot_threshold": 0.3,
            "eot_threshold": 0.7,
        }

    def chunks(self) -> Iterator[bytes]:
        size = round(self.sample_rate * CHUNK_S) * self._frame_bytes
        for start in range(0, len(self._samples), size):
            yield self._samples[start : start + size]

    def turns(self) -> Iterator[bytes]:
        """The speech twice, with a pause between that ends a turn."""
        yield from self.chunks()
        for _ in range(round(PAUSE_S / CHUNK_S)):
            yield bytes(round(self.sample_rate * CHUNK_S) * self._frame_bytes)
        yield from self.chunks()


class Report:
    """What a client heard, in the words of its own SDK."""

    def __init__(self) -> None:
        self.finals: list[str] = []
        self.events: Counter[str] = Counter()
        self.errors: list[str] = []
        self.metadata_duration: float | None = None
        self.request_id: str | None = None

    def results(self, transcript: str, *, is_final: bool) -> None:
        self.events["Results"] += 1
        if is_final and transcript:
            self.finals.append(transcript)

    def metadata(self, duration: float, request_id: str) -> None:
        self.events["Metadata"] += 1
        self.metadata_duration = duration
        self.request_id = request_id

    def turn(self, event: str, transcript: str, audio_s: float, request_id: str) -> None:
        self.events["TurnInfo"] += 1
        self.metadata_duration = audio_s
        self.request_id = request_id
        if event == "EndOfTurn":
            self.finals.append(transcript)

    def message(self, message: Any) -> None:
        """Take a message whose attributes are the fields on the wire."""
        if message.type == "Results":
            self.results(message.channel.alternatives[0].transcript, is_final=message.is_final)
        elif message.type == "Metadata":
            self.metadata(message.duration, message.request_id)
        elif message.type == "TurnInfo":
            self.turn(message.event, message.transcript, message.audio_window_end, message.request_id)
        elif message.type == "Connected":
            self.events["Connected"] += 1
        else:
            self.error(message)

    def error(self, error: object) -> None:
        self.errors.append(str(error) or repr(error))

    def print(self) -> None:
        document = {"transcript": " ".join(self.finals), **vars(self)}
        print(json.dumps(document))


def arguments() -> tuple[str, str]:
    """The server's URL and the path of the speech, from the command line."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: {Path(sys.argv[0]).name} URL WAV")
    return sys.argv[1], sys.argv[2]


def websocket_url(url: str) -> str:
    return url.replace("http", "ws", 1)
