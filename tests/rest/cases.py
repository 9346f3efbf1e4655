"""How a management call of the tables is written down: its arguments, the request that it must make, an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["DONE", "MEMBER", "NOTHING", "PROJECT", "SECRET", "TIME", "Case", "case"]

NOTHING: Any = object()
"""Body of a request that has none."""

SECRET = "dg-0123456789-secret"
TIME = "2026-01-31T12:00:00Z"
PROJECT = "/v1/projects/p%2F1"
DONE = {"message": "done"}
MEMBER = {"member_id": "m", "email": "ann@example.org"}


class Case(NamedTuple):
    """A call.

    Attributes:
        call: name of the operation; the method of a client is found by it.
        args: positional arguments.
        kwargs: arguments by name.
        request: method and target that must go out.
        answer: what the server says, with every documented field.
        body: JSON that must go out.
        required: what no answer may lack.
    """

    call: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    request: str
    answer: Any
    body: Any = NOTHING
    required: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.request


def case(call: str, *args: Any, to: str, gives: Any, body: Any = NOTHING, needs: str = "", **kwargs: Any) -> Case:
    return Case(call, args, kwargs, to, gives, body, tuple(needs.split()))
