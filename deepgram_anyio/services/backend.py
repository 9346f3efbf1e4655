"""What every service needs to reach the server: hosts, credentials, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._version import __version__
from ..transport.credentials import Credentials
from ..transport.settings import Limits, Timeouts

if TYPE_CHECKING:
    import ssl

    from ..transport.websocket import WebSocket

__all__ = ["Backend"]


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A server, and how to talk to it.

    Attributes:
        api_url: base URL of the API, ``http`` or ``https``, without a trailing slash; path prefixes are kept.
        agent_url: base URL of the voice agent, likewise.
        credentials: who the caller is.
    """

    api_url: str
    agent_url: str
    credentials: Credentials
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    proxy: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def open_websocket(
        self, path: str, query: str = "", *, agent: bool = False, extra_headers: Mapping[str, str] | None = None
    ) -> WebSocket:
        """Connect to a socket route.

        Args:
            path: the route, from the slash on.
            query: the query string, encoded.
            agent: on the voice agent's host.
            extra_headers: win over all others but ``Authorization``.

        Raises:
            ApiError: the server refused.
            ConnectError: it could not be reached.
            TimeoutError: it did not answer within `Timeouts.connect_s`.
        """
        from ..transport.websocket import connect_websocket

        base = self.agent_url if agent else self.api_url
        url = f"ws{base.removeprefix('http')}{path}" + (f"?{query}" if query else "")
        return await connect_websocket(
            url,
            await self._headers(extra_headers),
            ssl_context=self.ssl_context,
            proxy=self.proxy,
            timeouts=self.timeouts,
            limits=self.limits,
        )

    async def _headers(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"User-Agent": f"deepgram-anyio/{__version__}", **self.headers, **(extra or {})}
        authorization = await self.credentials.authorization()
        if authorization is not None:
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            headers["Authorization"] = authorization
        return headers
