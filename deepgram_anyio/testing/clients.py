"""Clients of a server that a test runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..client import DeepgramClient
from ..config import ClientConfig

if TYPE_CHECKING:
    from ..sync import DeepgramClient as SyncDeepgramClient

__all__ = ["client_of", "environment_of", "sync_client_of"]


def client_of(url: str, api_key: str, config: ClientConfig | None) -> DeepgramClient:
    """Make a client of a server, with no proxy on the way."""
    return DeepgramClient(config=_config(url, api_key, config))


def sync_client_of(url: str, api_key: str, config: ClientConfig | None) -> SyncDeepgramClient:
    """Make a blocking client of a server, with no proxy on the way."""
    from ..sync import DeepgramClient as SyncDeepgramClient

    return SyncDeepgramClient(config=_config(url, api_key, config))


def environment_of(url: str, api_key: str) -> dict[str, str]:
    """Return what makes a client go there that asks the environment."""
    return {"DEEPGRAM_HOST": url, "DEEPGRAM_API_KEY": api_key, "DEEPGRAM_ACCESS_TOKEN": "", "NO_PROXY": "127.0.0.1"}


def _config(url: str, api_key: str, config: ClientConfig | None) -> ClientConfig:
    config = config or ClientConfig()
    return replace(config, base_url=url, agent_url=url, api_key=api_key, access_token=None, proxy="")
