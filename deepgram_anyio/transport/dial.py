"""From a URL to a connected byte stream: TCP, TLS, and a CONNECT proxy on the way."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote, urlsplit

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

from ..errors import ConfigError, ConnectError
from .handshake import Exchange
from .hosts import is_loopback
from .mapping import mapped

__all__ = [
    "Proxy",
    "WebSocketUrl",
    "close_at_once",
    "closed_on_failure",
    "dial",
    "find_proxy",
    "receive_head",
    "receive_more",
    "usable_context",
]

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
        parts = _split(url, "URL")
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
        return cls(secure, _host(parts), _port(parts, 443 if secure else 80), (parts.path or "/") + query)

    @property
    def address(self) -> str:
        """Host and port, for messages and for a proxy."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def authority(self) -> str:
        """Host, and port when it is not the scheme's own: the Host header."""
        return _bracketed(self.host) if self.port == (443 if self.secure else 80) else self.address

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, by its name or address alone."""
        return is_loopback(self.host)

    def __repr__(self) -> str:
        return f"<WebSocketUrl {'wss' if self.secure else 'ws'}://{self.address}>"


async def dial(
    url: WebSocketUrl | str, *, ssl_context: ssl.SSLContext | None = None, proxy: str | None = None
) -> ByteStream:
    """Connect to the host of a URL: TCP (all its addresses, the fastest wins), and TLS when the URL asks for it.

    Args:
        url: where to.
        ssl_context: TLS settings to use as they are; it must check certificates and host names. The default trusts what
            the system trusts, or the file that the environment's SSL_CERT_FILE names.
        proxy: ``http://[user:password@]host[:port]`` of a CONNECT proxy; "" for none; None for what the environment
            says (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY), which never applies to loopback hosts.

    Returns:
        The stream, which does not mind when the peer ends TLS without saying so.

    Raises:
        ConfigError: an argument cannot work; nothing was tried.
        ConnectError: the host, or the proxy, was not found, did not answer, refused, or is not trusted.

    Cancelled, it leaves no socket behind. There is no deadline in here.
    """
    target = WebSocketUrl.parse(url) if isinstance(url, str) else url
    context = usable_context(ssl_context) if target.secure else None
    via = find_proxy(target, proxy)
    if via is None:
        with mapped(f"connect to {target.address}", connecting=True):
            return await _secured(await anyio.connect_tcp(target.host, target.port), target.host, context)
    with mapped(f"connect to the proxy {via.address}", connecting=True):
        stream = await anyio.connect_tcp(via.host, via.port)
    with mapped(f"connect to {target.address} through the proxy {via.address}", connecting=True):
        return await _secured(await _tunnelled(stream, target, via), target.host, context)


async def receive_head(stream: ByteStream, exchange: Exchange) -> None:
    """Send an exchange's request, and read until the head of the answer has come."""
    await stream.send(exchange.request)
    while exchange.status is None:
        await receive_more(stream, exchange)


async def receive_more(stream: ByteStream, exchange: Exchange) -> None:
    """Do one network read for an exchange."""
    try:
        data = await stream.receive()
    except anyio.EndOfStream:
        data = b""
    exchange.receive(data)


async def close_at_once(stream: ByteStream) -> None:
    """Close the socket below a stream without waiting for the peer, also in a cancelled scope."""
    with anyio.CancelScope(shield=True):
        await anyio.aclose_forcefully(stream)
        # The event loop closes the file descriptor one step later.
        await anyio.lowlevel.cancel_shielded_checkpoint()


@asynccontextmanager
async def closed_on_failure(stream: ByteStream) -> AsyncIterator[None]:
    """Close a stream at once when the body fails or is cancelled."""
    try:
        yield
    except BaseException:
        await close_at_once(stream)
        raise


async def _secured(stream: ByteStream, host: str, context: ssl.SSLContext | None) -> ByteStream:
    if context is None:
        return stream
    async with closed_on_failure(stream):
        tls = await TLSStream.wrap(
            stream, server_side=False, hostname=host, ssl_context=context, standard_compatible=False
        )
        protocol = tls.extra(TLSAttribute.alpn_protocol)  # noqa: S610 - anyio's typed attributes, not Django
        if protocol not in (None, "http/1.1"):
            raise ConnectError(f"{host} chose {protocol}, and WebSocket needs HTTP/1.1: check the ssl_context's ALPN")
    return tls


