"""Live transcription, as in v4: ``deepgram.listen.websocket.v("1")``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ...protocol.machine import Role
from ...protocol.timers import TimerSettings
from .handlers import EventKind
from .responses_common import CloseResponse, ErrorResponse, OpenResponse, UnhandledResponse
from .responses_live import (
    ConfigureFailureResponse,
    ConfigureSuccessResponse,
    ListenWSMetadataResponse,
    LiveResultResponse,
    SpeechStartedResponse,
    UtteranceEndResponse,
)
from .responses_speak import WarningResponse
from .socket_clients import AsyncSocketClient, SocketClient
from .socket_machines import RawListenMachine, audio_format
from .sockets import SocketKind, StartRequest

if TYPE_CHECKING:
    from .client_options import DeepgramClientOptions

__all__ = ["AsyncListenWebSocketClient", "AsyncLiveClient", "ListenWebSocketClient", "LiveClient"]

_FINALIZE = '{"type": "Finalize"}'
_KEEP_ALIVE = '{"type": "KeepAlive"}'


def _machine(request: StartRequest, timers: TimerSettings, now: float) -> RawListenMachine:
    machine = RawListenMachine(
        Role.CLIENT,
        timers,
        now,
        audio=audio_format(request.fields),
        multichannel=str(request.fields.get("multichannel")).lower() == "true",
    )
    machine.finalize_after_s = request.after_s("auto_flush_reply_delta")
    return machine


_KIND = SocketKind(
    path="/v1/listen",
    events={
        "Open": EventKind("open", OpenResponse, positional=True),
        "Results": EventKind("result", LiveResultResponse),
        "Metadata": EventKind("metadata", ListenWSMetadataResponse),
        "UtteranceEnd": EventKind("utterance_end", UtteranceEndResponse),
        "SpeechStarted": EventKind("speech_started", SpeechStartedResponse),
        "Warning": EventKind("warning", WarningResponse, known_to_v4=False),
        "ConfigureSuccess": EventKind("configure_success", ConfigureSuccessResponse, known_to_v4=False),
        "ConfigureFailure": EventKind("configure_failure", ConfigureFailureResponse, known_to_v4=False),
        "Error": EventKind("error", ErrorResponse),
        "Unhandled": EventKind("unhandled", UnhandledResponse),
        "Close": EventKind("close", CloseResponse, positional=True),
    },
    machine=_machine,
    keepalive_s=4.0,
)


class ListenWebSocketClient(SocketClient):
    """A live transcription, blocking."""

    _kind = _KIND

    def __init__(self, config: DeepgramClientOptions, thread_cls: type[threading.Thread] = threading.Thread) -> None:
        """
        Args:
            config: credentials, host and switches.
            thread_cls: accepted as in v4; this client has no thread of its own.
        """
        super().__init__(config)

    def keep_alive(self) -> bool:
        """Keep the silent stream open. Not needed: it happens by itself. Returns as `send`."""
        return self.send(_KEEP_ALIVE)

    def finalize(self) -> bool:
        """Ask for final results of everything sent so far. Returns as `send`."""
        return self.send(_FINALIZE)


class AsyncListenWebSocketClient(AsyncSocketClient):
    """A live transcription, async."""

    _kind = _KIND

    async def keep_alive(self) -> bool:
        """Keep the silent stream open. Not needed: it happens by itself. Returns as `send`."""
        return await self.send(_KEEP_ALIVE)

    async def finalize(self) -> bool:
        """Ask for final results of everything sent so far. Returns as `send`."""
        return await self.send(_FINALIZE)


LiveClient = ListenWebSocketClient
AsyncLiveClient = AsyncListenWebSocketClient
