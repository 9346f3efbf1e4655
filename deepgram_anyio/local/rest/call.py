"""One REST call, as the embedded server's handlers see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response as HttpResponse

from ...protocol.rest.base import Operation, Record
from ..state import ServerState

__all__ = ["Caller", "Handler", "RestCall", "Used"]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls.

    Attributes:
        project_id: the project that the credential belongs to.
        member_id: whose credential it is.
        api_key_id: the key; for a token, the key that it was granted with.
        scopes: what the credential may do.
        is_token: a granted token: good for speech and text, not for management.
    """

    project_id: str
    member_id: str
    api_key_id: str
    scopes: frozenset[str]
    is_token: bool = False


class Used(msgspec.Struct, kw_only=True):
    """What a call used, for the history of requests and for the bill. A handler fills it in.

    Attributes:
        model: canonical name of the model.
        audio_s: length of the audio, in seconds.
        channels: of it that were transcribed.
        characters: spoken.
        tokens_in: read by language models.
        tokens_out: written by language models.
        callback: URL that the result goes to.
    """

    model: str | None = None
    audio_s: float = 0.0
    channels: int = 1
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    callback: str | None = None


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


Handler: TypeAlias = Callable[[RestCall], Awaitable["Record | HttpResponse"]]
"""Answers a call with a struct, sent as JSON with status 200, or with a response of its own; raises `Refusal`."""
