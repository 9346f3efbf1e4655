"""A client's settings: what was passed, what the environment says, and which hosts follow from that."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import ConfigError
from .protocol.policy import ReconnectPolicy
from .telemetry.settings import Telemetry
from .transport.credentials import Credentials, TokenSource
from .transport.hosts import is_loopback
from .transport.settings import Limits, RetryPolicy, Timeouts

if TYPE_CHECKING:
    import ssl

__all__ = ["REGIONS", "ClientConfig", "Hosts", "resolve_credentials", "resolve_hosts"]

REGIONS: Mapping[str, str] = {
    "global": "https://api.deepgram.com",
    "eu": "https://api.eu.deepgram.com",
    "au": "https://api.au.deepgram.com",
    "in": "https://api.in.deepgram.com",
}
"""API hosts by region. Outside the global one, the voice agent lives on the same host."""

_GLOBAL_AGENT = "https://agent.deepgram.com"
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


@dataclass(frozen=True, kw_only=True)
class ClientConfig:
    """Settings of a client.

    Attributes:
        api_key: Deepgram API key.
        access_token: short-lived token, or a function, sync or async, that gives one; asked for every connection.
        base_url: API host, with an optional path prefix; wins over `region`.
        agent_url: host of the voice agent, when it differs.
        region: one of `REGIONS`; ``global``.
        timeouts: deadlines and intervals.
        limits: bounds on memory and connections.
        retry: when REST calls are tried again.
        reconnect: when and how a broken socket is made anew.
        proxy: ``http://[user:password@]host[:port]``, or ``https``, or ``socks5`` (extra ``socks``), with user name and
            password percent-encoded; None asks the environment (``HTTPS_PROXY``, ``NO_PROXY``...), ``""`` means none.
        ssl_context: for private certificate authorities or client certificates, at the server and at an ``https``
            proxy; one that does not check certificates and host names is refused.
        headers: sent with every request, for gateways.
        allow_insecure: send credentials over plain ``http``/``ws`` to hosts other than this machine.
        telemetry: what OpenTelemetry is told, in programs that use it.
    """

    api_key: str | None = field(default=None, repr=False)
    access_token: TokenSource | None = field(default=None, repr=False)
    base_url: str | None = None
    agent_url: str | None = None
    region: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    reconnect: ReconnectPolicy = field(default_factory=ReconnectPolicy)
    proxy: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_insecure: bool = False
    telemetry: Telemetry = field(default_factory=Telemetry)


@dataclass(frozen=True)
class Hosts:
    """Base URLs, ``http`` or ``https``, without a trailing slash."""

    api: str
    agent: str


def resolve_hosts(config: ClientConfig, environ: Mapping[str, str] = os.environ) -> Hosts:
    """Return the hosts that a configuration names: `base_url`, else ``DEEPGRAM_HOST``, else the region's.

    Raises:
        ConfigError: an unknown region, or a URL that is none.
    """
    region = (config.region or "global").lower()
    if region not in REGIONS:
        raise ConfigError(f"unknown region {config.region!r}; known: {', '.join(REGIONS)}")
    custom = config.base_url or environ.get("DEEPGRAM_HOST")
    api = _base_url("base_url", custom) if custom else REGIONS[region]
    if config.agent_url:
        agent = _base_url("agent_url", config.agent_url)
    else:
        agent = _GLOBAL_AGENT if api == REGIONS["global"] else api
    return Hosts(api, agent)


def _base_url(name: str, value: str) -> str:
    text = value.strip() if "://" in value else f"https://{value.strip()}"
    # The standard library drops some control characters in silence; paths in other scripts fail where they are used.
    if _BLANK_OR_CONTROL.search(text) or not text.partition("://")[2].partition("/")[2].isascii():
        raise ConfigError(f"{name} must have no spaces and control characters, and a path that is percent-encoded")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{name} is not a URL") from error
    if parts.scheme.lower() not in _SCHEMES or not parts.hostname:
        raise ConfigError(f"{name} must be like https://host[:port][/prefix]")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{name} must not have credentials, a query or a fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port is None else f"{host}:{port}"
    return f"{_SCHEMES[parts.scheme.lower()]}://{netloc}{parts.path.rstrip('/')}"


def resolve_credentials(config: ClientConfig, hosts: Hosts, environ: Mapping[str, str] = os.environ) -> Credentials:
    """Return the first credential that is set: of the configuration, ``DEEPGRAM_ACCESS_TOKEN``, ``DEEPGRAM_API_KEY``.

    Raises:
        ConfigError: none is set and the host is Deepgram's, or one would go out in plain text.
    """
    if config.access_token is not None or config.api_key is not None:
        credentials = Credentials(api_key=config.api_key, access_token=config.access_token)
    elif environ.get("DEEPGRAM_ACCESS_TOKEN"):
        credentials = Credentials(access_token=environ["DEEPGRAM_ACCESS_TOKEN"])
    else:
        credentials = Credentials(api_key=environ.get("DEEPGRAM_API_KEY") or None)
    for url in (hosts.api, hosts.agent):
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not credentials and host.endswith(".deepgram.com"):
            raise ConfigError(
                "no credentials: pass api_key= or access_token=, or set DEEPGRAM_API_KEY; "
                "DeepgramClient.local() needs none"
            )
        if credentials and parts.scheme == "http" and not is_loopback(host) and not config.allow_insecure:
            raise ConfigError(
                f"refusing to send credentials to {host} without TLS; "
                "use https, or ClientConfig(allow_insecure=True) on a network that you trust"
            )
    return credentials
