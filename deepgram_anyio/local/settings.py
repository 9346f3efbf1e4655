"""What the embedded server can be told."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from .engines.base import Recognizer, Voice
    from .fault_options import FaultOptions
    from .thinker import Thinker

__all__ = ["ServerSettings"]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the embedded server.

    Attributes:
        api_keys: keys that are let in, from the start; None lets everyone in, as a self-hosted server does.
        recognizer: the speech recogniser; None for the packaged one, started when first used.
        voice: the voice; None for the best packaged one that is installed, started when first used.
        thinker: what agents answer with; None for `thinker.RuleThinker`.
        idle_timeout_s: silence from a client after which a stream is closed with ``NET-0001``.
        max_connections: streams, and requests of speech and text, served at once; more are refused with 429.
        allow_private_urls: fetch recordings from, and deliver results to, addresses of this machine and its network.
        faults: how the server misbehaves; None for not at all.
        middleware: wraps the application, inside of what numbers the requests; None for nothing.
        host: the address that it listens on.
        page: show the page of live connections.
    """

    api_keys: Collection[str] | None = None
    recognizer: Recognizer | None = None
    voice: Voice | None = None
    thinker: Thinker | None = None
    idle_timeout_s: float = 10.0
    max_connections: int = 100
    allow_private_urls: bool = False
    faults: FaultOptions | None = None
    middleware: Callable[[Any], Any] | None = None
    host: str = "127.0.0.1"
    page: bool = False

    def __repr__(self) -> str:
        keys = "any" if self.api_keys is None else f"{len(self.api_keys)} keys"
        return f"<ServerSettings {keys}, {self.max_connections} connections>"
