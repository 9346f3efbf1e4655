"""Which proxy is on the way to a host: the one that was asked for, or the environment's. REST and sockets ask here."""

from __future__ import annotations

import ipaddress
import re
import urllib.request
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from ..errors import ConfigError
from .urls import WebSocketUrl, bracketed, host_of, port_of, split_url

__all__ = ["Proxy", "find_proxy"]

_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, repr=False)
class Proxy:
    """A proxy. Its `repr` and `address` show no credentials.

    Attributes:
        scheme: ``http``, ``https`` (TLS up to the proxy), or ``socks5``.
        host: the host name, or an IP address without brackets.
        port: the port.
        credentials: user name and password; None for none.
    """

    scheme: str
    host: str
    port: int
    credentials: tuple[bytes, bytes] | None

    @classmethod
    def parse(cls, url: str, what: str = "proxy URL") -> Proxy:
        """Take a proxy's URL apart; user name and password are percent-decoded.

        Raises:
            ConfigError: it is not the URL of a proxy, or of one that needs an extra which is not installed. It is not
                quoted.
        """
        parts = split_url(url if "://" in url else f"http://{url}", what)
        if parts.scheme not in _DEFAULT_PORTS:
            known = ", ".join(_DEFAULT_PORTS)
            raise ConfigError(
                f'the {what}\'s scheme must be one of {known}; ClientConfig(proxy="") goes without a proxy'
            )
        # Either way the proxy looks up the host's name, as with httpx.
        scheme = "socks5" if parts.scheme == "socks5h" else parts.scheme
        if scheme == "socks5":
            _require_socks(what)
        return cls(scheme, host_of(parts), port_of(parts, _DEFAULT_PORTS[scheme]), _credentials(parts, scheme, what))

    @property
    def secure(self) -> bool:
        """Whether the connection to the proxy itself uses TLS."""
        return self.scheme == "https"

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS5, and not HTTP."""
        return self.scheme == "socks5"

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def authorization(self) -> str | None:
        """The value of ``Proxy-Authorization``; None for none."""
        return None if self.credentials is None else f"Basic {b64encode(b':'.join(self.credentials)).decode()}"

    def __repr__(self) -> str:
        return f"<Proxy {self.scheme}://{self.address}>"


def _require_socks(what: str) -> None:
    try:
        import socksio  # noqa: F401
    except ImportError:
        raise ConfigError(
            f"the {what} asks for SOCKS, which needs the extra socks: pip install 'deepgram-anyio[socks]'"
        ) from None


def _credentials(parts: SplitResult, scheme: str, what: str) -> tuple[bytes, bytes] | None:
    if parts.username is None:
        return None
    try:
        user, password = unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or "")
    except UnicodeEncodeError:
        raise ConfigError(f"the {what}'s user name or password is not Unicode") from None
    if scheme != "socks5" and b":" in user:
        raise ConfigError(f"the {what}'s user name must not have a colon (RFC 7617)")
    if scheme == "socks5" and not (0 < len(user) < 256 and 0 < len(password) < 256):
        raise ConfigError(f"the {what} needs a user name and a password of 1 to 255 bytes each (RFC 1929)")
    return user, password


def find_proxy(target: WebSocketUrl, proxy: str | None) -> Proxy | None:
    """Return the proxy on the way to a target; None for none.

    Args:
        target: where to.
        proxy: the proxy's URL; "" for none; None for what the environment says, which never applies to loopback hosts.

    Raises:
        ConfigError: its URL cannot be used.
    """
    if proxy is not None:
        return Proxy.parse(proxy) if proxy else None
    found = _proxy_of_environment(target)
    return None if found is None else Proxy.parse(found, "proxy URL of the environment")


def _proxy_of_environment(target: WebSocketUrl) -> str | None:
    if target.is_loopback:
        return None
    proxies = urllib.request.getproxies()  # or the system's settings, on Windows and macOS
    found = proxies.get("https" if target.secure else "http") or proxies.get("all")
    if not found or any(_excepts(entry, target) for entry in re.split(r"[,\s]+", proxies.get("no", ""))):
        return None
    if not urllib.request.getproxies_environment() and urllib.request.proxy_bypass(target.address):
        return None  # the system's settings have exceptions of their own
    return found


def _excepts(entry: str, target: WebSocketUrl) -> bool:
    """Whether an entry of NO_PROXY is about a target: the rules of httpx, and networks besides."""
    scheme, separator, host = entry.lower().rpartition("://")
    if separator and scheme not in ("all", "https" if target.secure else "http"):
        return False
    host = host.strip("/") if separator else host
    if not host or host == "*":
        return host == "*"
    address = _address(target.host)
    if (network := _network(host)) is not None:
        return address is not None and address in network
    try:
        host, port = _host_and_port(host)
    except ValueError:
        return False  # not an address that any host could have
    if port not in (None, target.port):
        return False
    if address is not None:
        return _address(host) == address
    name = target.host.rstrip(".")
    host = host.removeprefix("*").rstrip(".")
    return name.endswith(host if host.startswith(".") else f".{host}") or name == host


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A network, or a single address without a port."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _host_and_port(text: str) -> tuple[str, int | None]:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "", parts.port
