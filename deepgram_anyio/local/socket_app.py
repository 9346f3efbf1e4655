"""What all sockets of the embedded server have in common: the handshake, who is let in, and how they end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import anyio
from starlette.types import Receive, Scope, Send

from ..errors import ConfigError, DeepgramError
from ..protocol.machine import Machine
from ..protocol.options import Options, parse_query
from ..transport.session import Session, open_session
from ..transport.settings import Limits, Timeouts
from .answers import Refusal, authorize, request_id_of
from .asgi import refuse
from .page.observer import StreamObserver
from .rest.scopes import TOKEN_SCOPE, require
from .socket_account import AccountedChannel, AccountedSession, SocketAccount
from .state import ServerState, logger

__all__ = ["SocketApp", "bad_request", "read_options"]

O = TypeVar("O")  # noqa: E741 - conventional for a type variable
M = TypeVar("M", bound=Machine[Any])
P = TypeVar("P", bound=Options)


class SocketApp(ABC, Generic[O, M]):
    """An ASGI application for one socket route, driving the machine that the client drives from the other end.

    Attributes:
        state: what the server's sockets share.
    """

    def __init__(self, state: ServerState) -> None:
        self.state = state

    @abstractmethod
    def read(self, query: bytes) -> O:
        """Read the query string.

        Raises:
            Refusal: it asks for what cannot be had.
        """

    @abstractmethod
    def machine(self, options: O, now: float) -> M:
        """Make the server's end of the protocol."""

    @abstractmethod
    async def converse(self, session: Session[M], options: O, request_id: str) -> None:
        """Serve one stream until it has ended."""

    def apologize(self, session: Session[M]) -> None:
        """End a stream in which the server failed."""
        session.close(1011, "NET-0000: internal server error")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        request_id = request_id_of(scope)
        try:
            caller, subprotocol = authorize(scope, self.state.store.accounts)
            require(caller, TOKEN_SCOPE)
            options = self.read(scope["query_string"])
            with self.state.session() as cancel_scope:
                await send({"type": "websocket.accept", "subprotocol": subprotocol})
                observer = StreamObserver(self.state.hub, stream_id=request_id, project_id=caller.project_id)
                account = SocketAccount(self.state.store, caller, request_id=request_id, scope=scope, observer=observer)
                try:
                    await self._run(options, request_id, AccountedChannel(receive, send, account), account)
                finally:
                    account.settle()
            if cancel_scope.cancelled_caught:
                with anyio.move_on_after(0.5):
                    await send({"type": "websocket.close", "code": 1001, "reason": "the server is stopping"})
        except Refusal as refusal:
            await refuse(send, refusal.status, refusal.headers(), refusal.body(request_id))

    async def _run(self, options: O, request_id: str, channel: AccountedChannel, account: SocketAccount) -> None:
        machine = self.machine(options, anyio.current_time())
        name = machine.kind.name
        account.open(machine, options)
        session = AccountedSession(
            machine,
            channel,
            account,
            limits=Limits(),
            timeouts=Timeouts(),
            request_id=request_id,
        )
        logger.info("%s: request %s began", name, request_id)
        async with open_session(session):
            try:
                await self.converse(session, options, request_id)
            except DeepgramError as error:
                logger.info("%s: request %s broke off: %s", name, request_id, error)
            except Exception:  # noqa: BLE001 - told to the client and to the log; the server serves on
                logger.exception("%s: request %s failed", name, request_id)
                self.apologize(session)
        logger.info("%s: request %s ended", name, request_id)


def bad_request(message: str) -> Refusal:
    """Return the refusal of a parameter, as the API words it."""
    return Refusal(400, "Bad Request", f"Bad Request: {message}")


def read_options(cls: type[P], query: bytes) -> P:
    """Read a query string into an options struct.

    Raises:
        Refusal: a value of the wrong form, or values that do not go together.
    """
    try:
        options, _ = parse_query(cls, query)
    except ConfigError as error:
        raise bad_request(str(error)) from error
    return options
