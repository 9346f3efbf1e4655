"""Tests of the sans-IO core: no event loop, no sockets, and time that moves only when a test says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings

from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.frames import Frame, Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.listen_machine import ListenMachine
from deepgram_anyio.protocol.machine import Machine, Role
from deepgram_anyio.protocol.timers import TimerSettings

__all__ = [
    "CLIENT_TIMERS",
    "LINEAR16",
    "METADATA",
    "SAMPLES",
    "client",
    "results",
    "server",
    "steady",
    "take",
    "wire_types",
]

CLIENT_TIMERS = TimerSettings(keepalive_s=4.0, ping_s=20.0, pong_s=20.0, drain_s=30.0)
LINEAR16 = AudioFormat(encoding="linear16", sample_rate=16000)


def steady(examples: int = 100) -> settings:
    """Hypothesis settings without a time limit for the single example: a busy machine is no failure."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def client(timers: TimerSettings = CLIENT_TIMERS, now: float = 0.0, **options: Any) -> ListenMachine:
    return ListenMachine(Role.CLIENT, timers, now, **{"audio": LINEAR16, **options})


def server(timers: TimerSettings | None = None, now: float = 0.0) -> ListenMachine:
    return ListenMachine(Role.SERVER, timers or TimerSettings(), now)


def take(machine: Machine[Any]) -> list[Frame]:
    """Take out what is to be written, as the owner of a machine does."""
    frames = list(machine.outgoing)
    machine.outgoing.clear()
    return frames


def wire_types(frames: Sequence[Frame]) -> list[str]:
    """The ``type`` of each text frame, and the class name of every other frame."""
    return [
        msgspec.json.decode(frame.data)["type"] if isinstance(frame, Text) else type(frame).__name__ for frame in frames
    ]


def results(start: float = 0.0, duration: float = 1.0, *, channel: int = 0, **fields: Any) -> listen.Results:
    return listen.Results(
        channel_index=[channel, 2],
        start=start,
        duration=duration,
        channel=listen.Channel(alternatives=[listen.Alternative(transcript="", confidence=0.0, words=[])]),
        metadata=listen.ResultsMetadata(
            request_id="r", model_uuid="u", model_info=listen.ModelInfo(name="n", version="v", arch="a")
        ),
        **fields,
    )


METADATA = listen.Metadata(
    transaction_key="deprecated", request_id="r", sha256="", created="2026-01-01T00:00:00Z", duration=1.0, channels=1
)

_MODEL = {"name": "2-general-nova", "version": "2024-01-18.26916", "arch": "nova-3"}
_WORD = {"word": "hello", "start": 0.5, "end": 0.9, "confidence": 0.75}

SAMPLES: dict[str, dict[str, Any]] = {
    "Results": {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": 3.08,
        "start": 0.74,
        "is_final": True,
        "speech_final": False,
        "from_finalize": True,
        "channel": {
            "alternatives": [
                {
                    "transcript": "Hello.",
                    "confidence": 0.75,
                    "languages": ["en"],
                    "languages_hinted": ["en", "es"],
                    "words": [_WORD, {**_WORD, "language": "en", "punctuated_word": "Hello.", "speaker": 0}],
                }
            ],
            "search": [{"query": "hello", "hits": [{"confidence": 1.0, "start": 0.5, "end": 0.9, "snippet": "hello"}]}],
        },
        "metadata": {"request_id": "r", "model_info": _MODEL, "model_uuid": "u", "diarize_info": {"model": "v1"}},
        "entities": [
            {"label": "NAME", "value": "Ann", "raw_value": "ann", "confidence": 0.5, "start_word": 0, "end_word": 1}
        ],
    },
    "Metadata": {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": "r",
        "sha256": "0f",
        "created": "2026-01-01T00:00:00.000Z",
        "duration": 12.5,
        "channels": 2,
        "models": ["u"],
        "model_info": {"u": _MODEL},
        "extra": {"customer": "7"},
    },
    "UtteranceEnd": {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 2.5},
    "SpeechStarted": {"type": "SpeechStarted", "channel": [0, 1], "timestamp": 9.54},
    "ConfigureSuccess": {"type": "ConfigureSuccess", "request_id": "r", "keyterms": ["Deepgram"]},
    "ConfigureFailure": {
        "type": "ConfigureFailure",
        "request_id": "r",
        "code": "CONFIGURE_KEYTERM_LIMIT_EXCEEDED",
        "description": "too many",
    },
    "Error": {
        "type": "Error",
        "variant": "SchemaError",
        "description": "unparsable",
        "code": "c",
        "message": "{",
    },
    "Warning": {"type": "Warning", "description": "d", "code": "c", "warn_msg": "m", "warn_code": "w"},
}
"""Every message of the server with every field that it may have."""
