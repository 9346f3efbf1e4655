"""What became of each connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .actions import Fault

__all__ = ["ConnectionRecord", "End", "Fired"]

End: TypeAlias = Literal["closed", "reset", "cut", "refused", "answered", "unreachable", "stopped"]
"""How a connection ended."""


@dataclass(frozen=True, kw_only=True)
class Fired:
    """A fault that happened.

    Attributes:
        fault: which one; for one by hand, what it would be in a schedule.
        after_s: seconds after the connection was accepted.
        to_server_bytes: how many bytes had passed to the server.
        to_client_bytes: how many bytes had passed to the client.
    """

    fault: Fault
    after_s: float
    to_server_bytes: int
    to_client_bytes: int


@dataclass(kw_only=True)
class ConnectionRecord:
    """One connection, as it goes.

    Attributes:
        number: counts from 1 in the order of accept.
        faults: what the schedule gave it.
        opened_at: when it was accepted, in seconds of `anyio.current_time`.
        closed_at: when its sockets were closed; None while they are open.
        to_server_bytes: bytes from the client that were passed on.
        to_client_bytes: bytes from the server that were passed on; not what the proxy said by itself.
        fired: the faults that happened, in order. `Delay`, `Bandwidth` and `Split`, which hold all the time, are not
            among them.
        end: why it ended; None while it goes on. "closed": both sides closed in order. "reset": one side reset it, and
            the other was reset. "cut": by a fault or by hand. "refused", "answered": instead of being passed on.
            "unreachable": the server could not be connected, and the client was reset. "stopped": the proxy ended.
    """

    number: int
    faults: Sequence[Fault]
    opened_at: float
    closed_at: float | None = None
    to_server_bytes: int = 0
    to_client_bytes: int = 0
    fired: list[Fired] = field(default_factory=list)
    end: End | None = None
