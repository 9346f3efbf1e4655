"""Who may read the page: the browser that shows it, and no other page in that browser.

A server on this machine can be reached by every page that its user looks at. Three things keep those out:

- a request for a name that is not this server's is refused, so that no name can be made to point here (DNS rebinding);
  an address cannot be, and the names that mean this machine cannot either;
- a request that another page makes is refused, by its ``Origin`` and ``Sec-Fetch-Site``;
- no answer can be read by, framed in, or run together with, another page: `HEADERS`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from starlette.types import Scope

from ...transport.hosts import is_loopback
from ..answers import Refusal
from ..asgi import header

__all__ = ["HEADERS", "check_host", "check_origin"]

HEADERS: Final = (
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "microphone=(self), camera=(), geolocation=(), display-capture=()"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cache-control", "no-cache"),
)
"""On every answer."""

_HOST: Final = re.compile(r"(?:\[(?P<address>[^\[\]]*)\]|(?P<name>[^:\[\]]+))(?::\d+)?")
_OWN_REQUESTS = ("same-origin", "none")  # the second is the user's own, by the address bar


def check_host(scope: Scope, own_name: str) -> None:
    """See to it that a request is for an address, for this machine, or for the name that the server was given.

    Raises:
        Refusal: it is for another name.
    """
    name = _host_name(header(scope, "host") or "")
    if is_loopback(name) or _is_address(name) or name == own_name.lower():
        return
    raise Refusal(
        403,
        "HOST_NOT_ALLOWED",
        "The page answers only to the server's address, to localhost, and to the name that the server listens on.",
    )


def check_origin(scope: Scope, *, required: bool) -> None:
    """See to it that a request comes from the page itself.

    Args:
        scope: of the request.
        required: whether browsers always say where such a request comes from.

    Raises:
        Refusal: it comes from somewhere else, or does not say where from.
    """
    origin, host = header(scope, "origin"), (header(scope, "host") or "").lower()
    own = (f"http://{host}", f"https://{host}")
    foreign = required if origin is None else origin.lower() not in own
    if foreign or (header(scope, "sec-fetch-site") or "none") not in _OWN_REQUESTS:
        raise Refusal(403, "ORIGIN_NOT_ALLOWED", "Only the server's own page may read this.")


def _host_name(host: str) -> str:
    """Return the name or address in a ``Host`` header, without the port; nothing if that is not its form."""
    found = _HOST.fullmatch(host)
    return (found["address"] or found["name"]).lower() if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
