"""How failures are told: one line, one JSON document when asked for, one exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import (
    ApiError,
    AuthenticationError,
    ConfigError,
    DeepgramError,
    DeepgramTimeoutError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
)

__all__ = [
    "EXIT_CALL",
    "EXIT_CREDENTIALS",
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_LIMIT",
    "EXIT_NOT_FOUND",
    "EXIT_PIPE",
    "EXIT_SOME_FAILED",
    "CommandError",
    "Failure",
    "describe",
    "tell",
]

EXIT_FAILED = 1
"""The API or the network failed."""
EXIT_CALL = 2
"""A mistake in the call, or in a file."""
EXIT_CREDENTIALS = 3
"""Credentials are missing, or were refused."""
EXIT_NOT_FOUND = 4
"""There is no such thing."""
EXIT_LIMIT = 5
"""Too many requests, or no credit left."""
EXIT_SOME_FAILED = 6
"""Some items of a batch failed."""
EXIT_INTERRUPTED = 130
"""Ctrl-C, or the answer no."""
EXIT_PIPE = 141
"""Who read the output is gone."""


class CommandError(Exception):
    """A failure that the command line itself finds: a mistake in the call or in a file, if nothing else is said."""

    def __init__(self, message: str, *, kind: str = "usage", exit_code: int = EXIT_CALL) -> None:
        """
        Args:
            message: what happened, and what to do.
            kind: one word for programs.
            exit_code: of the program.
        """
        super().__init__(message)
        self.kind = kind
        self.exit_code = exit_code


class Failure(NamedTuple):
    """A failure, as it is told.

    Attributes:
        kind: one word for programs.
        message: what happened, and what to do.
        exit_code: of the program.
        status: HTTP status, if there was one.
        code: the server's short code, if it sent one.
        request_id: to quote to support, if there is one.
    """

    kind: str
    message: str
    exit_code: int
    status: int | None = None
    code: str | None = None
    request_id: str | None = None

    @property
    def line(self) -> str:
        """The failure in one line."""
        details = [f"HTTP {self.status}"] if self.status else []
        details += [self.code] if self.code else []
        details += [f"request {self.request_id}"] if self.request_id else []
        return f"error: {_one_line(self.message)}" + (f" ({', '.join(details)})" if details else "")

    @property
    def document(self) -> dict[str, Any]:
        """The failure for programs."""
        told = {"kind": self.kind, "message": _one_line(self.message), "status": self.status, "code": self.code}
        return {"error": {**told, "request_id": self.request_id}}


_API: list[tuple[type[ApiError], str, int, str]] = [
    (AuthenticationError, "credentials", EXIT_CREDENTIALS, "check the API key"),
    (PermissionDeniedError, "permission", EXIT_CREDENTIALS, "use a key that has the scope for this"),
    (NotFoundError, "not_found", EXIT_NOT_FOUND, "check the name or the identifier"),
    (PaymentRequiredError, "payment", EXIT_LIMIT, "see 'deepgram-anyio balances'"),
    (RateLimitError, "rate_limit", EXIT_LIMIT, "try again later, or with less at once"),
]


_DEADLINE = re.compile(r"\bTimeouts\.\w+")
_FOR_PROGRAMMERS = " (extra_query= passes any parameter through)"


def describe(error: BaseException) -> Failure | None:
    """Return how a failure is told; None for what is a bug and keeps its traceback."""
    grouped: Sequence[BaseException] = getattr(error, "exceptions", ())
    if len(grouped) == 1:  # a task group's only failure
        return describe(grouped[0])
    if isinstance(error, CommandError):
        return Failure(error.kind, str(error), error.exit_code)
    if isinstance(error, ApiError):
        return _api_failure(error)
    if isinstance(error, ConfigError):
        return Failure("usage", str(error).replace(_FOR_PROGRAMMERS, ""), EXIT_CALL)
    if isinstance(error, DeepgramError):
        kind = "protocol" if isinstance(error, ProtocolError) else "network"
        if isinstance(error, DeepgramTimeoutError):
            kind = "timeout"
        request_id = getattr(error, "request_id", None)
        message = str(error).removesuffix(f" (request {request_id})") or type(error).__name__
        return Failure(kind, _DEADLINE.sub("what --timeout allows", message), EXIT_FAILED, request_id=request_id)
    if isinstance(error, OSError) and error.strerror:
        name = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
        return Failure("file", f"{name}{error.strerror}", EXIT_CALL)
    if callable(getattr(error, "format_message", None)):  # typer's own, whose classes have moved between versions
        return Failure("usage", _usage_message(error), EXIT_CALL)
    return None


def tell(failure: Failure, *, as_json: bool) -> int:
    """Print a failure, and return the program's exit code. One without a message has shown itself, as help does.

    Args:
        failure: what to tell.
        as_json: print a JSON document on standard output, too.
    """
    if not failure.message:
        return failure.exit_code
    if as_json:
        print(json.dumps(failure.document, indent=2, ensure_ascii=False), flush=True)
    print(_wrapped(failure.line), file=sys.stderr)
    return failure.exit_code


def _wrapped(line: str) -> str:
    """At a terminal, wrap between words; elsewhere a failure is one line."""
    if sys.stderr is None or not sys.stderr.isatty():
        return line
    width = shutil.get_terminal_size().columns
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


def _api_failure(error: ApiError) -> Failure:
    kind, exit_code, advice = "server" if error.status >= 500 else "request", EXIT_FAILED, ""
    for cls, its_kind, its_code, its_advice in _API:
        if isinstance(error, cls):
            kind, exit_code, advice = its_kind, its_code, its_advice
    message = error.message.strip().rstrip(".")
    if advice:
        message += f": {advice}"
    return Failure(kind, message, exit_code, error.status, error.code, error.request_id)


def _usage_message(error: BaseException) -> str:
    message = str(error.format_message()).strip().rstrip(".")  # type: ignore[attr-defined]
    ctx = getattr(error, "ctx", None)
    message = (message[:1].lower() + message[1:]).replace("Value error, ", "")
    return f"{message} (see '{ctx.command_path} --help')" if message and ctx is not None else message


def _one_line(text: str) -> str:
    return " ".join(text.split())
