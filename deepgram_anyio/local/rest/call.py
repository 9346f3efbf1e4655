"""One REST call, as the embedded server's handlers see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response as HttpResponse

from ...protocol.rest.base import Operation, Record
from ..state import ServerState
from .accounts import Caller, ProjectRecord
from .history import Used

__all__ = ["Caller", "Handler", "RestCall", "Used"]


@dataclass(kw_only=True)
class RestCall:
    """A call that was let in and whose query and JSON body were found to be as documented.

    Attributes:
        state: of the server.
        request: the HTTP request; handlers whose operation has no JSON body read it themselves.
        operation: which call it is.
        fields: what stands in the path's braces, percent-decoded.
        query: the query parameters, of the operation's type.
        body: the JSON body, of the operation's type; None when it has none.
        caller: who calls.
        request_id: the identifier that the answer carries.
        used: what it used.
    """

    state: ServerState
    request: Request
    operation: Operation[Any]
    fields: Mapping[str, str]
    query: Any
    body: Any
    caller: Caller
    request_id: str
    used: Used = field(default_factory=Used)

    @property
    def project(self) -> ProjectRecord:
        """The project in the path; a call whose path names none that there is does not come this far."""
        found = self.state.store.accounts.project(self.fields["project_id"], self.caller)
        assert found is not None
        return found


Handler: TypeAlias = Callable[[RestCall], Awaitable["Record | HttpResponse"]]
"""Answers a call with a struct, sent as JSON with status 200, or with a response of its own; raises `Refusal`."""
