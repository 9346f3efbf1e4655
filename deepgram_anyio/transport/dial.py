"""From a URL to a connected byte stream: TCP, a proxy on the way, and TLS. REST's connections are made here, too."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream

from ..errors import ConnectError, api_error
from .direct import line_below_tls
from .handshake import Exchange
from .mapping import mapped
from .proxies import Proxy, find_proxy
from .tls import secured, usable_context
from .urls import WebSocketUrl, bracketed

__all__ = [
    "close_at_once",
    "closed_on_failure",
    "dial",
    "reach",
    "reach_proxy",
    "receive_head",
    "receive_more",
    "refused_by_proxy",
    "way",
]


async def dial(
    url: WebSocketUrl | str, *, ssl_context: ssl.SSLContext | None = None, proxy: str | None = None
) -> ByteStream:
    """Connect to the host of a URL: TCP (all its addresses, the fastest wins), and TLS when the URL asks for it.

    Args:
        url: where to.
        ssl_context: TLS settings to use as they are, also with a proxy behind ``https``; they must check certificates
            and host names. The default trusts what the system trusts, or what the environment's ``SSL_CERT_FILE`` and
            ``SSL_CERT_DIR`` name.
        proxy: ``http://[user:password@]host[:port]`` of a CONNECT proxy, or ``https``, or ``socks5``; "" for none; None
            for what the environment says (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY), which never applies to
            loopback hosts.

    Returns:
        The stream, which does not mind when the peer ends TLS without saying so.

    Raises:
        ConfigError: an argument cannot work; nothing was tried.
        ConnectError: the host, or the proxy, was not found, did not answer, refused, or is not trusted.

    Cancelled, it leaves no socket behind. There is no deadline in here.
    """
    target = WebSocketUrl.parse(url) if isinstance(url, str) else url
    via = find_proxy(target, proxy)
    context = usable_context(ssl_context) if target.secure or (via is not None and via.secure) else None
    stream = await reach(target.host, target.port, via, context)
    if not target.secure:
        return stream
    assert context is not None
    async with closed_on_failure(stream):
        with mapped(f"connect to {way(target.host, target.port, via)}", connecting=True):
            return await secured(line_below_tls(stream), target.host, context)


async def reach(host: str, port: int, via: Proxy | None, context: ssl.SSLContext | None) -> ByteStream:
    """Connect to a host, without TLS to it.

    Args:
        host: the host name, or an IP address without brackets.
        port: the port.
        via: the proxy on the way; None for none.
        context: for TLS to the proxy, if it wants that.

    Raises:
        ConnectError: as `dial`.
    """
    if via is None:
        with mapped(f"connect to {way(host, port, via)}", connecting=True):
            return await anyio.connect_tcp(host, port)
    stream = await reach_proxy(via, context)
    async with closed_on_failure(stream):
        with mapped(f"connect to {way(host, port, via)}", connecting=True):
            if via.is_socks:
                from .socks import ask_socks

                await ask_socks(stream, host, port, via)
            else:
                await _ask_for_tunnel(stream, host, port, via)
    return stream


async def reach_proxy(via: Proxy, context: ssl.SSLContext | None) -> ByteStream:
    """Connect to a proxy, with TLS if it wants that. See `reach`."""
    with mapped(f"connect to the proxy {via.address}", connecting=True):
        stream = await anyio.connect_tcp(via.host, via.port)
        if not via.secure:
            return stream
        assert context is not None
        async with closed_on_failure(stream):
            return await secured(stream, via.host, context)


def way(host: str, port: int, via: Proxy | None) -> str:
    """Say where to, and through which proxy: for messages."""
    address = f"{bracketed(host)}:{port}"
    return address if via is None else f"{address} through the proxy {via.address}"


async def receive_head(stream: ByteStream, exchange: Exchange) -> None:
    """Send an exchange's request, and read until the head of the answer has come."""
    # Who refuses before the request may close without having read it; what is left to read tells why.
    with suppress(anyio.BrokenResourceError):
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


async def _ask_for_tunnel(stream: ByteStream, host: str, port: int, via: Proxy) -> None:
    address = f"{bracketed(host)}:{port}"
    headers = [("Host", address)]
    if via.authorization is not None:
        headers.append(("Proxy-Authorization", via.authorization))
    exchange = Exchange("CONNECT", address, headers)
    try:
        await receive_head(stream, exchange)
    except ConnectError as error:
        raise ConnectError(f"could not connect to {way(host, port, via)}: {error}") from error.__cause__
    assert exchange.status is not None
    if not 200 <= exchange.status < 300:
        raise refused_by_proxy(via, exchange.status)
    if exchange.trailing:
        raise ConnectError(f"the proxy {via.address} sent data before anyone asked")


def refused_by_proxy(via: Proxy, status: int) -> ConnectError:
    """Make the error of a proxy's own refusal; its cause tells the status, and nothing that the proxy wrote."""
    text = f"the proxy {via.address} answered HTTP {status}"
    if status == 407:
        text += (
            "; it refused the user name or password" if via.credentials else "; it asks for a user name and password"
        )
    error = ConnectError(text)
    error.__cause__ = api_error(status, "refused by the proxy")
    return error
