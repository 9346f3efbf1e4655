"""URLs taken apart, strictly and without quoting them: they may hold credentials."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigError
from .hosts import is_loopback

__all__ = ["WebSocketUrl", "bracketed", "host_of", "port_of", "split_url"]

_SECURE = {"ws": False, "http": False, "wss": True, "https": True}


@dataclass(frozen=True, repr=False)
class WebSocketUrl:
    """A URL taken apart and found usable. Its `repr` and `address` show no path and no query.

    Attributes:
        secure: whether TLS is used.
        host: the host name in ASCII, lower case, or an IP address without brackets.
        port: the port, the scheme's own when the URL names none.
        target: path and query, as they stand in the request.
    """

    secure: bool
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, url: str) -> WebSocketUrl:
        """Take a URL apart.

        Args:
            url: ws, wss, http or https; without user name, password and fragment; host, path and query in ASCII.

        Raises:
            ConfigError: it is not such a URL.
        """
        parts = split_url(url, "URL")
        if parts.scheme not in _SECURE:
            raise ConfigError("the URL's scheme must be ws, wss, http or https")
        if "@" in parts.netloc:
            raise ConfigError("the URL must not have a user name or password; use headers")
        if "#" in url:
            raise ConfigError("a WebSocket URL has no fragment")
        if not (parts.path + parts.query).isascii():
            raise ConfigError("the URL's path and query must be percent-encoded")
        secure = _SECURE[parts.scheme]
        query = f"?{parts.query}" if parts.query else ""
        return cls(secure, host_of(parts), port_of(parts, 443 if secure else 80), (parts.path or "/") + query)

    @property
    def address(self) -> str:
        """Host and port, for messages and for a proxy."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def authority(self) -> str:
        """Host, and port when it is not the scheme's own: the Host header."""
        return bracketed(self.host) if self.port == (443 if self.secure else 80) else self.address

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, by its name or address alone."""
        return is_loopback(self.host)

    def __repr__(self) -> str:
        return f"<WebSocketUrl {'wss' if self.secure else 'ws'}://{self.address}>"


_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,254}}\Z){_LABEL}(\.{_LABEL})*\.?")
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def split_url(url: object, what: str) -> SplitResult:
    """Take any URL apart.

    Raises:
        ConfigError: it cannot be; nothing of it is quoted.
    """
    # The standard library drops control characters in silence, so they must be found first.
    if not isinstance(url, str) or _BLANK_OR_CONTROL.search(url):
        raise ConfigError(f"the {what} must be a str without spaces and control characters")
    try:
        return urlsplit(url)
    except ValueError:
        raise ConfigError(f"the {what} cannot be read") from None


def host_of(parts: SplitResult) -> str:
    """Return a URL's host, without brackets.

    Raises:
        ConfigError: it has none, or none that is valid.
    """
    host = parts.hostname or ""
    if ":" in host:
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError:
            raise ConfigError("the URL's IPv6 address cannot be read") from None
        if address.scope_id is None:
            return address.compressed
    # Libraries disagree about how names in other scripts become ASCII; who writes the URL knows.
    if not _HOST.fullmatch(host):
        raise ConfigError("the URL has no valid host; it must be in ASCII (punycode)")
    return host


def port_of(parts: SplitResult, default: int) -> int:
    """Return a URL's port.

    Raises:
        ConfigError: it is none.
    """
    try:
        port = default if parts.port is None else parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ConfigError("the URL's port must be 1 to 65535")
    return port


def bracketed(host: str) -> str:
    """Return a host as it stands before a port."""
    return f"[{host}]" if ":" in host else host
