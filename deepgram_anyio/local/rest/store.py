"""All that the embedded server remembers, in memory, for as long as it runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timezone
from typing import Generic, TypeVar

from ...protocol.rest.agents import AgentConfiguration, AgentVariable
from ...protocol.rest.credentials import CredentialsEntry
from .accounts import Accounts, not_found
from .history import History

__all__ = ["Clock", "Shelf", "Store", "utc_now"]

T = TypeVar("T")
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time, with its zone, in the milliseconds that the API tells."""
    now = datetime.now(timezone.utc)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Shelf(Generic[T]):
    """Things of one kind, by project and identifier, in the order in which they were made."""

    def __init__(self, kind: str) -> None:
        """
        Args:
            kind: what they are called in errors.
        """
        self._kind = kind
        self._things: dict[tuple[str, str], T] = {}

    def put(self, project_id: str, thing_id: str, thing: T) -> T:
        """Keep a thing, in place of the one of this identifier, and return it."""
        self._things[project_id, thing_id] = thing
        return thing

    def all(self, project_id: str) -> list[T]:
        """Return a project's things, the oldest first."""
        return [thing for (owner, _), thing in self._things.items() if owner == project_id]

    def get(self, project_id: str, thing_id: str) -> T:
        """Return a thing.

        Raises:
            Refusal: there is none.
        """
        try:
            return self._things[project_id, thing_id]
        except KeyError:
            raise not_found(self._kind, thing_id) from None

    def pop(self, project_id: str, thing_id: str) -> T:
        """Remove a thing, and return it.

        Raises:
            Refusal: there is none.
        """
        thing = self.get(project_id, thing_id)
        del self._things[project_id, thing_id]
        return thing


class Store:
    """What one server remembers. Nothing here waits or locks: it all happens in the server's one event loop.

    Attributes:
        clock: tells the time, with its zone.
        created: when the server began.
        accounts: projects, members, keys and tokens.
        history: what was asked.
        agents: stored agents.
        variables: their variables.
        credentials: of the self-hosted distribution.
        order_id: the one entry of the list of purchases.
        balance_id: the one balance.
    """

    def __init__(self, api_keys: Collection[str] | None = None, *, clock: Clock = utc_now) -> None:
        """
        Args:
            api_keys: keys of the default project's owner; None lets everyone in.
            clock: tells the time, with its zone.
        """
        self.clock = clock
        self.created: datetime = clock()
        self.accounts: Accounts = Accounts(api_keys, clock)
        self.history: History = History()
        self.agents: Shelf[AgentConfiguration] = Shelf("agent configuration")
        self.variables: Shelf[AgentVariable] = Shelf("agent variable")
        self.credentials: Shelf[CredentialsEntry] = Shelf("distribution credentials")
        self.order_id: str = str(uuid.uuid4())
        self.balance_id: str = str(uuid.uuid4())
