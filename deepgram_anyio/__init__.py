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

import importlib
import logging
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
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
    from .protocol.speak_options import FluxSpeakOptions, SpeakOptions
    from .services.agent import AgentConnection
    from .services.connection import ConnectionStats
    from .services.flux import FluxConnection
    from .services.listen import LiveConnection
    from .services.speak import FluxSpeakConnection, SpeakConnection
    from .services.speech import SpeakStats, SpeechAudio
    from .transport.settings import Limits, RetryPolicy, Timeouts

__all__ = [
    "AgentConnection",
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
    "Limits",
    "LiveConnection",
    "LiveOptions",
    "LocalProtocolError",
    "NotFoundError",
    "PayloadTooLargeError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "RemoteProtocolError",
    "RetryPolicy",
    "ServerError",
    "SpeakConnection",
    "SpeakOptions",
    "SpeakStats",
    "SpeechAudio",
    "Timeouts",
    "TransportError",
    "__version__",
    "errors",
    "function_schema",
    "protocol",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOMES = {
    "AgentConnection": "services.agent",
    "ClientConfig": "config",
    "ConnectionStats": "services.connection",
    "DeepgramClient": "client",
    "FluxConnection": "services.flux",
    "FluxOptions": "protocol.flux_options",
    "FluxSpeakConnection": "services.speak",
    "FluxSpeakOptions": "protocol.speak_options",
    "Limits": "transport.settings",
    "LiveConnection": "services.listen",
    "LiveOptions": "protocol.listen_options",
    "RetryPolicy": "transport.settings",
    "SpeakConnection": "services.speak",
    "SpeakOptions": "protocol.speak_options",
    "SpeakStats": "services.speech",
    "SpeechAudio": "services.speech",
    "Timeouts": "transport.settings",
    "function_schema": "protocol.functions",
}
_MODULES = {"errors", "protocol"}


def __getattr__(name: str) -> Any:
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
