"""What ``doctor`` looks at on the way to the server: key, proxy, name, TCP, TLS, clock, WebSocket."""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import anyio
import anyio.abc
import httpx

from .. import (
    AuthenticationError,
    DeepgramClient,
    DeepgramError,
    NotFoundError,
    PermissionDeniedError,
)
from .checks import Check
from .failures import CommandError
from .running import read_key
from .settings import Settings

__all__ = ["Target", "check_credentials", "check_key", "check_network", "check_websocket"]

_PATIENCE_S = 10.0
_EXPIRES_SOON_DAYS = 14
_MOST_SKEW_S = 60
_NO_FIREWALL = "check that a firewall lets you reach the host, or set HTTPS_PROXY"


class Target(NamedTuple):
    """Where the API is.

    Attributes:
        url: base URL.
        host: of the URL.
        port: of the URL, or the usual one.
        secure: TLS.
    """

    url: str
    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: str) -> Target:
        """Take a URL apart."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        return cls(url, parts.hostname or "", parts.port or (443 if secure else 80), secure)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


def check_credentials(settings: Settings, target: Target) -> Check:
    """Look where the key comes from, and whether there is one."""
    name = "Key"
    try:
        if read_key(settings) is not None:
            return Check(name, "ok", f"in {settings.api_key_file}")
    except (CommandError, OSError) as error:
        return Check(
            name, "failed", f"{settings.api_key_file}: {_reason(error)}", "put the key there, and nothing else"
        )
    for variable in ("DEEPGRAM_ACCESS_TOKEN", "DEEPGRAM_API_KEY"):
        if os.environ.get(variable):
            return Check(name, "ok", f"in ${variable}")
    if not target.host.endswith(".deepgram.com"):
        return Check(name, "warning", "there is none", "fine, if your own server asks for none")
    return Check(name, "failed", "there is none", "set DEEPGRAM_API_KEY; console.deepgram.com has keys")


async def check_network(target: Target, report: Callable[[Check], None]) -> bool:
    """Look at everything below the API, in the order in which a connection is made.

    Args:
        target: where the API is.
        report: is given each check as it is done.

    Returns:
        Whether the server can be reached: the first failure ends the checks.
    """
    proxy = _proxy(target)
    report(Check("Proxy", "ok", proxy.address if proxy is not None else "none"))
    nearest = target if proxy is None else proxy
    try:
        with anyio.fail_after(_PATIENCE_S):
            found = await anyio.getaddrinfo(nearest.host, nearest.port)
    except OSError as error:
        advice = "check the host's name and this machine's DNS"
        report(Check("Name", "failed", f"{nearest.host}: {_reason(error)}", advice))
        return False
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    report(Check("Name", "ok", f"{nearest.host} is {', '.join(map(str, addresses[:3]))}"))
    began = anyio.current_time()
    try:
        with anyio.fail_after(_PATIENCE_S):
            stream = await anyio.connect_tcp(nearest.host, nearest.port)
    except OSError as error:
        report(Check("TCP", "failed", f"{nearest.address}: {_reason(error)}", _NO_FIREWALL))
        return False
    report(Check("TCP", "ok", f"{nearest.address} in {(anyio.current_time() - began) * 1000:.0f} ms"))
    async with stream:
        if proxy is None and target.secure:
            report(tls := await _check_tls(stream, target))
            if tls.status == "failed":
                return False
    report(answer := await _check_clock(target))
    return answer.status != "failed"


async def check_key(dg: DeepgramClient) -> Check:
    """Ask the server what it thinks of the key."""
    name = "Accepted"
    try:
        details = await dg.auth.v1.token_details(max_retries=0, timeout=_PATIENCE_S)
    except AuthenticationError as error:
        return Check(name, "failed", str(error), "make another key in the console, or check this one")
    except (PermissionDeniedError, NotFoundError) as error:
        return Check(name, "warning", f"the server does not tell: {error}")
    except DeepgramError as error:
        return Check(name, "failed", str(error), "look at the failures above")
    scopes = f"; scopes: {', '.join(details.scopes)}" if details.scopes else ""
    return Check(name, "ok", f"yes{scopes}")


async def check_websocket(dg: DeepgramClient) -> Check:
    """Open a stream, and close it without a word."""
    name = "WebSocket"
    began = anyio.current_time()
    try:
        with anyio.fail_after(_PATIENCE_S):
            async with dg.listen.v1.connect(encoding="linear16", sample_rate=16000) as connection:
                took_ms = (anyio.current_time() - began) * 1000
                await connection.close_stream()
    except AuthenticationError as error:
        return Check(name, "failed", str(error), "the key is refused")
    except DeepgramError as error:
        return Check(name, "failed", str(error), "check that proxies and firewalls let WebSockets through")
    except TimeoutError:
        return Check(name, "failed", f"nothing within {_PATIENCE_S:g} s", _NO_FIREWALL)
    return Check(name, "ok", f"opened in {took_ms:.0f} ms")


async def _check_tls(stream: anyio.abc.ByteStream, target: Target) -> Check:
    from anyio.streams.tls import TLSAttribute, TLSStream

    try:
        with anyio.fail_after(_PATIENCE_S):
            tls = await TLSStream.wrap(stream, hostname=target.host, standard_compatible=False)
    except ssl.SSLCertVerificationError as error:
        advice = "check the clock, and whether something between here and there replaces certificates"
        return Check("TLS", "failed", f"the certificate is not trusted: {error.verify_message}", advice)
    except (ssl.SSLError, OSError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
        return Check("TLS", "failed", _reason(error), "check whether something in between speaks no TLS")
    # Of a connection with a certificate that was checked, the dictionary is full.
    certificate: Any = tls.extra(TLSAttribute.peer_certificate)  # noqa: S610 - anyio's, not Django's
    version = tls.extra(TLSAttribute.tls_version)  # noqa: S610 - likewise
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), timezone.utc)
    days = (until - datetime.now(timezone.utc)).days
    message = f"{version}, issued by {_issuer(certificate)}, until {until:%Y-%m-%d}"
    if days < _EXPIRES_SOON_DAYS:
        return Check("TLS", "warning", f"{message}: {days} days left", "tell who runs the server")
    return Check("TLS", "ok", message)


async def _check_clock(target: Target) -> Check:
    try:
        verify = ssl.create_default_context()  # httpx's own trusts another list of authorities
        async with httpx.AsyncClient(timeout=_PATIENCE_S, trust_env=not _is_loopback(target), verify=verify) as http:
            answer = await http.get(f"{target.url}/v1/models")
    except httpx.HTTPError as error:
        return Check("HTTP", "failed", _reason(error), _NO_FIREWALL)
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return Check("Clock", "warning", "the server does not tell the time")
    skew_s = (datetime.now(timezone.utc) - theirs).total_seconds()
    if abs(skew_s) > _MOST_SKEW_S:
        side = "ahead of" if skew_s > 0 else "behind"
        return Check("Clock", "warning", f"{abs(skew_s):.0f} s {side} the server's", "set this machine's clock")
    return Check("Clock", "ok", "agrees with the server's")


def _proxy(target: Target) -> Target | None:
    """The proxy that the environment names for a host."""
    if _is_loopback(target) or urllib.request.proxy_bypass(target.host):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get("https" if target.secure else "http") or proxies.get("all")
    return None if not found else Target.of(found if "://" in found else f"http://{found}")


def _is_loopback(target: Target) -> bool:
    return target.host == "localhost" or target.host.startswith("127.") or target.host == "::1"


def _issuer(certificate: Any) -> str:
    parts = dict(pair for group in certificate.get("issuer", ()) for pair in group)
    return str(parts.get("organizationName") or parts.get("commonName") or "an unknown authority")


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_PATIENCE_S:g} s"
    while isinstance(error.__cause__, OSError):  # of anyio's "All connection attempts failed"
        error = error.__cause__
    if isinstance(error, ConnectionError) and error.errno:  # asyncio's own text repeats the address
        return os.strerror(error.errno)
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
