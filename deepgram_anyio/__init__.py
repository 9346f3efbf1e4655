"""The Deepgram SDK for structured-concurrent Python: asyncio and trio, with an embedded local server.

```python
from deepgram_anyio import DeepgramClient

async with DeepgramClient() as dg:
    async with dg.listen.v1.stream("speech.wav", model="nova-3") as results:
        async for event in results:
            ...
```

Importing this package loads neither the network nor the event loop libraries; names load when they are first used.
"""

from __future__ import annotations

from ._version import __version__

TYPE_CHECKING = False  # type checkers take it for true; importing `typing` would take longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    from . import errors, protocol
    from .client import DeepgramClient
    from .config import ClientConfig
    from .errors import (
        ApiError,
        AuthenticationError,
        BadRequestError,
        ConfigError,
        ConnectError,
        ConnectionClosed,
        DeepgramError,
        LocalProtocolError,
        NotFoundError,
        PayloadTooLargeError,
        PaymentRequiredError,
        PermissionDeniedError,
        ProtocolError,
        RateLimitError,
        RemoteProtocolError,
        ServerError,
        TransportError,
    )
    from .errors import TimeoutError as DeepgramTimeoutError
    from .protocol.flux_options import FluxOptions
    from .protocol.functions import function_schema
    from .protocol.listen_options import LiveOptions
    from .protocol.messages import Reconnected
    from .protocol.policy import Outage, ReconnectPolicy
    from .protocol.rest.analysis import Analysis, AnalysisAccepted, ReadOptions
    from .protocol.rest.live_transcript import LiveTranscript
    from .protocol.rest.prerecorded_options import PrerecordedOptions
    from .protocol.rest.speech import FluxSpeechOptions, Speech, SpeechAccepted, SpeechInfo, SpeechOptions
    from .protocol.rest.transcription import Transcription, TranscriptionAccepted
    from .protocol.speak_options import FluxSpeakOptions, SpeakOptions
    from .services.agent import AgentConnection
    from .services.connection import ConnectionStats
    from .services.flux import FluxConnection
    from .services.listen import LiveConnection
    from .services.speak import FluxSpeakConnection, SpeakConnection
    from .services.speech import SpeakStats, SpeechAudio
    from .services.synthesize import SpeechStream
    from .telemetry.settings import Telemetry
    from .transport.settings import Limits, RetryPolicy, Timeouts

__all__ = [
    "AgentConnection",
    "Analysis",
    "AnalysisAccepted",
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "ClientConfig",
    "ConfigError",
    "ConnectError",
    "ConnectionClosed",
    "ConnectionStats",
    "DeepgramClient",
    "DeepgramError",
    "DeepgramTimeoutError",
    "FluxConnection",
    "FluxOptions",
    "FluxSpeakConnection",
    "FluxSpeakOptions",
    "FluxSpeechOptions",
    "Limits",
    "LiveConnection",
    "LiveOptions",
    "LiveTranscript",
    "LocalProtocolError",
    "NotFoundError",
    "Outage",
    "PayloadTooLargeError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "PrerecordedOptions",
    "ProtocolError",
    "RateLimitError",
    "ReadOptions",
    "ReconnectPolicy",
    "Reconnected",
    "RemoteProtocolError",
    "RetryPolicy",
    "ServerError",
    "SpeakConnection",
    "SpeakOptions",
    "SpeakStats",
    "Speech",
    "SpeechAccepted",
    "SpeechAudio",
    "SpeechInfo",
    "SpeechOptions",
    "SpeechStream",
    "Telemetry",
    "Timeouts",
    "Transcription",
    "TranscriptionAccepted",
    "TransportError",
    "__version__",
    "errors",
    "function_schema",
    "protocol",
]

_HOMES = {
    "AgentConnection": "services.agent",
    "Analysis": "protocol.rest.analysis",
    "AnalysisAccepted": "protocol.rest.analysis",
    "ClientConfig": "config",
    "ConnectionStats": "services.connection",
    "DeepgramClient": "client",
    "FluxConnection": "services.flux",
    "FluxOptions": "protocol.flux_options",
    "FluxSpeakConnection": "services.speak",
    "FluxSpeakOptions": "protocol.speak_options",
    "FluxSpeechOptions": "protocol.rest.speech",
    "Limits": "transport.settings",
    "LiveConnection": "services.listen",
    "LiveOptions": "protocol.listen_options",
    "LiveTranscript": "protocol.rest.live_transcript",
    "Outage": "protocol.policy",
    "PrerecordedOptions": "protocol.rest.prerecorded_options",
    "ReadOptions": "protocol.rest.analysis",
    "ReconnectPolicy": "protocol.policy",
    "Reconnected": "protocol.messages",
    "RetryPolicy": "transport.settings",
    "SpeakConnection": "services.speak",
    "SpeakOptions": "protocol.speak_options",
    "SpeakStats": "services.speech",
    "Speech": "protocol.rest.speech",
    "SpeechAccepted": "protocol.rest.speech",
    "SpeechAudio": "services.speech",
    "SpeechInfo": "protocol.rest.speech",
    "SpeechOptions": "protocol.rest.speech",
    "SpeechStream": "services.synthesize",
    "Telemetry": "telemetry.settings",
    "Timeouts": "transport.settings",
    "Transcription": "protocol.rest.transcription",
    "TranscriptionAccepted": "protocol.rest.transcription",
    "function_schema": "protocol.functions",
}
_MODULES = {"errors", "protocol"}


def __getattr__(name: str) -> Any:
    import importlib

    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__)
    value = getattr(home, name.removeprefix("Deepgram") if name == "DeepgramTimeoutError" else name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
