"""Requests to addresses that a client names: recordings and texts to fetch, callbacks to deliver.

A client must not reach through the server what it cannot reach itself. So a name is looked up once, every address that
it has is judged, and the connection goes to an address that was judged: a name that changes its mind meanwhile
("DNS rebinding") gains nothing. Redirects are followed by hand, each judged like the first address.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio
import httpx

from ...errors import ConfigError
from ...protocol.rest.urls import check_url
from ...transport.tls import usable_context
from ..answers import Refusal
from ..settings import ServerSettings

__all__ = ["Outbound", "RemoteError", "fetch", "fetch_bytes", "is_public"]

_MAX_REDIRECTS: Final = 5

_FETCH_S: Final = 600.0
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RemoteError(Exception):
    """The other server cannot, or must not, be reached, or answered otherwise than it should have."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet, with whatever IPv4 address it may stand for."""
    ip = ipaddress.ip_address(address)
    return all(_is_public(part) for part in (ip, *_embedded(ip)))


def _is_public(ip: _Address) -> bool:
    if not ip.is_global or ip.is_multicast:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not ip.is_reserved
    return ip in _NAT64 or not (ip.is_reserved or ip.is_site_local)


def _embedded(ip: _Address) -> list[_Address]:
    if not isinstance(ip, ipaddress.IPv6Address):
        return []
    found: list[_Address | None] = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64:
        found.append(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
    return [part for part in found if part is not None]


class Outbound:
    """Makes requests to servers that clients name."""

    def __init__(self, *, allow_private: bool = False, ssl_context: ssl.SSLContext | None = None) -> None:
        """
        Args:
            allow_private: addresses of this machine and its network may be reached.
            ssl_context: for TLS; None for the usual authorities.
        """
        self._allow_private = allow_private
        self._ssl_context = ssl_context

    async def check(self, url: str) -> None:
        """Raise `RemoteError` for a URL that `request` would not take."""
        await self._addresses(_parsed(url))

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Make one request; redirects are answers like any other.

        Args:
            method: of HTTP.
            url: absolute, ``http`` or ``https``.
            headers: to send.
            content: to send.

        Raises:
            RemoteError: the URL cannot be used, its host has an address that must not be reached, or the exchange
                failed.

        Cancellation closes the connection.
        """
        target = _parsed(url)
        addresses = await self._addresses(target)
        verify = usable_context(self._ssl_context)
        # No pool: connections are told apart by address, and one address can have many names and certificates.
        async with httpx.AsyncClient(verify=verify, trust_env=False, timeout=_TIMEOUT) as client:
            try:
                response = await self._send_to_first(client, addresses, method, target, headers or {}, content)
            except httpx.HTTPError as error:
                raise RemoteError(f"could not reach {target.host}: {type(error).__name__}") from error
            try:
                yield response
            except httpx.HTTPError as error:
                raise RemoteError(f"the answer of {target.host} broke off: {type(error).__name__}") from error
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()

    async def _addresses(self, target: httpx.URL) -> list[str]:
        port = target.port or (443 if target.scheme == "https" else 80)
        try:
            found = await anyio.getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise RemoteError(f"no such host: {target.host}") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self._allow_private and not all(map(is_public, addresses)):
            # It is not said where the name leads: that, too, is for those inside to know.
            raise RemoteError(f"{target.host} is not a public address")
        return addresses

    async def _send_to_first(
        self,
        client: httpx.AsyncClient,
        addresses: list[str],
        method: str,
        target: httpx.URL,
        headers: Mapping[str, str],
        content: bytes | None,
    ) -> httpx.Response:
        for index, address in enumerate(addresses):
            request = client.build_request(
                method,
                target.copy_with(host=address),
                headers={**headers, "host": target.netloc.decode("ascii")},
                content=content,
                extensions={"sni_hostname": target.raw_host.decode("ascii")},
            )
            try:
                return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if index + 1 == len(addresses):
                    raise
        raise RemoteError(f"no such host: {target.host}")


@asynccontextmanager
async def fetch(
    settings: ServerSettings, url: str, *, outbound: Outbound | None = None
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Fetch what a URL of a client leads to.

    Args:
        settings: whether addresses of this machine and its network may be reached.
        url: of the client.
        outbound: makes the requests; None for one that obeys the settings.

    Yields:
        The content, piece by piece.

    Raises:
        Refusal: 400 with ``REMOTE_CONTENT_ERROR``; also while the content comes.

    Cancellation closes the connection.
    """
    outbound = outbound or Outbound(allow_private=settings.allow_private_urls)
    try:
        with anyio.fail_after(_FETCH_S):
            async with _answer(outbound, url) as response, _chunks(response) as chunks:
                yield chunks
    except TimeoutError as error:
        raise Refusal(400, "REMOTE_CONTENT_ERROR", "The remote server took too long.") from error
    except RemoteError as error:
        raise Refusal(400, "REMOTE_CONTENT_ERROR", f"Could not fetch the URL: {error}.") from error


async def fetch_bytes(settings: ServerSettings, url: str, *, max_bytes: int, outbound: Outbound | None = None) -> bytes:
    """Fetch what a URL of a client leads to, whole; arguments and errors as those of `fetch`.

    Args:
        max_bytes: the most that is taken.

    Raises:
        Refusal: also 413 with ``PAYLOAD_TOO_LARGE``.
    """
    content = bytearray()
    async with fetch(settings, url, outbound=outbound) as chunks:
        async for chunk in chunks:
            content += chunk
            if len(content) > max_bytes:
                raise Refusal(413, "PAYLOAD_TOO_LARGE", f"The remote content is larger than {max_bytes} bytes.")
    return bytes(content)


@asynccontextmanager
async def _answer(outbound: Outbound, url: str) -> AsyncIterator[httpx.Response]:
    """Go after redirects until there is an answer of status 200."""
    for _ in range(_MAX_REDIRECTS + 1):
        # Compressed, a small answer could be a large one.
        async with outbound.request("GET", url, headers={"accept-encoding": "identity"}) as response:
            location = response.headers.get("location")
            if response.status_code in _REDIRECTS and location:
                url = _joined(url, location)
                continue
            if response.status_code != 200:
                raise RemoteError(f"the remote server answered {response.status_code} {response.reason_phrase}".strip())
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise RemoteError("the remote server sent compressed content")
            yield response
            return
    raise RemoteError("too many redirects")


@asynccontextmanager
async def _chunks(response: httpx.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    chunks = response.aiter_raw()
    try:
        yield chunks
    finally:
        with anyio.CancelScope(shield=True):
            await response.aclose()
            # Below are async generators of httpx and httpcore, and trio complains of those that the garbage collector
            # finds. On a closed connection they come to their end at once.
            with suppress(httpx.HTTPError, httpx.StreamError):
                async for _ in chunks:
                    pass


def _parsed(url: str) -> httpx.URL:
    try:
        check_url("the URL", url)
        return httpx.URL(url)
    except (ConfigError, httpx.InvalidURL) as error:
        raise RemoteError(str(error)) from error


def _joined(url: str, location: str) -> str:
    try:
        return str(httpx.URL(url).join(location))
    except httpx.InvalidURL as error:
        raise RemoteError("the remote server redirected to what is no URL") from error
