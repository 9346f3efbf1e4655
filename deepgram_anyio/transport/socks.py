"""SOCKS5 (RFC 1928, RFC 1929): asking a proxy for a connection."""

from __future__ import annotations

import errno

from anyio.abc import ByteStream

from ..errors import ConnectError
from .proxies import Proxy

__all__ = ["ask_socks"]


async def ask_socks(stream: ByteStream, host: str, port: int, proxy: Proxy) -> None:
    """Have a proxy connect a stream to a host, whose name the proxy looks up.

    Args:
        stream: a connection to the proxy; the caller closes it when this fails.
        host: the host name, or an IP address without brackets.
        port: the port.
        proxy: its name for messages, and the credentials.

    Raises:
        ConnectError: the proxy refused, could not connect, or does not speak SOCKS5. The cause is a `PermissionError`
            when it is of no use to try again.
    """
    from socksio import SOCKSError, socks5

    request = socks5.SOCKS5CommandRequest.from_address(socks5.SOCKS5Command.CONNECT, (host, port))
    try:
        await _authenticate(stream, proxy)
        await stream.send(request.dumps())
        reply = socks5.SOCKS5Reply.loads(await _reply(stream))
    except SOCKSError:
        raise ConnectError(f"the proxy {proxy.address} does not speak SOCKS5") from None
    if reply.reply_code is not socks5.SOCKS5ReplyCode.SUCCEEDED:
        if reply.reply_code is socks5.SOCKS5ReplyCode.CONNECTION_NOT_ALLOWED_BY_RULESET:
            raise _no_entry(proxy, "does not allow this connection")
        reason = reply.reply_code.name.replace("_", " ").lower()
        raise ConnectError(f"the proxy {proxy.address} could not connect: {reason}")


async def _authenticate(stream: ByteStream, proxy: Proxy) -> None:
    from socksio import socks5

    offered = [socks5.SOCKS5AuthMethod.NO_AUTH_REQUIRED]
    if proxy.credentials is not None:
        offered.append(socks5.SOCKS5AuthMethod.USERNAME_PASSWORD)
    await stream.send(socks5.SOCKS5AuthMethodsRequest(offered).dumps())
    method = socks5.SOCKS5AuthReply.loads(await _exactly(stream, 2)).method
    if method not in offered:
        what = "wants another way to log in" if proxy.credentials else "asks for a user name and password"
        raise _no_entry(proxy, what)
    if method is socks5.SOCKS5AuthMethod.USERNAME_PASSWORD:
        assert proxy.credentials is not None
        await stream.send(socks5.SOCKS5UsernamePasswordRequest(*proxy.credentials).dumps())
        if not socks5.SOCKS5UsernamePasswordReply.loads(await _exactly(stream, 2)).success:
            raise _no_entry(proxy, "refused the user name or password")


def _no_entry(proxy: Proxy, what: str) -> ConnectError:
    error = ConnectError(f"the proxy {proxy.address} {what}")
    error.__cause__ = PermissionError(errno.EACCES, what)
    return error


async def _reply(stream: ByteStream) -> bytes:
    """Read the answer to a request, and not one byte of what the host says after it."""
    head = await _exactly(stream, 4)
    if head[1]:  # a refusal ends the connection, and some proxies leave out its address
        return head[:3] + b"\x01" + bytes(6)
    lengths = {1: 4, 3: 0, 4: 16}
    if head[3] == 3:
        name = await _exactly(stream, 1)
        head, lengths[3] = head + name, name[0]
    return head + await _exactly(stream, lengths.get(head[3], 0) + 2)


async def _exactly(stream: ByteStream, size_bytes: int) -> bytes:
    data = b""
    while len(data) < size_bytes:
        data += await stream.receive(size_bytes - len(data))
    return data
