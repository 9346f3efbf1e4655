"""The REST routes, made of the descriptions of the operations: who is let in, what is checked, how it is answered.

A call goes through these gates in this order: method, credential, permission, project, query, body. What passes them
all reaches its handler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response as HttpResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from ...errors import ConfigError
from ...protocol.rest.base import Operation, Record
from ...protocol.rest.operations import OPERATIONS
from ...transport.tasks import background_tasks
from ..answers import ErrorForm, Refusal, authorize, request_id_of
from ..state import ServerState, logger
from . import agents, auth, billing, manage, models, selfhosted, usage
from .accounts import Caller
from .bodies import read_body
from .call import Handler, RestCall
from .history import Used
from .queries import read_query
from .scopes import TOKEN_SCOPE, require

__all__ = ["HANDLERS", "permission_of", "refuse_request", "rest_routes"]

_PUBLIC = frozenset({"agent.v1.think_models"})
_MEDIA = frozenset({"listen.v1.transcribe_file", "speak.v1.generate", "speak.v2.generate", "read.v1.analyze"})
_FOR_TOKENS = _MEDIA | _PUBLIC | {"auth.v1.token_details"}
_FREE = _PUBLIC | {"auth.v1.token_details", "manage.v1.projects.leave"}
_DRAINED_BYTES = 8 * 1024 * 1024
_DRAIN_S = 1.0


async def _transcribe(call: RestCall) -> Record | HttpResponse:
    from .listen import transcribe

    return await transcribe(call)


async def _speak(call: RestCall) -> Record | HttpResponse:
    from .speak import speak

    return await speak(call)


async def _speak_flux(call: RestCall) -> Record | HttpResponse:
    from .speak import speak_flux

    return await speak_flux(call)


async def _analyze(call: RestCall) -> Record | HttpResponse:
    from .read import analyze

    return await analyze(call)


HANDLERS: Final[Mapping[str, Handler]] = {
    # These bring libraries for audio and language, which load when they are first asked for.
    "listen.v1.transcribe_file": _transcribe,
    "speak.v1.generate": _speak,
    "speak.v2.generate": _speak_flux,
    "read.v1.analyze": _analyze,
    **auth.HANDLERS,
    **manage.HANDLERS,
    **usage.HANDLERS,
    **billing.HANDLERS,
    **models.HANDLERS,
    **selfhosted.HANDLERS,
    **agents.HANDLERS,
}
"""What answers each call, by its name in `OPERATIONS`."""


def rest_routes(state: ServerState, handlers: Mapping[str, Handler] = HANDLERS) -> list[Route]:
    """Return one route for each path that there is."""
    by_path: dict[str, dict[str, Operation[Any]]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    # A path without a field in a place goes before one with: ``usage/fields`` is no request of that name.
    paths = sorted(by_path, key=lambda path: [part.startswith("{") for part in path.split("/")])
    return [Route(path, _Path(state, by_path[path], handlers)) for path in paths]


def permission_of(operation: Operation[Any]) -> str | None:
    """Return what a caller must be allowed to do; None for what everyone may who is let in."""
    if operation.call in _FREE or operation.call.startswith("manage.v1.models."):
        return None
    if operation.call in _MEDIA or operation.call == "auth.v1.grant_token":
        return TOKEN_SCOPE
    if operation.call == "manage.v1.projects.delete":
        return "project:destroy"
    group, subject = operation.call.split(".")[0], operation.call.split(".")[2]
    subject = {"projects": "project", "requests": "usage"}.get(subject, subject)
    subject = {"agent": "agents", "selfhosted": "self-hosted"}.get(group, subject)
    return f"{subject}:{'read' if operation.method == 'GET' else 'write'}"


async def refuse_request(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer an HTTP request with an error, after reading some of its body: else the client might not see it."""
    drained = 0
    with anyio.move_on_after(_DRAIN_S):
        while drained < _DRAINED_BYTES:
            message = await receive()
            drained += len(message.get("body", b""))
            if not message.get("more_body"):
                break
    response = HttpResponse(refusal.body(request_id_of(scope)), refusal.status, dict(refusal.headers()))
    await response(scope, receive, send)


class _Path:
    """An ASGI application for one path and all of its methods."""

    def __init__(
        self, state: ServerState, operations: Mapping[str, Operation[Any]], handlers: Mapping[str, Handler]
    ) -> None:
        self._state = state
        self._operations = operations
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._operations.get(scope["method"])
        if operation is None:
            allowed = ", ".join(sorted(self._operations))
            refusal = Refusal(
                405, "METHOD_NOT_ALLOWED", f"This route takes {allowed}.", extra_headers=(("allow", allowed),)
            )
            await refuse_request(refusal, scope, receive, send)
            return
        exchange = _Exchange(self._state, operation, self._handlers[operation.call], scope, receive, send)
        await exchange.run()


