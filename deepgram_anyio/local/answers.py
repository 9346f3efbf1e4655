"""Errors as the API gives them, and who is let in."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec
from starlette.types import Scope

from .asgi import REQUEST_ID, header

if TYPE_CHECKING:
    from .rest.accounts import Accounts, Caller

__all__ = ["ErrorForm", "Refusal", "authorize", "request_id_of"]

_MAX_HEADER_CHARS = 500


class ErrorForm(enum.Enum):
    """How an error is written: the API has three ways, and each route uses one."""

    LEGACY = "legacy"
    """``{"err_code", "err_msg", "request_id"}``, of most routes."""
    MODERN = "modern"
    """``{"category", "message", "details", "request_id"}``, of the newer routes."""
    TEXT = "text"
    """The message alone, as plain text."""


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A request that is answered with an error.

    Attributes:
        status: HTTP status.
        code: the API's short code.
        message: for a person.
        form: how the body is written.
        extra_headers: beyond what every error has.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        form: ErrorForm = ErrorForm.LEGACY,
        extra_headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.form = form
        self.extra_headers = extra_headers

    def headers(self) -> list[tuple[str, str]]:
        """Return the answer's headers; ``dg-error`` repeats the message, on one line of printable ASCII."""
        line = "".join(sign if " " <= sign <= "~" else "?" for sign in " ".join(self.message.split()))
        media_type = "text/plain; charset=utf-8" if self.form is ErrorForm.TEXT else "application/json"
        return [("content-type", media_type), ("dg-error", line[:_MAX_HEADER_CHARS].strip()), *self.extra_headers]

    def body(self, request_id: str) -> bytes:
        """Return the answer's body."""
        if self.form is ErrorForm.TEXT:
            return self.message.encode()
        if self.form is ErrorForm.LEGACY:
            return msgspec.json.encode({"err_code": self.code, "err_msg": self.message, "request_id": request_id})
        details = f"HTTP {self.status}: {self.message}"
        return msgspec.json.encode(
            {"category": self.code, "message": self.message, "details": details, "request_id": request_id}
        )


def authorize(scope: Scope, accounts: Accounts) -> tuple[Caller, str | None]:
    """Check a request's credential, from ``Authorization`` or, on a socket, from the offered subprotocols.

    Returns:
        Who calls, and the subprotocol to accept, if the credential came that way.

    Raises:
        Refusal: 401.
    """
    scheme, _, credential = (header(scope, "authorization") or "").partition(" ")
    subprotocol = None
    offered = scope.get("subprotocols") or []
    if not credential and len(offered) >= 2:
        scheme, credential = offered[0], offered[1]
        subprotocol = scheme
    caller = accounts.identify(scheme, credential.strip())
    if caller is None:
        raise Refusal(401, "INVALID_AUTH", "Invalid credentials.")
    return caller, subprotocol


def request_id_of(scope: Scope) -> str:
    """Return the identifier that the middleware gave this request."""
    return str(scope[REQUEST_ID])
