"""TLS for REST and for sockets: the one place that makes settings, and the handshake."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache

from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

from ..errors import ConfigError, ConnectError

__all__ = ["secured", "usable_context"]


def usable_context(context: ssl.SSLContext | None) -> ssl.SSLContext:
    """Return TLS settings to use: those given, or the default ones.

    The default trusts what the system trusts, or what the environment's ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name.

    Raises:
        ConfigError: the settings do not check certificates and host names, or ``SSL_CERT_FILE`` names no file.
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
    # OpenSSL reads the two variables by itself; they are arguments so that a change of them is noticed. It says nothing
    # of a file that is not there, and every server would count as untrusted.
    if cert_file and not os.path.isfile(cert_file):
        raise ConfigError("the environment's SSL_CERT_FILE names no file")
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def secured(stream: ByteStream, host: str, context: ssl.SSLContext, *, strict_end: bool = False) -> ByteStream:
    """Do the TLS handshake with a server.

    Args:
        stream: the connection; the caller closes it when this fails.
        host: the name, or the address, that the certificate must be for.
        context: settings, as from `usable_context`.
        strict_end: whether an end that the peer does not announce is a `BrokenResourceError`. It need not be for
            WebSocket, whose messages tell when they are cut short.

    Raises:
        ConnectError: the two sides agreed on another protocol than HTTP/1.1.
        ssl.SSLError, anyio.BrokenResourceError, anyio.EndOfStream: the handshake failed.
    """
    tls = await TLSStream.wrap(
        stream, server_side=False, hostname=host, ssl_context=context, standard_compatible=strict_end
    )
    protocol = tls.extra(TLSAttribute.alpn_protocol)  # noqa: S610 - anyio's typed attributes, not Django
    if protocol not in (None, "http/1.1"):
        raise ConnectError(f"{host} chose {protocol}, and only HTTP/1.1 is spoken here: check the ssl_context's ALPN")
    return tls
