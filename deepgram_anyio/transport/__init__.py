"""Sockets: dialling, WebSocket framing, and the session that drives a protocol machine. Knows no Deepgram message."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .settings import Limits, Timeouts

if TYPE_CHECKING:
    from .websocket import WebSocket, open_websocket

__all__ = ["Limits", "Timeouts", "WebSocket", "open_websocket"]


def __getattr__(name: str) -> Any:
    # The settings alone must not load the network libraries.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(".websocket", __name__), name)