class _Exchange:
    """One request and its answer."""

    def __init__(
        self,
        state: ServerState,
        operation: Operation[Any],
        handler: Handler,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._state = state
        self._operation = operation
        self._handler = handler
        self._scope = scope
        self._receive = receive
        self._send = send
        self._request = Request(scope, self._receive_body)
        self._body_ended = anyio.Event()
        self._created = state.store.clock()
        self._caller: Caller | None = None
        self._used = Used()
        self._status: int | None = None
        self._recorded = False

    async def run(self) -> None:
        """Answer, whatever happens."""
        try:
            if self._operation.call in _MEDIA:
                await self._serve_within_bounds()
            else:
                await self._answer(await self._respond())
        except Refusal as refusal:
            await self._refuse(refusal)
        except ClientDisconnect:
            logger.info("%s: request %s broke off: the client left", self._operation.call, request_id_of(self._scope))
        except ConfigError as error:  # an engine's or a codec's packages are not installed
            logger.warning("%s: request %s: %s", self._operation.call, request_id_of(self._scope), error)
            await self._refuse(Refusal(400, "Bad Request", f"Bad Request: {error}"))
        except Exception:  # noqa: BLE001 - told to the client and to the log; the server serves on
            logger.exception("%s: request %s failed", self._operation.call, request_id_of(self._scope))
            await self._refuse(Refusal(500, "INTERNAL_SERVER_ERROR", "Something went wrong on our side."))
        finally:
            if self._status is not None:
                self._record(self._status)

    async def _serve_within_bounds(self) -> None:
        self._authorize()
        with self._state.session() as scope:
            async with background_tasks() as tasks:
                tasks.start_soon(self._watch_client, scope.cancel)
                await self._answer(await self._respond())
        if scope.cancelled_caught and not self._state.stopping:
            raise ClientDisconnect
        if scope.cancelled_caught:
            raise Refusal(503, "SERVER_STOPPING", "The server is stopping.")

    async def _respond(self) -> HttpResponse:
        call = await self._read_call()
        result = await self._handler(call)
        if isinstance(result, Record):
            return HttpResponse(result.to_json(), media_type="application/json")
        return result

    async def _read_call(self) -> RestCall:
        caller = self._authorize()
        fields = {name: unquote(value) for name, value in self._request.path_params.items()}
        accounts = self._state.store.accounts
        if "project_id" in fields and accounts.project(fields["project_id"], caller) is None:
            raise Refusal(404, "PROJECT_NOT_FOUND", "Project not found", form=ErrorForm.TEXT)
        return RestCall(
            state=self._state,
            request=self._request,
            operation=self._operation,
            fields=fields,
            query=read_query(self._operation, self._scope["query_string"]),
            body=await read_body(self._request, self._operation),
            caller=caller,
            request_id=request_id_of(self._scope),
            used=self._used,
        )

    def _authorize(self) -> Caller:
        if self._caller is None:
            accounts = self._state.store.accounts
            call = self._operation.call
            caller = accounts.nobody if call in _PUBLIC else authorize(self._scope, accounts)[0]
            if caller.is_token and call not in _FOR_TOKENS:
                raise Refusal(403, "INSUFFICIENT_PERMISSIONS", "A token is good for speech and text only.")
            permission = permission_of(self._operation)
            if permission is not None:
                require(caller, permission)
            self._caller = caller
        return self._caller

    async def _receive_body(self) -> Message:
        message = await self._receive()
        if not message.get("more_body"):
            self._body_ended.set()
        return message

    async def _watch_client(self, cancel: Callable[[], object]) -> None:
        # While a handler computes, nobody else would notice that the client left.
        await self._body_ended.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._recorded:
            cancel()

    async def _answer(self, response: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        await response(self._scope, self._receive_body, self._send_accounted)

    async def _refuse(self, refusal: Refusal) -> None:
        if self._status is not None:
            self._record(refusal.status)  # too late to say it
            return
        if self._operation.call.startswith("agent.v1.") and refusal.form is ErrorForm.LEGACY:
            refusal.form = ErrorForm.MODERN
        receive = _nothing_more if self._body_ended.is_set() else self._receive
        await refuse_request(refusal, self._scope, receive, self._send_accounted)

    async def _send_accounted(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif not message.get("more_body") and self._status is not None:
            # First the account: who has the whole answer shall find it in the history.
            self._record(self._status)
        await self._send(message)

    def _record(self, code: int) -> None:
        if self._recorded or self._caller is None or self._operation.call not in _MEDIA:
            return
        self._recorded = True
        self._state.store.history.record(
            self._caller,
            request_id=request_id_of(self._scope),
            created=self._created,
            path=unquote(self._scope["path"]),
            query=self._scope["query_string"],
            streaming=False,
            code=code,
            used=self._used,
        )


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
