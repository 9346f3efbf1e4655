"""Clients of a server that a test runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..client import DeepgramClient
from ..config import ClientConfig

if TYPE_CHECKING:
    from ..sync import DeepgramClient as SyncDeepgramClient

__all__ = ["ANY_KEY", "Reachable"]

ANY_KEY = "test-key"
"""For servers that let everyone in: a client wants one all the same."""


class Reachable:
    """A server, and the ways to it.

    Attributes:
        url: its base URL, for `DeepgramClient(base_url=...)`.
        api_key: a key that it lets in.
    """

    def __init__(self, url: str, api_key: str) -> None:
        self.url = url
        self.api_key = api_key

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that make a `DeepgramClient()` of this process, or of another, use this server."""
        return {
            "DEEPGRAM_HOST": self.url,
            "DEEPGRAM_API_KEY": self.api_key,
            "DEEPGRAM_ACCESS_TOKEN": "",
            "NO_PROXY": "127.0.0.1",
        }

    def client(self, config: ClientConfig | None = None) -> DeepgramClient:
        """Make a client of this server, to be opened with ``async with``.

        Args:
            config: timeouts, limits, how it retries and reconnects; hosts, proxy and credentials are replaced.

        Returns:
            a client that is not open yet.
        """
        return DeepgramClient(config=self._config(config))

    def sync_client(self, config: ClientConfig | None = None) -> SyncDeepgramClient:
        """Make a blocking client of this server; arguments as for `client`.

        Args:
            config: timeouts, limits and policies of the client.

        Returns:
            a client that works with and without ``with``.
        """
        from ..sync import DeepgramClient as SyncDeepgramClient

        return SyncDeepgramClient(config=self._config(config))

    def _config(self, config: ClientConfig | None) -> ClientConfig:
        config = config or ClientConfig()
        return replace(config, base_url=self.url, agent_url=self.url, api_key=self.api_key, access_token=None, proxy="")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"