def usable_context(context: ssl.SSLContext | None) -> ssl.SSLContext:
    """Return TLS settings to use: those given, or the default ones, see `dial`.

    Raises:
        ConfigError: they do not check certificates and host names.
    """
    if context is None:
        return _default_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    if not isinstance(context, ssl.SSLContext):
        raise ConfigError(f"ssl_context must be an ssl.SSLContext, not {type(context).__name__}")
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigError("the ssl_context must check certificates and host names")
    return context


@lru_cache(maxsize=4)
def _default_context(cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:
    # OpenSSL reads the two variables by itself; they are arguments so that a change of them is noticed.
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(frozen=True, repr=False)
class Proxy:
    """A CONNECT proxy.

    Attributes:
        host: the host name, or an IP address without brackets.
        port: the port.
        credentials: ``user:password``; None for none.
    """

    host: str
    port: int
    credentials: str | None

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Take a proxy's URL apart.

        Raises:
            ConfigError: it is not the URL of an HTTP proxy.
        """
        parts = _split(url if "://" in url else f"http://{url}", "proxy URL")
        if parts.scheme != "http":
            raise ConfigError('the proxy URL\'s scheme must be http; proxy="" goes without a proxy')
        credentials = None
        if parts.username is not None:
            credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            if not _is_unicode(credentials):
                raise ConfigError("the proxy URL's user name or password is not Unicode")
        return cls(_host(parts), _port(parts, 80), credentials)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def url(self) -> str:
        """Its URL, with the credentials: for libraries, not for people."""
        credentials = ""
        if self.credentials is not None:
            user, _, password = self.credentials.partition(":")
            credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@"
        return f"http://{credentials}{self.address}"

    def __repr__(self) -> str:
        return f"<Proxy {self.address}>"

    def request(self, target: WebSocketUrl) -> Exchange:
        """Return the request for a tunnel."""
        headers = [("Host", target.address)]
        if self.credentials is not None:
            headers.append(("Proxy-Authorization", f"Basic {b64encode(self.credentials.encode()).decode()}"))
        return Exchange("CONNECT", target.address, headers)


def find_proxy(target: WebSocketUrl, proxy: str | None) -> Proxy | None:
    """Return the proxy on the way to a target: the one given, or the environment's, see `dial`; None for none.

    Raises:
        ConfigError: its URL cannot be used.
    """
    if proxy is None:
        proxy = _proxy_of_environment(target)
    return Proxy.parse(proxy) if proxy else None


def _proxy_of_environment(target: WebSocketUrl) -> str | None:
    if target.is_loopback:
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get("https" if target.secure else "http") or proxies.get("all")
    return None if proxy is None or urllib.request.proxy_bypass(target.address) else proxy


async def _tunnelled(stream: ByteStream, target: WebSocketUrl, proxy: Proxy) -> ByteStream:
    exchange = proxy.request(target)
    async with closed_on_failure(stream):
        await receive_head(stream, exchange)
        if exchange.status is None or not 200 <= exchange.status < 300:
            raise ConnectError(f"the proxy {proxy.address} answered HTTP {exchange.status} to a CONNECT")
        if exchange.trailing:
            raise ConnectError(f"the proxy {proxy.address} sent data before anyone asked")
    return stream


_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,254}}\Z){_LABEL}(\.{_LABEL})*\.?")
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def _split(url: object, what: str) -> SplitResult:
    # The standard library drops control characters in silence, so they must be found first. Nothing of the URL is
    # quoted: it may hold credentials.
    if not isinstance(url, str) or _BLANK_OR_CONTROL.search(url):
        raise ConfigError(f"the {what} must be a str without spaces and control characters")
    try:
        return urlsplit(url)
    except ValueError:
        raise ConfigError(f"the {what} cannot be read") from None


def _host(parts: SplitResult) -> str:
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


def _port(parts: SplitResult, default: int) -> int:
    try:
        port = default if parts.port is None else parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ConfigError("the URL's port must be 1 to 65535")
    return port


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
