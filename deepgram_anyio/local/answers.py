"""Errors as the API gives them, and who is let in."""

from __future__ import annotations

import hmac
from collections.abc import Collection

import msgspec
from starlette.types import Scope

from .asgi import REQUEST_ID, header

__all__ = ["Refusal", "authorize", "request_id_of"]


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A request that is answered with an error.

    Attributes:
        status: HTTP status.
        code: the API's short code.
        message: for a person.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def headers(self) -> list[tuple[str, str]]:
        """Return the answer's headers; ``dg-error`` repeats the message, on one line."""
        return [("content-type", "application/json"), ("dg-error", " ".join(self.message.split()))]

    def body(self, request_id: str) -> bytes:
        """Return the answer's JSON body."""
        return msgspec.json.encode({"err_code": self.code, "err_msg": self.message, "request_id": request_id})


def authorize(scope: Scope, api_keys: Collection[str] | None) -> str | None:
    """Check a request's credential, from ``Authorization`` or from the offered subprotocols.

    Returns:
        The subprotocol to accept, if the credential came that way.

    Raises:
        Refusal: 401.
    """
    scheme, _, credential = (header(scope, "authorization") or "").partition(" ")
    subprotocol = None
    offered = scope.get("subprotocols") or []
    if not credential and len(offered) >= 2:
        scheme, credential = offered[0], offered[1]
        subprotocol = scheme
    if api_keys is None:
        return subprotocol
    known = scheme.lower() in ("token", "bearer") and any(
        hmac.compare_digest(credential.strip().encode(), key.encode()) for key in api_keys
    )
    if not known:
        raise Refusal(401, "INVALID_AUTH", "Invalid credentials.")
    return subprotocol


def request_id_of(scope: Scope) -> str:
    """Return the identifier that the middleware gave this request."""
    return str(scope[REQUEST_ID])
