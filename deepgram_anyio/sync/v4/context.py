"""Where a v4 client's calls go: the native backend of its configuration, and the loop of the blocking clients."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...client import DeepgramClient
from ...config import ClientConfig
from ...services.backend import Backend
from ..loop import EventLoopThread, event_loop_thread

if TYPE_CHECKING:
    from .client_options import DeepgramClientOptions

__all__ = ["V4Context", "context_of", "native_config", "use_backend"]


@dataclass(frozen=True)
class V4Context:
    """What the clients of one configuration share.

    Attributes:
        backend: the server, the credentials, and the pooled HTTP client.
    """

    backend: Backend

    @property
    def loop(self) -> EventLoopThread:
        """The loop of the blocking clients, started when first asked for."""
        return event_loop_thread()


_contexts: weakref.WeakKeyDictionary[Any, tuple[Any, V4Context]] = weakref.WeakKeyDictionary()
_OWN_HEADERS = frozenset({"accept", "authorization", "user-agent"})


def native_config(config: DeepgramClientOptions) -> ClientConfig:
    """Return the native settings that say what a v4 configuration says.

    An entry ``"allow_insecure": "true"`` of its options lets a key go without TLS to another machine.
    """
    headers = {name: text for name, text in (config.headers or {}).items() if name.lower() not in _OWN_HEADERS}
    return ClientConfig(
        api_key=config.api_key or None,
        # As v4 does, a key wins over a token when both are set.
        access_token=None if config.api_key else config.access_token or None,
        base_url=config.url or None,
        headers=headers,
        allow_insecure=str((config.options or {}).get("allow_insecure", "")).lower() == "true",
    )


def context_of(config: DeepgramClientOptions) -> V4Context:
    """Return what the clients of a configuration share; made anew when its credentials, host or headers have changed.

    Raises:
        ConfigError: it cannot work.
    """
    known = _contexts.get(config)
    if known is None or known[0] != _key(config):
        return use_backend(config, DeepgramClient(config=native_config(config))._backend)
    return known[1]


def use_backend(config: DeepgramClientOptions, backend: Backend) -> V4Context:
    """Let the clients of a configuration use a backend, for as long as the configuration stays as it is."""
    context = V4Context(backend)
    _contexts[config] = (_key(config), context)
    return context


def _key(config: DeepgramClientOptions) -> Any:
    return config.api_key, config.access_token, config.url, tuple(sorted((config.headers or {}).items()))
